//! What streams through a proxy arrives as it is and at once: tunnels after a
//! change of protocol, and events.

mod common;
#[path = "common/peers.rs"]
mod peers;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::{Folder, Server, build, port};
use peers::read_head;
use zs_tls::client::{Connector, Session};

/// Bytes of a tunnel, each way.
const BYTES: usize = 3 << 20;

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    /// Some bytes at a time: mostly few, sometimes many.
    fn piece(&mut self) -> usize {
        let limit = [2, 130, 5_000, 200_000][self.below(4)];
        1 + self.below(limit)
    }
}

/// WebSocket frames (RFC 6455 §5.2) with random content, masked or not.
fn frames(seed: u64, masked: bool) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = Vec::new();
    while bytes.len() < BYTES {
        let length = random.piece();
        bytes.push(0x82);
        let mask = if masked { 0x80 } else { 0 };
        match length {
            0..126 => bytes.push(mask | length as u8),
            126..65_536 => {
                bytes.push(mask | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        let more = if masked { length + 4 } else { length };
        bytes.extend((0..more).map(|_| random.below(256) as u8));
    }
    bytes
}

/// Writes bytes in pieces that have nothing to do with frames.
fn write_in_pieces(mut stream: impl Write, bytes: &[u8], seed: u64) {
    let mut random = Random(seed);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(random.piece().min(rest.len()));
        stream.write_all(piece).expect("the other side reads");
        rest = behind;
        if random.below(20) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const ASK: &str = "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// An upstream for one connection, after its request's head.
fn one<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the proxy connects");
        let head = read_head(&mut stream).expect("a request");
        assert!(
            head.contains("Sec-WebSocket-Key: dGhl") || !head.contains("Upgrade"),
            "{head}"
        );
        serve(stream)
    });
    (address, thread)
}

fn proxy(upstream: SocketAddr, address: &str, lines: &str) -> String {
    format!("{address} {{\n{lines}\nreverse_proxy {upstream}\n}}\n")
}

/// The client's half of what the tunnel tests need.
struct Client {
    tcp: TcpStream,
    tls: Option<Session>,
}

impl Client {
    fn connect(port: u16, tls: bool) -> Self {
        let tcp = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        tcp.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        let connector = Connector::new(true).expect("TLS");
        let tls = tls.then(|| Session::new(&connector, b"localhost").expect("a session"));
        let mut client = Self { tcp, tls };
        while client.tls.as_ref().is_some_and(Session::is_handshaking) {
            client.flush();
            client.receive(&mut Vec::new());
        }
        client
    }

    fn flush(&mut self) {
        if let Some(tls) = &mut self.tls {
            let mut wire = Vec::new();
            tls.take(&mut wire);
            self.tcp.write_all(&wire).expect("the server reads");
        }
    }

    /// Sends bytes.
    fn send(&mut self, bytes: &[u8]) {
        match &mut self.tls {
            Some(tls) => {
                tls.put(bytes);
                self.flush();
            }
            None => self.tcp.write_all(bytes).expect("the server reads"),
        }
    }

    /// Receives some bytes; false at the end.
    fn receive(&mut self, out: &mut Vec<u8>) -> bool {
        let mut buffer = vec![0; 50_000];
        let count = self.tcp.read(&mut buffer).unwrap_or(0);
        let bytes = &buffer[..count];
        match &mut self.tls {
            Some(tls) => {
                let over = tls.feed(bytes, out).expect("TLS goes on");
                self.flush();
                count > 0 && !over
            }
            None => {
                out.extend_from_slice(bytes);
                count > 0
            }
        }
    }

    /// Receives until so many bytes are there.
    fn receive_until(&mut self, out: &mut Vec<u8>, enough: impl Fn(&[u8]) -> bool) {
        while !enough(out) {
            assert!(
                self.receive(out),
                "the stream ends after {} bytes",
                out.len()
            );
        }
    }
}

/// The end of a head.
fn head_len(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// Frames go both ways at once and arrive byte for byte; then the upstream
/// ends, and so does the client's stream.
fn frames_pass(tls: bool) {
    let (upstream, its) = one(|stream| {
        let mut writer = stream.try_clone().expect("a handle");
        let sent = thread::spawn(move || {
            writer
                .write_all(SWITCH.as_bytes())
                .expect("the proxy reads");
            write_in_pieces(writer, &frames(11, false), 12);
        });
        let mut got = vec![0; frames(21, true).len()];
        (&stream).read_exact(&mut got).expect("all of it");
        sent.join().expect("it was sent");
        got
    });
    let (folder, port) = (Folder::new("tunnel"), port());
    let caddyfile = match tls {
        true => proxy(
            upstream,
            &format!("https://localhost:{port}"),
            "tls internal\nencode gzip",
        ),
        false => proxy(upstream, &format!(":{port}"), "encode gzip"),
    };
    let site = build(&folder, &caddyfile, &[]);
    let data = ("XDG_DATA_HOME", folder.path("data").display().to_string());
    let home = ("HOME", folder.path("home").display().to_string());
    let _server = Server::start_with(&site, &["--workers=1"], port, &[data, home]);
    let mut client = Client::connect(port, tls);
    client.send(ASK.as_bytes());
    let mut got = Vec::new();
    client.receive_until(&mut got, |bytes| head_len(bytes).is_some());
    let head = got
        .drain(..head_len(&got).expect("a head"))
        .collect::<Vec<u8>>();
    let head = String::from_utf8_lossy(&head).into_owned();
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{head}"
    );
    assert!(head.contains("Sec-Websocket-Accept: s3pPLM"), "{head}");
    let (ours, theirs) = (frames(21, true), frames(11, false));
    if tls {
        // One thread: a session cannot be shared, so the two ways take turns.
        let mut random = Random(22);
        let mut rest = &ours[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(random.piece().min(20_000).min(rest.len()));
            client.send(piece);
            rest = behind;
            let level = theirs.len().min(ours.len() - rest.len());
            client.receive_until(&mut got, |bytes| bytes.len() >= level);
        }
    } else {
        let writer = client.tcp.try_clone().expect("a handle");
        let bytes = ours.clone();
        thread::spawn(move || write_in_pieces(writer, &bytes, 22));
    }
    let length = theirs.len();
    client.receive_until(&mut got, |bytes| bytes.len() >= length);
    assert!(got == theirs, "what the upstream sent has changed");
    assert!(
        its.join().expect("the upstream ends") == ours,
        "what the client sent has changed"
    );
    assert!(
        !client.receive(&mut got) && got.len() == length,
        "the end passes"
    );
}

