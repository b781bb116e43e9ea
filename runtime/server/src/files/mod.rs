//! Serving files, as Caddy's `file_server` does.
//!
//! Nothing is remembered between requests: what a folder holds and when a file was changed is asked each time, so that no
//! answer is older than the file. Paths are cleaned before they are joined, and the system is given no `..`: whatever is
//! renamed meanwhile, a request cannot climb out of the folder. Symbolic links are followed, wherever they lead.

mod answer;
mod body;
mod browse;
mod hidden;
mod look;
mod media;
mod open;
mod pattern;
mod redirect;

pub(crate) use browse::TABLE as BROWSE;
pub(crate) use look::look;

use std::borrow::Cow;

use zs_abi::data::Range;
use zs_abi::tables::{FILES_CANONICAL, FILES_PASS_THRU, FileServer, FileServerId, Item};
use zs_io::Clock;
use zs_proto::{negotiate, path};

use crate::capability::{FilesTable, Served};
use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;

use answer::Representation;
use open::{Opened, Problem};

/// The part's functions.
pub(crate) const TABLE: FilesTable = FilesTable { serve };

/// Fills in the response with a file.
fn serve(
    site: &'static LoadedSite,
    clock: Clock,
    exchange: &mut Exchange,
    number: FileServerId,
) -> Served {
    let Some(record) = site.data.record::<FileServer>(number.0) else {
        return Served::Error(500);
    };
    let texts = Texts {
        expander: Expander {
            site,
            exchange,
            clock,
        },
    };
    let found = match find(&texts, &record) {
        Ok(found) => found,
        Err(Nothing::Folder) if record.browse.is_some() => {
            let Some(location) = redirect::to_folder(exchange) else {
                return Served::Folder;
            };
            redirect::answer(exchange, &location);
            return Served::Response;
        }
        Err(Nothing::Status(404) | Nothing::Folder) if record.flags & FILES_PASS_THRU != 0 => {
            return Served::Pass;
        }
        Err(Nothing::Folder) => return Served::Error(404),
        Err(Nothing::Status(status)) => return Served::Error(status),
    };
    let status = texts.value(&record.status);
    if record.flags & FILES_CANONICAL != 0
        && let Some(location) = redirect::canonical(exchange, found.is_index)
    {
        redirect::answer(exchange, &location);
        return Served::Response;
    }
    let chosen = encoded(&texts, &record, found);
    answer::answer(exchange, chosen, &status)
}

/// As long as most values are.
const VALUE_BYTES: usize = 128;

/// The texts of a record, as the request makes them.
struct Texts<'a> {
    expander: Expander<'a>,
}

impl Texts<'_> {
    fn value(&self, value: &zs_abi::tables::Value) -> Cow<'static, [u8]> {
        let Some(template) = value.template else {
            return Cow::Borrowed(self.expander.site.text(value.text));
        };
        let mut text = Vec::with_capacity(VALUE_BYTES);
        self.expander.template(template, &mut text);
        Cow::Owned(text)
    }

    /// A folder; the working directory if the text is empty.
    fn root(&self, value: &zs_abi::tables::Value) -> Cow<'static, [u8]> {
        let root = self.value(value);
        if root.is_empty() {
            Cow::Borrowed(b".")
        } else {
            root
        }
    }

    fn items(&self, range: Range) -> impl Iterator<Item = Cow<'static, [u8]>> {
        let items = self.expander.site.data.range::<Item>(range);
        items.map(|item| self.value(&item.value))
    }
}

/// A file that is there for the client.
struct Found {
    path: Vec<u8>,
    opened: Opened,
    /// Whether it stands for its folder.
    is_index: bool,
}

/// Why there is no file.
enum Nothing {
    /// There is a folder instead.
    Folder,
    /// For what has this status.
    Status(u16),
}

/// The path of the file or folder that the request's path names.
fn folder_of(texts: &Texts, record: &FileServer) -> Vec<u8> {
    let root = texts.root(&record.root);
    let request_path = &texts.expander.exchange.request.target.path;
    let mut path = open::join(&root, request_path);
    if path.len() > 1 && path.ends_with(b"/") {
        path.pop();
    }
    path
}

/// The file that the request's path names.
fn find(texts: &Texts, record: &FileServer) -> Result<Found, Nothing> {
    let mut path = folder_of(texts, record);
    let hidden = hidden::Hidden::new(texts.items(record.hide));
    let mut opened = open::open(&path).map_err(|problem| Nothing::Status(problem.status()))?;
    let mut is_index = false;
    if opened.is_folder() {
        for name in texts.items(record.index) {
            let index = open::join(&path, &name);
            if hidden.covers(&index) {
                continue;
            }
            if let Ok(found) = open::open(&index) {
                (path, opened, is_index) = (index, found, true);
                break;
            }
        }
    }
    // What is neither a file nor a folder is not read: it might never end.
    if hidden.covers(&path) || !(opened.is_file() || opened.is_folder()) {
        return Err(Nothing::Status(404));
    }
    if opened.is_folder() {
        return Err(Nothing::Folder);
    }
    Ok(Found {
        path,
        opened,
        is_index,
    })
}

/// The file, or the one beside it whose encoding the client accepts.
fn encoded(texts: &Texts, record: &FileServer, found: Found) -> Representation {
    let Found { path, opened, .. } = found;
    let media = media::of(path::extension(&path));
    let modified = opened.modified();
    let names: Vec<_> = texts.items(record.encodings).collect();
    let names: Vec<&[u8]> = names.iter().map(AsRef::as_ref).collect();
    let request = &texts.expander.exchange.request.head;
    for number in negotiate::accepted(request, &names) {
        let mut beside = path.clone();
        beside.extend_from_slice(suffix(names[number]));
        if let Ok(compressed) = open::open(&beside)
            && compressed.is_file()
            && compressed.can_be_read()
        {
            return Representation {
                etag: tag_of(texts, record, &beside, &compressed),
                opened: compressed,
                modified,
                media,
                encoding: Some(names[number].to_vec()),
            };
        }
    }
    Representation {
        etag: tag_of(texts, record, &path, &opened),
        opened,
        modified,
        media,
        encoding: None,
    }
}

/// What is added to a file's name for the one with the encoding.
fn suffix(encoding: &[u8]) -> &'static [u8] {
    match encoding {
        b"gzip" => b".gz",
        b"zstd" => b".zst",
        _ => b".br",
    }
}

/// The entity tag of a file: from a file beside it, or made from time and size. `Err` holds the status of an error.
fn tag_of(
    texts: &Texts,
    record: &FileServer,
    path: &[u8],
    opened: &Opened,
) -> Result<Vec<u8>, u16> {
    for extension in texts.items(record.etag_extensions) {
        let beside = [path, &extension].concat();
        match open::read_tag(&beside) {
            Ok(tag) => return Ok(tag),
            Err(Problem::Missing) => {}
            Err(_) => return Err(500),
        }
    }
    Ok(opened.etag())
}
