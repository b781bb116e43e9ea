//! Behaviour written down as Markdown: Caddyfiles, requests and responses.
//!
//! A file holds prose and fenced blocks. A `caddyfile` block begins a site; the
//! cases behind it are its. A heading of the second level names a case; a case
//! has a `request` block (raw HTTP, `\r\n` implied) and a `response` block. Where
//! Caddy answers otherwise, a `caddy` block says how and the prose says why.
//! `{$PORT}` stands for the site's port everywhere, `{$UPSTREAM}` for that of a
//! second site that requests may be passed on to, `{$ROOT}` for the folder with
//! the site's files. Those stand in a `files` block behind the Caddyfile, a line
//! each: `name: text` (with `\n` for line ends), `name * 1000` for so many bytes of
//! `0123456789`, `name/` for a folder, `name -> target` for a symbolic link. All
//! were changed at [`CHANGED`], or with `name @1700000000: text` at that time.
//! `upstream` blocks say how an upstream answers that listens on `{$UPSTREAM}`
//! and is no site; a `grammar` block says which requests are made at random.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// When files were changed: `Tue, 02 Jan 2024 03:04:05 GMT`.
const CHANGED: u64 = 1_704_164_645;

/// The ports and the folder of a site, which files name by words.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Where requests are sent.
    pub site: u16,
    /// Where a second site may listen.
    pub upstream: u16,
    /// Where its files are.
    pub root: PathBuf,
}

impl Ports {
    /// The variables that a Caddyfile sees.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("PORT", self.site.to_string()),
            ("UPSTREAM", self.upstream.to_string()),
            ("ROOT", self.root.display().to_string()),
            ("ZS_SPEC_WORD", "a word".to_owned()),
        ]
    }

    /// Puts ports in the place of their names.
    pub fn filled(&self, text: &str) -> String {
        text.replace("{$PORT}", &self.site.to_string())
            .replace("{$UPSTREAM}", &self.upstream.to_string())
    }

    /// Puts names in the place of ports.
    pub fn named(&self, text: &str) -> String {
        let text = text
            .replace(&*self.root.to_string_lossy(), "{$ROOT}")
            .replace(&self.site.to_string(), "{$PORT}")
            .replace(&self.upstream.to_string(), "{$UPSTREAM}");
        // Boundaries of parts are random.
        match text.split_once("boundary=") {
            Some((_, behind)) => {
                let end = behind.find(|letter: char| !letter.is_ascii_hexdigit());
                text.replace(&behind[..end.unwrap_or(behind.len())], "BOUNDARY")
            }
            None => text,
        }
    }

    /// Makes a site's files.
    pub fn make_files(&self, files: &str) {
        fs::create_dir_all(&self.root).expect("a folder for files");
        for line in files.lines().filter(|line| !line.is_empty()) {
            make_file(&self.root, line);
        }
        set_folders(&self.root);
    }
}

/// Folders, and links, were changed when files were.
fn set_folders(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("its kind");
        if kind.is_dir() {
            set_folders(&entry.path());
        } else if kind.is_symlink() {
            let time = format!("--date=@{CHANGED}");
            let mut touch = Command::new("touch");
            let touched = touch.args(["--no-dereference", &time]).arg(entry.path());
            assert!(touched.status().expect("touch runs").success());
        }
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(CHANGED);
    let opened = fs::File::open(folder).expect("the folder");
    opened.set_modified(time).expect("its time");
}

fn make_file(root: &Path, line: &str) {
    if let Some((name, target)) = line.split_once(" -> ") {
        std::os::unix::fs::symlink(target, root.join(name)).expect("a link");
        return;
    }
    if let Some(name) = line.strip_suffix('/') {
        fs::create_dir_all(root.join(name)).expect("a folder");
        return;
    }
    let (name, content) = match (line.split_once(": "), line.split_once(" * ")) {
        (Some((name, text)), _) => (name, text.replace("\\n", "\n")),
        (None, Some((name, count))) => {
            let count: usize = count.parse().expect("a number of bytes");
            (name, "0123456789".chars().cycle().take(count).collect())
        }
        (None, None) => (line.strip_suffix(':').expect("name: text"), String::new()),
    };
    let (name, changed) = match name.split_once(" @") {
        Some((name, seconds)) => (name, seconds.parse().expect("seconds")),
        None => (name, CHANGED),
    };
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder around it")).expect("a folder");
    fs::write(&path, content).expect("a file");
    let file = fs::File::options()
        .write(true)
        .open(&path)
        .expect("the file");
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
    file.set_modified(time).expect("its time");
}

