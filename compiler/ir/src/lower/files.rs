//! Files: `file_server`, and the matcher `file`, on which `try_files` stands.

use zs_abi::data::Range;
use zs_abi::tables::{
    BROWSE_ASCENDING, BROWSE_BY_NAME, BROWSE_BY_SIZE, BROWSE_BY_TIME, BROWSE_DESCENDING,
    BROWSE_FOLDERS_FIRST, BROWSE_REVEAL, Browse as BrowseRecord, BrowseId, Candidate, Error,
    ErrorId, FILES_CANONICAL, FILES_PASS_THRU, FileLook, FileLookId,
    FileServer as FileServerRecord, FileServerId, Item, LOOK_FALLBACK, LOOK_FIRST, LOOK_LARGEST,
    LOOK_RECENT, LOOK_SMALLEST,
};
use zs_abi::{Capability, OpenKind};
use zs_config::model::{At, Browse, FileMatcher, FileServer};
use zs_diagnostics::{Diagnostic, Span, codes};

use super::Lowering;
use super::code::Code;
use crate::program::{Act, BlockId, IntRef, Op, Test};
use crate::template::{self, Piece, Unknown};

/// The folder when none is given.
const ROOT: &str = "{http.vars.root}";

/// The files that stand for their folder when none are given.
const INDEX: [&str; 2] = ["index.html", "index.txt"];

/// The most files of a folder that are looked at when nothing else is said.
const BROWSE_LIMIT: u32 = 10_000;

const SORTS: [(&str, u32); 4] = [
    ("name", BROWSE_BY_NAME),
    ("namedirfirst", BROWSE_FOLDERS_FIRST),
    ("size", BROWSE_BY_SIZE),
    ("time", BROWSE_BY_TIME),
];

const ORDERS: [(&str, u32); 2] = [("asc", BROWSE_ASCENDING), ("desc", BROWSE_DESCENDING)];

fn number_of(words: &[(&str, u32)], wanted: &str) -> Option<u32> {
    let mut words = words.iter();
    words.find_map(|(word, number)| (*word == wanted).then_some(*number))
}

