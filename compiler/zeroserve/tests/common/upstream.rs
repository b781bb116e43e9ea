//! An upstream that answers as it is told and says what arrived.
//!
//! An `upstream` block of a specification is a path and, from the next line on,
//! the response to requests whose path begins with it: raw HTTP, `\r\n` implied.
//! `{arrived}` in its body stands for the request as it arrived, its fields in
//! alphabetical order, `{hash}` in a field for letters made of that, and
//! `{length}` for the length of the body.
//!
//! Some fields are not told: `Accept-Encoding: gzip`, which Caddy asks an upstream for where the
//! client asked for no encoding; a `User-Agent` of nothing and all but the first, which Go leaves
//! out; and `Trailer`, since trailers are not passed on.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A running upstream; it ends when this is dropped.
pub struct Upstream {
    port: u16,
    ends: Arc<AtomicBool>,
}

/// How one path is answered.
struct Answer {
    path: String,
    head: String,
    body: String,
}

impl Upstream {
    /// Listens on a port. The ports of servers in front, and their names, are
    /// said in the same words whoever asks.
    pub fn start(blocks: &[String], port: u16, in_front: Vec<u16>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port for the upstream");
        let mut answers: Vec<Answer> = blocks.iter().map(|block| parse(block)).collect();
        // The longest path that fits counts.
        answers.sort_by_key(|answer| std::cmp::Reverse(answer.path.len()));
        let ends = Arc::new(AtomicBool::new(false));
        let (answers, over) = (Arc::new((answers, in_front)), ends.clone());
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let answers = answers.clone();
                std::thread::spawn(move || serve(&stream, &answers.0, &answers.1));
            }
        });
        Self { port, ends }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn parse(block: &str) -> Answer {
    let (path, response) = block.split_once('\n').expect("a path and a response");
    let (head, body) = response.split_once("\n\n").unwrap_or((response, ""));
    Answer {
        path: path.to_owned(),
        head: head.replace('\n', "\r\n"),
        body: body.to_owned(),
    }
}

fn serve(stream: &TcpStream, answers: &[Answer], in_front: &[u16]) {
    let mut reader = BufReader::new(stream);
    while let Some(arrived) = read(&mut reader, in_front) {
        let path = arrived.split(' ').nth(1).unwrap_or("");
        let answer = answers.iter().find(|answer| path.starts_with(&answer.path));
        let answer = answer.unwrap_or_else(|| panic!("the upstream knows no {path}"));
        let body = answer.body.replace("{arrived}", &arrived);
        let head = answer
            .head
            .replace("{length}", &body.len().to_string())
            .replace("{hash}", &letters(hash(&arrived)));
        let chunked = head.contains("Transfer-Encoding: chunked");
        let mut out = format!("{head}\r\n\r\n").into_bytes();
        if !arrived.starts_with("HEAD ") {
            match chunked {
                true => out.extend(chunks(&body)),
                false => out.extend(body.as_bytes()),
            }
        }
        let framed = chunked || head.contains("Content-Length: ") || body.is_empty();
        let sent = (&mut &*stream).write_all(&out);
        if sent.is_err() || !framed || head.contains("Connection: close") {
            return;
        }
    }
}

/// A body in two chunks.
fn chunks(body: &str) -> Vec<u8> {
    let body = body.as_bytes();
    let (one, two) = body.split_at(body.len() / 2);
    let mut out = Vec::new();
    for part in [one, two] {
        if !part.is_empty() {
            out.extend(format!("{:x}\r\n", part.len()).bytes());
            out.extend(part);
            out.extend(b"\r\n");
        }
    }
    out.extend(b"0\r\n\r\n");
    out
}

/// The next request in words that are the same whoever passed it on.
fn read(reader: &mut impl BufRead, in_front: &[u16]) -> Option<String> {
    let mut line = || {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        line.strip_suffix("\r\n").map(str::to_owned)
    };
    let mut arrived = line()?;
    let mut fields = Vec::new();
    loop {
        match line()? {
            field if field.is_empty() => break,
            field => fields.push(field),
        }
    }
    let mut agents = 0;
    fields.retain(|field| {
        let agent = field.starts_with("User-Agent:");
        agents += u32::from(agent);
        let told = !agent || agents == 1 && field.trim_end() != "User-Agent:";
        told && field != "Accept-Encoding: gzip" && !field.starts_with("Trailer:")
    });
    for field in &mut fields {
        *field = field.replace("Caddy", "zeroserve");
    }
    fields.sort_by_key(|field| field.to_ascii_lowercase());
    for field in &fields {
        let _ = write!(arrived, "\n{field}");
    }
    for port in in_front {
        arrived = arrived.replace(&port.to_string(), "{$PORT}");
    }
    let body = read_body(reader, &fields)?;
    Some(arrived + "\n\n" + &body)
}

fn read_body(reader: &mut impl BufRead, fields: &[String]) -> Option<String> {
    let field = |name: &str| {
        let value = |field: &String| field.strip_prefix(name).map(str::to_owned);
        fields.iter().find_map(value)
    };
    let mut body = Vec::new();
    if field("Transfer-Encoding: ").is_some() {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let len = u64::from_str_radix(line.trim_end(), 16).ok()?;
            reader.by_ref().take(len).read_to_end(&mut body).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if len == 0 {
                break;
            }
        }
    } else if let Some(len) = field("Content-Length: ") {
        let len = len.parse().ok()?;
        reader.by_ref().take(len).read_to_end(&mut body).ok()?;
    }
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// A number in letters: digits could be those of a port.
fn letters(number: u64) -> String {
    let letter = |place: u64| char::from(b'a' + (number >> (4 * place) & 15) as u8);
    (0..16).map(letter).collect()
}