/// A fenced block: the word behind the fence, and the lines of its text.
struct Block {
    kind: String,
    first: usize,
    end: usize,
}

/// One request with what must come out.
pub struct Case {
    /// The heading.
    pub name: String,
    /// Raw HTTP as it is written in the file.
    pub request: String,
    /// What the site answers.
    pub response: String,
    /// What Caddy answers, if that differs.
    pub caddy: Option<String>,
    /// The lines of the response in the file.
    pub lines: std::ops::Range<usize>,
}

/// A Caddyfile with its cases.
pub struct Site {
    /// The Caddyfile.
    pub caddyfile: String,
    /// Its files.
    pub files: String,
    /// What its upstream answers.
    pub upstream: Vec<String>,
    /// The grammar of requests to it.
    pub grammar: String,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// Takes a file apart.
pub fn parse(text: &str) -> Vec<Site> {
    let lines: Vec<&str> = text.lines().collect();
    let mut sites: Vec<Site> = Vec::new();
    let (mut name, mut request) = (String::new(), String::new());
    let mut at = 0;
    while at < lines.len() {
        if let Some(heading) = lines[at].strip_prefix("## ") {
            name = heading.to_owned();
        }
        let Some(kind) = lines[at].strip_prefix("```") else {
            at += 1;
            continue;
        };
        let first = at + 1;
        let end = lines[first..]
            .iter()
            .position(|line| line.starts_with("```"));
        let end = first + end.unwrap_or_else(|| panic!("{name}: a block is not closed"));
        let block = Block {
            kind: kind.to_owned(),
            first,
            end,
        };
        let text = lines[block.first..block.end].join("\n");
        take(block, text, &name, &mut request, &mut sites);
        at = end + 1;
    }
    sites
}

fn take(block: Block, text: String, name: &str, request: &mut String, sites: &mut Vec<Site>) {
    match (&*block.kind, sites.last_mut()) {
        ("caddyfile", _) => sites.push(Site {
            caddyfile: text + "\n",
            files: String::new(),
            upstream: Vec::new(),
            grammar: String::new(),
            cases: Vec::new(),
        }),
        ("files", Some(site)) => site.files = text,
        ("upstream", Some(site)) => site.upstream.push(text),
        ("grammar", Some(site)) => site.grammar = text,
        ("request", _) => *request = text,
        ("response", Some(site)) => site.cases.push(Case {
            name: name.to_owned(),
            request: std::mem::take(request),
            response: text,
            caddy: None,
            lines: block.first..block.end,
        }),
        ("caddy", Some(site)) => {
            let case = site.cases.last_mut();
            case.unwrap_or_else(|| panic!("{name}: `caddy` stands before `response`"))
                .caddy = Some(text);
        }
        (kind, _) => panic!("{name}: unknown block `{kind}`"),
    }
}

/// Puts answers in the place of the responses of a file.
pub fn bless(text: &str, answers: &[(std::ops::Range<usize>, String)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    for (range, answer) in answers {
        out.extend(&lines[at..range.start]);
        out.extend(answer.lines());
        at = range.end;
    }
    out.extend(&lines[at..]);
    out.join("\n") + "\n"
}

/// Sends a case's request on a connection of its own; the answer as files
/// have it: fields in alphabetical order without `Date`, the body behind an
/// empty line.
pub fn ask(ports: &Ports, request: &str) -> String {
    let request = ports.filled(request);
    let raw = raw(&request);
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", ports.site)) else {
        return "(nothing listens)".to_owned();
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    stream.write_all(raw.as_bytes()).expect("the server reads");
    ports.named(&answer(&mut BufReader::new(stream), &request))
}

/// The answer to a request, as files have it.
pub fn answer(reader: &mut impl BufRead, request: &str) -> String {
    let mut out = String::new();
    loop {
        let Some((status, fields)) = read_head(reader) else {
            return out + "(the connection ends)";
        };
        out += &status;
        let encoded = is_encoded(&fields);
        for (name, value) in &fields {
            // How long a body is once encoded is the encoder's affair.
            if !(encoded && matches!(&**name, "Content-Length" | "Transfer-Encoding")) {
                out += &format!("\n{name}: {value}");
            }
        }
        if !status.contains(" 1") {
            let empty = request.starts_with("HEAD ") || no_body(&status);
            let body = read_body(reader, &fields, empty);
            if !body.is_empty() {
                out += &format!("\n\n{body}");
            }
            return out;
        }
        out += "\n\n";
    }
}

/// A request as it goes over the wire.
pub fn raw(request: &str) -> String {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let head = head.replace('\n', "\r\n");
    // Lines are a part of how bodies are framed only in chunks.
    let body = match head.contains("\r\nTransfer-Encoding: chunked") {
        true => body.replace('\n', "\r\n"),
        false => body.to_owned(),
    };
    format!("{head}\r\n\r\n{body}")
}

fn no_body(status: &str) -> bool {
    [" 204", " 304"].iter().any(|code| status.contains(code))
}

type Fields = Vec<(String, String)>;

fn read_head(reader: &mut impl BufRead) -> Option<(String, Fields)> {
    let mut next = || {
        let mut line = Vec::new();
        // A connection that was reset ends like one that was closed.
        let _ = reader.read_until(b'\n', &mut line);
        let line = String::from_utf8_lossy(&line).into_owned();
        line.strip_suffix("\r\n").map(str::to_owned)
    };
    let status = next()?;
    let mut fields = Fields::new();
    while let Some(line) = next().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    fields.retain(|(name, _)| name != "Date");
    fields.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    Some((status.trim_end().to_owned(), fields))
}

fn read_body(reader: &mut impl BufRead, fields: &Fields, empty: bool) -> String {
    let field = |wanted: &str| {
        let found = fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    };
    let mut body = Vec::new();
    let mut read = |limit: u64| {
        let mut part = Vec::new();
        // What came before a reset counts.
        let _ = reader.by_ref().take(limit).read_to_end(&mut part);
        part
    };
    if empty {
        return String::new();
    }
    if field("Transfer-Encoding") == Some("chunked") {
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                let byte = read(1);
                assert!(!byte.is_empty(), "the body ends early");
                line.extend(byte);
            }
            let len = String::from_utf8_lossy(&line[..line.len() - 2]).into_owned();
            let len = u64::from_str_radix(&len, 16).expect("the length of a chunk");
            body.extend(read(len));
            read(2);
            if len == 0 {
                break;
            }
        }
    } else {
        let len = field("Content-Length").map(|len| len.parse().expect("a length"));
        body = read(len.unwrap_or(u64::MAX));
    }
    let plain = match field("Content-Encoding") {
        Some("gzip") if body.starts_with(&[0x1f, 0x8b]) => {
            let mut plain = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(&body[..]);
            decoder.read_to_end(&mut plain).expect("gzip");
            plain
        }
        Some("zstd") if body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => {
            zstd::stream::decode_all(&body[..]).expect("zstd")
        }
        _ => body,
    };
    // Files do not tell how a body ends its lines.
    String::from_utf8_lossy(&plain).replace("\r\n", "\n")
}

/// Whether the body of a response was encoded on its way: then no part of it
/// can be asked for.
fn is_encoded(fields: &Fields) -> bool {
    let coded = |(name, value): &(String, String)| {
        name == "Content-Encoding" && matches!(&**value, "gzip" | "zstd")
    };
    let whole = !fields.iter().any(|(name, _)| name == "Accept-Ranges");
    whole && fields.iter().any(coded)
}