#[test]
fn frames_pass_byte_for_byte() {
    frames_pass(false);
}

#[test]
fn frames_pass_byte_for_byte_over_tls() {
    frames_pass(true);
}

/// A tunnel through a site of its own: the client, and what the upstream makes
/// of its stream.
fn tunnel<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Folder, Server, TcpStream, JoinHandle<T>) {
    let (upstream, its) = one(|mut stream: TcpStream| {
        stream
            .write_all(SWITCH.as_bytes())
            .expect("the proxy reads");
        serve(stream)
    });
    let (folder, port) = (Folder::new("ends"), port());
    let site = build(&folder, &proxy(upstream, &format!(":{port}"), ""), &[]);
    let server = Server::start(&site, &["--workers=1"], port);
    let mut client = Client::connect(port, false);
    client.send(ASK.as_bytes());
    client.receive_until(&mut Vec::new(), |bytes| head_len(bytes).is_some());
    (folder, server, client.tcp, its)
}

fn to_the_end(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn ends_and_resets_pass() {
    // The client says that it sends nothing more, and still hears.
    let (_folder, _server, mut client, its) = tunnel(|mut stream| {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).expect("an end in order");
        stream.write_all(b"goodbye").expect("the proxy reads");
        heard
    });
    client.write_all(b"that is all").expect("the server reads");
    client.shutdown(Shutdown::Write).expect("an open stream");
    assert_eq!(to_the_end(client), b"goodbye");
    assert_eq!(its.join().expect("it ends"), b"that is all");
    // The client is gone.
    let (_folder, _server, client, its) = tunnel(to_the_end);
    drop(client);
    assert_eq!(its.join().expect("it ends"), b"");
    // The upstream goes without having read: that is a reset.
    let (_folder, _server, mut client, its) = tunnel(|stream| {
        thread::sleep(Duration::from_millis(100));
        drop(stream);
    });
    client.write_all(b"unread").expect("the server reads");
    assert_eq!(to_the_end(client), b"");
    its.join().expect("it ends");
}

/// Each event arrives before the next one is sent.
fn events_arrive(lines: &str, encoding: Option<&str>) {
    let (go, wait) = mpsc::channel::<String>();
    let (upstream, its) = one(move |mut stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("the proxy reads");
        for event in wait {
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            stream.write_all(chunk.as_bytes()).expect("the proxy reads");
        }
        stream.write_all(b"0\r\n\r\n").expect("the proxy reads");
    });
    let (folder, port) = (Folder::new("events"), port());
    let site = build(&folder, &proxy(upstream, &format!(":{port}"), lines), &[]);
    let _server = Server::start(&site, &["--workers=1"], port);
    let mut client = Client::connect(port, false);
    let accept = encoding.map_or(String::new(), |encoding| {
        format!("Accept-Encoding: {encoding}\r\n")
    });
    // HTTP/1.0: the body comes without chunks.
    client.send(format!("GET / HTTP/1.0\r\nHost: localhost\r\n{accept}\r\n").as_bytes());
    let mut got = Vec::new();
    client.receive_until(&mut got, |bytes| head_len(bytes).is_some());
    let head: Vec<u8> = got.drain(..head_len(&got).expect("a head")).collect();
    let head = String::from_utf8_lossy(&head).into_owned();
    assert_eq!(
        head.contains("Content-Encoding: "),
        encoding.is_some(),
        "{head}"
    );
    let mut expected = String::new();
    for number in 0..20 {
        let event = format!("id: {number}\ndata: {}\n\n", "x".repeat(number * 37));
        expected += &event;
        go.send(event).expect("the upstream waits");
        client.receive_until(&mut got, |bytes| {
            plain(bytes, encoding) == expected.as_bytes()
        });
    }
    drop(go);
    while client.receive(&mut got) {}
    assert_eq!(plain(&got, encoding), expected.as_bytes());
    its.join().expect("it ends");
}

/// What can be decoded of a body so far.
fn plain(bytes: &[u8], encoding: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder: Box<dyn Read + '_> = match encoding {
        None => return bytes.to_vec(),
        Some("gzip") => Box::new(flate2::read::GzDecoder::new(bytes)),
        Some(_) => Box::new(zstd::stream::read::Decoder::new(bytes).expect("zstd")),
    };
    let mut buffer = [0; 4096];
    // The end is not there yet, which the decoder takes for a mistake.
    while let Ok(count @ 1..) = decoder.read(&mut buffer) {
        out.extend_from_slice(&buffer[..count]);
    }
    out
}

#[test]
fn events_arrive_at_once() {
    events_arrive("", None);
    events_arrive(
        "encode gzip zstd {\nmatch header Content-Type text/*\n}",
        Some("gzip"),
    );
    events_arrive(
        "encode gzip zstd {\nmatch header Content-Type text/*\n}",
        Some("zstd"),
    );
}
