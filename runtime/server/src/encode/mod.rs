//! Encoding bodies, as Caddy's `encode` does.
//!
//! Which encoding it would be is settled when the request passes the handler; whether it is done, when the response head
//! is ready. Then the body goes through an encoder on its way from its pipe to the carrier. A short body that is all there
//! is encoded at once, so that its length can be told.

mod encoders;

use zs_abi::tables::{ENCODING_GZIP, Encode, EncodeId, Encoding};
use zs_proto::{Head, ascii, negotiate, sniff};

use crate::exchange::{Body, Exchange, Response};
use crate::limits::ENCODED_AT_ONCE_MAX;
use crate::log;
use crate::pipe::Pipe;
use crate::site::LoadedSite;

/// Chooses the encoding that the response may get. A condition on the entity tag that an encoded response had becomes one
/// on the plain one's, which is all that the next handlers know. `None` if there is no such record.
pub(crate) fn begin(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    number: EncodeId,
) -> Option<()> {
    let record: Encode = site.data.record(number.0)?;
    let request = &mut exchange.request.head;
    let encodings = site.data.range::<Encoding>(record.encodings);
    let names: Vec<&[u8]> = encodings.map(|encoding| name(&encoding)).collect();
    let best = negotiate::accepted(request, &names).into_iter().next();
    exchange.encoding = best.map(|best| record.encodings.first + best as u32);
    if let Some(best) = best {
        let mut conditions = Vec::new();
        if request.join_into(b"If-None-Match", &mut conditions) {
            let suffix = [b"-", names[best], b"\""].concat();
            let plain = without(&conditions, &suffix, b"\"");
            if plain != conditions {
                request.set(b"If-None-Match", &plain);
            }
        }
    }
    Some(())
}

/// A text in which one text is replaced by another.
fn without(text: &[u8], search: &[u8], replacement: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(search.len()).position(|found| found == search) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(replacement);
        rest = &rest[at + search.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Gives a response that has no media type the one that its first bytes suggest, if they are here and it is long enough
/// to be encoded, since it depends on the type whether it is. `None` if there is no such record.
pub(crate) fn sniff(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    number: EncodeId,
) -> Option<()> {
    let record: Encode = site.data.record(number.0)?;
    let is_head = exchange.request.method == b"HEAD";
    let response = &mut exchange.response;
    let media = response.head.first(b"Content-Type").unwrap_or(b"");
    let is_long = is_long(response, is_head, u64::from(record.minimum));
    if is_head || !media.is_empty() || !is_long {
        return Some(());
    }
    if let Body::Stream(_) = response.body
        && let Some(source) = &mut response.source
        && response.pipe.is_empty()
    {
        source.fill(&mut response.pipe);
    }
    let start = match response.body {
        Body::Stream(_) => response.pipe.bytes(),
        _ => response.ready_bytes(),
    };
    if !start.is_empty() {
        let media = sniff::media_type(start);
        response.head.set(b"Content-Type", media.as_bytes());
    }
    Some(())
}

/// Encodes the response's body if it can be. `None` if there is no such record.
pub(crate) fn encode(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    number: EncodeId,
    wanted: bool,
) -> Option<()> {
    let record: Encode = site.data.record(number.0)?;
    let is_head = exchange.request.method == b"HEAD";
    let response = &mut exchange.response;
    if response.status == 304 {
        vary(&mut response.head);
        return Some(());
    }
    let fits = !matches!(response.status, 0..=199 | 204 | 206)
        && response
            .head
            .first(b"Content-Encoding")
            .is_none_or(<[u8]>::is_empty)
        && !response.head.lists(b"Cache-Control", b"no-transform")
        && is_long(response, is_head, u64::from(record.minimum));
    if !wanted || !fits {
        return Some(());
    }
    // Caches must know of the choice also where it fell on the plain body.
    vary(&mut response.head);
    let Some(chosen) = exchange.encoding else {
        return Some(());
    };
    let encoding: Encoding = site.data.record(chosen)?;
    describe(&mut response.head, name(&encoding));
    if is_head {
        response.drop_body();
        return Some(());
    }
    let mut encoder = match encoders::encoder(&encoding) {
        Ok(encoder) => encoder,
        Err(error) => {
            log::line(format_args!("a body cannot be encoded: {error}"));
            response.pipe.fail();
            response.body = Body::Stream(None);
            return Some(());
        }
    };
    let ready = response.ready_bytes();
    if !matches!(response.body, Body::Stream(_)) && ready.len() <= ENCODED_AT_ONCE_MAX {
        let encoded = &mut Pipe::default();
        let all = encoder.write(ready, false, encoded);
        if all.and_then(|()| encoder.finish(encoded)).is_ok() {
            response.drop_body();
            response.text.extend_from_slice(encoded.bytes());
            response.body = Body::Text;
            return Some(());
        }
    }
    if !matches!(response.body, Body::Stream(_)) {
        let text = response.ready_bytes().to_vec();
        response.pipe.push(&text);
        response.pipe.end();
    }
    response.encoder = Some(encoder);
    response.body = Body::Stream(None);
    Some(())
}

/// The name of an encoding.
fn name(encoding: &Encoding) -> &'static [u8] {
    match encoding.kind {
        ENCODING_GZIP => b"gzip",
        _ => b"zstd",
    }
}

/// Whether a body is longer than the minimum. One whose length is not known yet counts as long, as a stream of events does;
/// to `HEAD` nothing is known but what an upstream says.
fn is_long(response: &Response, is_head: bool, minimum: u64) -> bool {
    match response.body {
        Body::Empty => false,
        Body::Stream(None) if is_head => {
            let told = response.head.first(b"Content-Length");
            told.and_then(ascii::parse_decimal)
                .is_some_and(|told| told > minimum)
        }
        Body::Stream(Some(length)) => length > minimum,
        Body::Stream(None) if response.pipe.has_ended() => response.pipe.len() as u64 > minimum,
        Body::Stream(None) => true,
        Body::Constant(_) | Body::Text => response.ready_bytes().len() as u64 > minimum,
    }
}

/// Sets the fields of an encoded response (RFC 9110 §8.4, §8.8.3.3).
fn describe(head: &mut Head, encoding: &[u8]) {
    head.remove(b"Content-Length");
    head.set(b"Content-Encoding", encoding);
    // Parts of what is encoded on its way cannot be had.
    head.remove(b"Accept-Ranges");
    let tag = head.first(b"Etag").unwrap_or(b"");
    if !tag.is_empty() && !tag.starts_with(b"W/") {
        let plain = tag.strip_suffix(b"\"").unwrap_or(tag);
        let encoded = [plain, b"-", encoding, b"\""].concat();
        head.set(b"Etag", &encoded);
    }
}

fn vary(head: &mut Head) {
    if !head.lists(b"Vary", b"Accept-Encoding") {
        head.push(b"Vary", b"Accept-Encoding");
    }
}
