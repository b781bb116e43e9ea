//! From a file to a response: conditions, ranges, and the fields that go with them, as Go's `http.ServeContent` answers,
//! which Caddy uses.

use std::fs::File;

use zs_proto::conditional::{Validators, Verdict, weigh};
use zs_proto::date::Civil;
use zs_proto::range::{self, Part, RangeError};
use zs_proto::{Head, ascii};

use crate::capability::Served;
use crate::exchange::{Body, Exchange};
use crate::limits::FILE_READ_BYTES;

use super::body::{self, FileBody, Piece};
use super::open::Opened;

/// What a response is made of.
pub(super) struct Representation {
    /// The file whose bytes are sent.
    pub(super) opened: Opened,
    /// When it was changed last; of a file with an encoding, when the one without was.
    pub(super) modified: Option<i64>,
    /// The entity tag, empty for none, or the status of an error.
    pub(super) etag: Result<Vec<u8>, u16>,
    /// The media type.
    pub(super) media: Option<&'static [u8]>,
    /// The encoding.
    pub(super) encoding: Option<Vec<u8>>,
}

/// Fills in the response. `status` is what it is to be whatever was asked for, in decimal digits, or empty.
pub(super) fn answer(exchange: &mut Exchange, chosen: Representation, status: &[u8]) -> Served {
    let Representation {
        opened,
        modified,
        etag,
        media,
        encoding,
    } = chosen;
    exchange
        .response
        .head
        .push_canonical(b"Vary", b"Accept-Encoding");
    if let Some(encoding) = &encoding {
        exchange.response.head.set(b"Content-Encoding", encoding);
    }
    let size = opened.size();
    let Some(file) = opened.into_file() else {
        return Served::Error(403);
    };
    // An entity tag that was set before counts.
    let known = exchange.response.head.first(b"Etag");
    let etag = match known.filter(|tag| !tag.is_empty()) {
        Some(tag) => tag.to_vec(),
        None => match etag {
            Ok(tag) => tag,
            Err(status) => return Served::Error(status),
        },
    };
    let safe = matches!(exchange.request.method.as_slice(), b"GET" | b"HEAD");
    let raised = exchange.raised().map(|raised| raised.status);
    let head = &mut exchange.response.head;
    if !safe && raised.is_none() {
        // What says so is none of the file's forms.
        head.remove(b"Content-Encoding");
        head.push(b"Allow", b"GET, HEAD");
        return Served::Error(405);
    }
    if !etag.is_empty() {
        head.set(b"Etag", &etag);
    }
    if let Some(media) = media
        && head.first(b"Content-Type").is_none_or(<[u8]>::is_empty)
    {
        head.set(b"Content-Type", media);
    }
    let status = match status {
        b"" => raised,
        digits => match ascii::parse_decimal(digits) {
            Some(status @ 100..=999) => Some(status as u16),
            _ => return Served::Error(500),
        },
    };
    serve_content(exchange, file, size, modified, safe);
    if let Some(status) = status {
        exchange.response.status = status;
    }
    Served::Response
}

fn serve_content(
    exchange: &mut Exchange,
    file: File,
    size: u64,
    modified: Option<i64>,
    safe: bool,
) {
    let (request, response) = (&exchange.request, &mut exchange.response);
    response.drop_body();
    let head = &mut response.head;
    if let Some(modified) = modified {
        head.set(b"Last-Modified", &Civil::from_unix(modified).to_http());
    }
    let validators = Validators {
        etag: head.first(b"Etag").unwrap_or(b""),
        modified,
    };
    let ranges = match weigh(&request.head, safe, validators) {
        Verdict::Send { ranges } => ranges,
        Verdict::NotModified => {
            head.remove(b"Content-Type");
            head.remove(b"Content-Encoding");
            if head.contains(b"Etag") {
                head.remove(b"Last-Modified");
            }
            response.status = 304;
            return;
        }
        Verdict::Failed => {
            response.status = 412;
            return;
        }
    };
    let field = request.head.first(b"Range").filter(|_| ranges);
    let parts = match field.filter(|field| !field.is_empty()) {
        Some(field) => range::parse(field, size),
        None => Ok(Vec::new()),
    };
    let parts = match parts {
        Ok(parts) => parts,
        Err(error) => {
            refuse(&mut response.head, error, size);
            response.text.extend_from_slice(error.message());
            response.body = Body::Text;
            response.status = 416;
            return;
        }
    };
    response.status = if parts.is_empty() { 200 } else { 206 };
    let pieces = match parts.as_slice() {
        [] => vec![Piece::Part(Part {
            start: 0,
            length: size,
        })],
        [part] => {
            let mut value = Vec::new();
            range::push_content_range(&mut value, *part, size);
            head.set(b"Content-Range", &value);
            vec![Piece::Part(*part)]
        }
        parts => multipart(head, parts, size),
    };
    head.set(b"Accept-Ranges", b"bytes");
    let length = pieces.iter().map(length_of).sum();
    // A short file is read at once, which saves its way through the pipe.
    if let [Piece::Part(part)] = pieces.as_slice()
        && part.length <= FILE_READ_BYTES as u64
    {
        response.text.clear();
        let read = match &*request.method {
            b"HEAD" => {
                // Only its length is told.
                response.text.resize(part.length as usize, 0);
                Ok(())
            }
            _ => body::read_whole(&file, *part, &mut response.text),
        };
        if read.is_err() {
            response.text.clear();
            response.pipe.fail();
            response.body = Body::Stream(Some(length));
            return;
        }
        response.body = Body::Text;
        return;
    }
    response.body = Body::Stream(Some(length));
    if request.method == b"HEAD" {
        response.pipe.end();
        head.set(b"Content-Length", length.to_string().as_bytes());
    } else {
        response.source = Some(Box::new(FileBody::new(file, pieces)));
    }
}

/// The fields of 416, as Go's `http.ServeContent` leaves them.
fn refuse(head: &mut Head, error: RangeError, size: u64) {
    if error == RangeError::Outside {
        head.set(b"Content-Range", format!("bytes */{size}").as_bytes());
    }
    for name in ["Cache-Control", "Content-Encoding", "Etag", "Last-Modified"] {
        head.remove(name.as_bytes());
    }
    head.set(b"Content-Type", b"text/plain; charset=utf-8");
    head.set(b"X-Content-Type-Options", b"nosniff");
}

/// Several parts as one body (RFC 9110 §14.6), each with its fields.
fn multipart(head: &mut Head, parts: &[Part], size: u64) -> Vec<Piece> {
    let mut random = [0; 30];
    let _filled = zs_io::random(&mut random);
    let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let media = head.first(b"Content-Type").unwrap_or(b"").to_vec();
    let value = format!("multipart/byteranges; boundary={boundary}");
    head.set(b"Content-Type", value.as_bytes());
    let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
    for (number, part) in parts.iter().enumerate() {
        let mut text = Vec::new();
        if number > 0 {
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"--");
        text.extend_from_slice(boundary.as_bytes());
        text.extend_from_slice(b"\r\nContent-Range: ");
        range::push_content_range(&mut text, *part, size);
        text.extend_from_slice(b"\r\nContent-Type: ");
        text.extend_from_slice(&media);
        text.extend_from_slice(b"\r\n\r\n");
        pieces.push(Piece::Text(text));
        pieces.push(Piece::Part(*part));
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into_bytes()));
    pieces
}

fn length_of(piece: &Piece) -> u64 {
    match piece {
        Piece::Text(text) => text.len() as u64,
        Piece::Part(part) => part.length,
    }
}
