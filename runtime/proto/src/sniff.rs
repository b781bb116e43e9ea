//! Guesses the media type of a body from its first bytes, as Go's `http.DetectContentType` does, which follows
//! <https://mimesniff.spec.whatwg.org/>.

/// Bytes at the start that are looked at.
pub const SNIFFED_BYTES: usize = 512;

/// The media type of a body that begins with these bytes.
pub fn media_type(start: &[u8]) -> &'static str {
    let start = &start[..start.len().min(SNIFFED_BYTES)];
    let is_blank = |byte: &&u8| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    let text = &start[start.iter().take_while(is_blank).count()..];
    if TAGS.iter().any(|tag| begins_with_tag(text, tag)) {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let before = |(pattern, _): &&(&[u8], &str)| start.starts_with(pattern);
    if let Some((_, media)) = IMAGES_AND_TEXTS.iter().find(before) {
        // A mark of UTF-16 or UTF-8 counts only if something follows it.
        let is_mark = media.starts_with("text/");
        if !is_mark || start.len() >= 4 {
            return media;
        }
    }
    let chunk = |container: &[u8], kind: &[u8]| {
        start.starts_with(container) && start.get(8..).is_some_and(|rest| rest.starts_with(kind))
    };
    for (container, kind, media) in CHUNKS {
        if chunk(container, kind) {
            return media;
        }
    }
    if is_mp4(start) {
        return "video/mp4";
    }
    // A font of this kind has its mark behind fields that may be anything but are mostly zero.
    if start
        .get(..36)
        .is_some_and(|head| head[..34] == [0; 34] && head.ends_with(b"LP"))
    {
        return "application/vnd.ms-fontobject";
    }
    if let Some((_, media)) = OTHERS.iter().find(before) {
        return media;
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    match text.iter().any(is_binary) {
        true => "application/octet-stream",
        false => "text/plain; charset=utf-8",
    }
}

/// Whether a text begins with a tag, and that ends there.
fn begins_with_tag(text: &[u8], tag: &[u8]) -> bool {
    let end = text.get(tag.len());
    end.is_some_and(|end| matches!(end, b' ' | b'>')) && text[..tag.len()].eq_ignore_ascii_case(tag)
}

/// Whether the box of an MP4 file names a brand of that kind.
fn is_mp4(start: &[u8]) -> bool {
    let Some((size, rest)) = start.split_first_chunk::<4>() else {
        return false;
    };
    let size = u32::from_be_bytes(*size) as usize;
    if start.len() < 12
        || start.len() < size
        || !size.is_multiple_of(4)
        || !rest.starts_with(b"ftyp")
    {
        return false;
    }
    // The four bytes behind the first brand are its version.
    let mut places = (8..size).step_by(4).filter(|place| *place != 12);
    places.any(|place| start[place..].starts_with(b"mp4"))
}

const TAGS: &[&[u8]] = &[
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

const IMAGES_AND_TEXTS: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
];

/// Containers, what they say of themselves behind their length, and what they are then.
const CHUNKS: [(&[u8], &[u8], &str); 4] = [
    (b"RIFF", b"WEBPVP", "image/webp"),
    (b"FORM", b"AIFF", "audio/aiff"),
    (b"RIFF", b"AVI ", "video/avi"),
    (b"RIFF", b"WAVE", "audio/wave"),
];

const OTHERS: &[(&[u8], &str)] = &[
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed"),
    (b"\x00asm", "application/wasm"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let font = [&[0; 34][..], b"LP"].concat();
        for (start, media) in [
            (&b""[..], "text/plain; charset=utf-8"),
            (b"plain", "text/plain; charset=utf-8"),
            (b" \n\x01", "application/octet-stream"),
            (b"\x1b[0m", "text/plain; charset=utf-8"),
            (b" \r\n<!doctype html>", "text/html; charset=utf-8"),
            (b"<p>", "text/html; charset=utf-8"),
            (b"<p", "text/plain; charset=utf-8"),
            (b"<pre>", "text/plain; charset=utf-8"),
            (b"<!-- -->", "text/html; charset=utf-8"),
            (b"\n<?xml", "text/xml; charset=utf-8"),
            (b"%PDF-1.7", "application/pdf"),
            (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
            (b"\xff\xfe\x00\x00", "text/plain; charset=utf-16le"),
            (b"\xff\xfe\x01", "application/octet-stream"),
            (b"RIFF1234WEBPVP8", "image/webp"),
            (b"RIFF1234WAVE", "audio/wave"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"\x00\x00\x00\x14ftypisomxxxxmp42", "video/mp4"),
            (b"\x00\x00\x00\x10ftypisommp42", "application/octet-stream"),
            (b"\x00\x01\x00\x00", "font/ttf"),
            (&font, "application/vnd.ms-fontobject"),
            (b"\x1f\x8b\x08", "application/x-gzip"),
        ] {
            assert_eq!(media_type(start), media, "{}", start.escape_ascii());
        }
    }
}
