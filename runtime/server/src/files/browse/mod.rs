//! `file_server browse`: the list of a folder's files, as a page, as JSON or as a text.
//!
//! A folder is read by a thread of its own, since a large one, or one on a slow disk, takes longer than other requests of
//! the worker may wait.

mod crew;
mod folder;
mod order;
mod page;
mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind};

use zs_abi::tables::{BROWSE_REVEAL, Browse, FileServer, FileServerId};
use zs_io::Key;
use zs_proto::date::Civil;
use zs_proto::path;

use super::hidden::Hidden;
use super::{Texts, folder_of, open};
use crate::capability::BrowseTable;
use crate::exchange::{Body, Exchange};
use crate::expand::Expander;
use crate::worker::Worker;

use folder::{Folder, read};
use order::Wish;

/// What a site that lists folders refers to.
pub(crate) const TABLE: BrowseTable = BrowseTable { start };

/// What a thread needs to answer a request.
struct Job {
    folder: Vec<u8>,
    hidden: Hidden<'static>,
    /// The request's path as it is written in addresses, without a slash at the end.
    path: Vec<u8>,
    /// The most files that are looked at.
    limit: usize,
    reveals_links: bool,
    wish: Wish,
    form: Form,
    /// When the client has got the list last.
    since: Option<i64>,
}

/// What the client wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Plain,
}

/// What the client gets.
struct Answer {
    status: u16,
    fields: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

/// Begins to list the folder that a request's path names. The error is a status to raise.
fn start(worker: &mut Worker, key: Key, number: FileServerId) -> Result<(), u16> {
    let (site, clock) = (worker.site(), worker.io.clock());
    let exchange = worker.exchange(key).ok_or(500_u16)?;
    let record = site.data.record::<FileServer>(number.0).ok_or(500_u16)?;
    let settings = record.browse.and_then(|number| site.data.record(number.0));
    let settings: Browse = settings.ok_or(500_u16)?;
    let texts = Texts {
        expander: Expander {
            site,
            exchange,
            clock,
        },
    };
    let job = Job::new(exchange, &texts, &record, settings);
    let desk = worker.desk().map_err(|_| 503_u16)?;
    desk.expect_one();
    let desk_of_job = std::sync::Arc::clone(&desk);
    let begun = crew::begin(Box::new(move || {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(job)));
        let answer = answer.unwrap_or(Err(500));
        desk_of_job.put(Box::new(move |worker| finish(worker, key, answer)));
    }));
    if begun.is_err() {
        // Nothing will come.
        desk.put(Box::new(|_| {}));
        return Err(503);
    }
    Ok(())
}

impl Job {
    fn new(exchange: &Exchange, texts: &Texts<'_>, record: &FileServer, settings: Browse) -> Self {
        let head = &exchange.request.head;
        let mut path = Vec::new();
        path::clean_into(&exchange.request.target.raw_path, true, &mut path);
        if path.len() > 1 && path.ends_with(b"/") {
            path.pop();
        }
        let since = head.first(b"If-Modified-Since");
        Self {
            folder: folder_of(texts, record),
            hidden: Hidden::new(texts.items(record.hide)),
            path,
            limit: usize::try_from(settings.limit).unwrap_or(usize::MAX),
            reveals_links: settings.flags & BROWSE_REVEAL != 0,
            wish: Wish::new(exchange, &settings),
            form: Form::of(head),
            since: since.and_then(Civil::parse),
        }
    }
}

impl Form {
    fn of(head: &zs_proto::Head) -> Self {
        let mut accept = Vec::new();
        head.join_into(b"Accept", &mut accept);
        accept.make_ascii_lowercase();
        let wants = |media: &[u8]| accept.windows(media.len()).any(|part| part == media);
        if wants(b"application/json") {
            Self::Json
        } else if wants(b"text/plain") {
            Self::Plain
        } else {
            Self::Page
        }
    }
}

/// Reads the folder and writes the list. The error is a status to raise.
fn answer(job: Job) -> Result<Answer, u16> {
    let mut folder = read(&job).map_err(open::Problem::status)?;
    if job.since.is_some_and(|since| folder.changed.0 <= since) {
        return Ok(Answer {
            status: 304,
            fields: Vec::new(),
            body: Vec::new(),
        });
    }
    let counts = folder.counts;
    if job.form == Form::Page {
        job.wish.filter(&mut folder.items);
    }
    let total = folder.items.len();
    job.wish.apply(&mut folder.items);
    let Folder { changed, items, .. } = folder;
    let (media, body) = match job.form {
        Form::Json => ("application/json; charset=utf-8", texts::json(&items)),
        Form::Plain => ("text/plain; charset=utf-8", texts::plain(&items)),
        Form::Page => {
            let page = page::Page {
                path: &job.path,
                wish: &job.wish,
                counts,
                total,
                items: &items,
            };
            ("text/html; charset=utf-8", page.write())
        }
    };
    let changed = Civil::from_unix(changed.0).to_http();
    let mut fields = vec![
        ("Content-Type", media.as_bytes().to_vec()),
        ("Last-Modified", changed.to_vec()),
    ];
    if job.form == Form::Page {
        fields.push(("Content-Security-Policy", page::policy()));
    }
    fields.extend(job.wish.cookies());
    Ok(Answer {
        status: 200,
        fields,
        body,
    })
}

/// Answers a request with what a thread has made.
fn finish(worker: &mut Worker, key: Key, answer: Result<Answer, u16>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(status) => {
            let text = zs_proto::status::text(status);
            worker.raise(key, status, text.as_bytes());
            return;
        }
    };
    let Some(exchange) = worker.exchange_mut(key) else {
        // The client has not waited.
        return;
    };
    let response = &mut exchange.response;
    response.drop_body();
    response.status = answer.status;
    response.head.push(b"Vary", b"Accept, Accept-Encoding");
    for (name, value) in answer.fields {
        match name {
            "Set-Cookie" => response.head.push(name.as_bytes(), &value),
            name => response.head.set(name.as_bytes(), &value),
        }
    }
    if answer.status != 304 {
        response.text = answer.body;
        response.body = Body::Text;
    }
    if let Some(detour) = worker.respond(key) {
        worker.take_detour(key, detour);
    }
}