impl Lowering<'_> {
    pub(super) fn file_server(&mut self, code: &mut Code, files: &FileServer) {
        let FileServer {
            fs,
            root,
            hide,
            index_names,
            browse,
            canonical_uris,
            status_code,
            pass_thru,
            precompressed,
            precompressed_order,
            etag_file_extensions,
            origin,
        } = files;
        let span = origin.span();
        self.only_this_file_system(fs, span);
        let browse = browse.as_ref().map(|browse| self.browse(browse, span));
        let status = match status_code {
            None => String::new(),
            Some(status) => status.to_string(),
        };
        let index: Vec<&str> = match index_names.as_slice() {
            [] => INDEX.to_vec(),
            names => names.iter().map(String::as_str).collect(),
        };
        let others = precompressed.keys();
        let others = others.filter(|name| !precompressed_order.contains(name));
        let encodings: Vec<&String> = precompressed_order.iter().chain(others).collect();
        let mut flags = 0;
        if canonical_uris.unwrap_or(true) {
            flags |= FILES_CANONICAL;
        }
        if *pass_thru {
            flags |= FILES_PASS_THRU;
        }
        let record = FileServerRecord {
            root: self.open_value(or_root(root), Unknown::Empty, OpenKind::File),
            hide: self.items(hide),
            index: self.items(&index),
            encodings: self.items(&encodings),
            etag_extensions: self.items(etag_file_extensions),
            status: self.value(&status, Unknown::Empty),
            browse,
            flags,
        };
        self.program.capabilities.insert(Capability::Files);
        let number = FileServerId(self.program.data.push(&record));
        if *pass_thru {
            code.act_and_wait(Act::Files(number));
        } else {
            code.act(Act::Files(number));
        }
    }

    fn browse(&mut self, browse: &Browse, span: Span) -> BrowseId {
        let Browse {
            template_file,
            reveal_symlinks,
            sort,
            file_limit,
        } = browse;
        if !template_file.is_empty() {
            let what = "a template of one's own for lists of files";
            self.unsupported(span, what, "leave it out for the page that is built in");
        }
        let key = sort.first().map_or(Some(0), |key| number_of(&SORTS, key));
        let order = sort
            .get(1)
            .map_or(Some(0), |order| number_of(&ORDERS, order));
        let (Some(key), Some(order), 0..=2) = (key, order, sort.len()) else {
            let message = format!("`{}` is no way to sort", sort.join(" "));
            let help = "write `name`, `namedirfirst`, `size` or `time`, and then `asc` or `desc`";
            let error = Diagnostic::error(codes::BAD_VALUE, span, message).help(help);
            self.sink.report(error);
            return BrowseId(0);
        };
        let record = BrowseRecord {
            sort: key,
            order,
            limit: match *file_limit {
                0 => BROWSE_LIMIT,
                limit => u32::try_from(limit).unwrap_or(u32::MAX),
            },
            flags: if *reveal_symlinks { BROWSE_REVEAL } else { 0 },
        };
        self.program.capabilities.insert(Capability::Browse);
        BrowseId(self.program.data.push(&record))
    }

    /// Goes on if a file is found, else to `no`.
    pub(super) fn file(&mut self, code: &mut Code, file: &At<FileMatcher>, no: BlockId) {
        let FileMatcher {
            fs,
            root,
            try_files,
            try_policy,
            split_path,
        } = &file.value;
        let span = file.origin.span();
        self.only_this_file_system(fs, span);
        let policy = match try_policy.as_str() {
            "first_exist_fallback" => LOOK_FALLBACK,
            "smallest_size" => LOOK_SMALLEST,
            "largest_size" => LOOK_LARGEST,
            "most_recently_modified" => LOOK_RECENT,
            _ => LOOK_FIRST,
        };
        let mut files: Vec<&str> = match try_files.as_slice() {
            [] => vec!["{http.request.uri.path}"],
            files => files.iter().map(String::as_str).collect(),
        };
        let in_order = matches!(policy, LOOK_FIRST | LOOK_FALLBACK);
        let error = files.iter().position(|file| in_order && is_status(file));
        let status = error.map(|at| files[at]);
        files.truncate(error.unwrap_or(files.len()));
        // The last one is taken unseen only if it is the last that is written.
        let policy = match policy {
            LOOK_FALLBACK if status.is_some() => LOOK_FIRST,
            policy => policy,
        };
        let record = FileLook {
            root: self.open_value(or_root(root), Unknown::Empty, OpenKind::File),
            candidates: self.candidates(&files),
            split: self.items(split_path),
            policy,
        };
        let look = FileLookId(self.program.data.push(&record));
        let out = code.value();
        code.op(Op::FileLook { out, look });
        let found = code.block();
        let missing = if status.is_some() { code.block() } else { no };
        let test = Test::Int {
            int: IntRef::Value(out),
            low: 1,
            high: 1,
        };
        code.branch(test, found, missing);
        if let Some(status) = status {
            code.go(missing);
            let digits = self.value(&status[1..], Unknown::Empty);
            let error = Error {
                status: digits,
                message: digits,
            };
            code.act(Act::Error(ErrorId(self.program.data.push(&error))));
        }
        code.go(found);
    }

    fn only_this_file_system(&mut self, fs: &str, span: Span) {
        if !fs.is_empty() {
            let what = format!("the file system `{fs}`");
            self.unsupported(span, &what, "files are served from the machine's own");
        }
    }

    /// Stores files to look for. What placeholders bring is never a pattern.
    fn candidates(&mut self, files: &[&str]) -> Range {
        let is_special = |piece: &Piece| match piece {
            Piece::Constant(text) => text.contains(['*', '?', '[', '\\']),
            Piece::Placeholder(_) => false,
        };
        let candidate = |file: &&str| {
            let pieces = template::pieces(file, Unknown::Empty, &mut self.names());
            Candidate {
                value: self.value(file, Unknown::Empty),
                is_pattern: pieces.iter().any(is_special).into(),
            }
        };
        let candidates: Vec<Candidate> = files.iter().map(candidate).collect();
        self.program.data.extend(&candidates)
    }

    /// Stores a list of texts.
    fn items(&mut self, texts: &[impl AsRef<str>]) -> Range {
        let item = |text| Item {
            value: self.value(text, Unknown::Empty),
        };
        let items: Vec<Item> = texts.iter().map(AsRef::as_ref).map(item).collect();
        self.program.data.extend(&items)
    }
}

fn or_root(root: &str) -> &str {
    if root.is_empty() { ROOT } else { root }
}

/// Whether a file of the list stands for an error: `=404`.
fn is_status(file: &str) -> bool {
    let digits = file.strip_prefix('=').unwrap_or_default();
    let status = digits.parse::<u16>();
    status.is_ok_and(|status| (100..=999).contains(&status))
}
