//! Redirects to the one path of a file or folder.

use zs_proto::{path, percent};

use crate::exchange::{Body, Exchange};

/// Where a request is redirected whose path has a slash too many or too few; not when its last part was rewritten, since
/// whoever did that has chosen the path.
pub(super) fn canonical(exchange: &Exchange, is_index: bool) -> Option<Vec<u8>> {
    let request = &exchange.request;
    let original = request.original_target();
    if path::base(&original.path) != path::base(&request.target.path) {
        return None;
    }
    let slash = original.path.ends_with(b"/");
    let to = match (is_index, slash) {
        (true, false) => [&original.path[..], b"/"].concat(),
        (false, true) => original.path[..original.path.len() - 1].to_vec(),
        _ => return None,
    };
    Some(location(exchange, &to))
}

/// Where a request for a folder is redirected that lacks the slash at the end, without which links on the page would lead
/// elsewhere.
pub(super) fn to_folder(exchange: &Exchange) -> Option<Vec<u8>> {
    let request = &exchange.request;
    let original = request.original_target();
    let path = &request.target.path;
    let own = path.is_empty() || path::base(&original.path) == path::base(path);
    let lacks = !original.path.ends_with(b"/");
    (own && lacks).then(|| location(exchange, &[&original.path[..], b"/"].concat()))
}

/// A path with the query of the request.
fn location(exchange: &Exchange, to: &[u8]) -> Vec<u8> {
    let request = &exchange.request;
    let mut cleaned = Vec::with_capacity(to.len());
    // Slashes at the start become one, so that no host can be meant.
    path::clean_into(&[b"/", to].concat(), true, &mut cleaned);
    let mut location = Vec::with_capacity(cleaned.len());
    percent::encode_path(&cleaned, &mut location);
    if !request.target.query.is_empty() {
        location.push(b'?');
        percent::encode_letters(&request.target.query, &mut location);
    }
    location
}

/// Answers with the redirect, and with a line of HTML as Go does.
pub(super) fn answer(exchange: &mut Exchange, location: &[u8]) {
    let response = &mut exchange.response;
    response.drop_body();
    response.status = 308;
    response.head.set(b"Location", location);
    let plain = matches!(exchange.request.method.as_slice(), b"GET" | b"HEAD");
    if plain && !response.head.contains(b"Content-Type") {
        response
            .head
            .set(b"Content-Type", b"text/html; charset=utf-8");
        if exchange.request.method != b"GET" {
            return;
        }
        let text = &mut response.text;
        text.extend_from_slice(b"<a href=\"");
        for byte in location {
            match byte {
                b'&' => text.extend_from_slice(b"&amp;"),
                b'<' => text.extend_from_slice(b"&lt;"),
                b'>' => text.extend_from_slice(b"&gt;"),
                b'"' => text.extend_from_slice(b"&#34;"),
                b'\'' => text.extend_from_slice(b"&#39;"),
                byte => text.push(*byte),
            }
        }
        text.extend_from_slice(b"\">Permanent Redirect</a>.\n\n");
        response.body = Body::Text;
    }
}
