//! The proxy between clients and upstreams that behave well or badly.

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use support::{SiteBuilder, action, connect, on_each_driver, read_response, talk, without_date};
use zs_abi::tables::{LISTEN_TCP, Proxy, Upstream};
use zs_abi::{ActionKind, Capability};
use zs_server::LoadedSite;

extern "C" fn pass_on(_: u64, _: u64) -> u64 {
    action(ActionKind::Proxy, 0, None)
}

/// A site that passes everything on to one upstream.
fn site(upstream: SocketAddr, change: impl Fn(&mut Proxy)) -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    site.capability(Capability::Proxy);
    let (host, port) = (
        site.text(upstream.ip().to_string()),
        site.text(upstream.port().to_string()),
    );
    let upstreams = site.data.extend(&[Upstream {
        kind: LISTEN_TCP,
        host,
        port,
    }]);
    let mut proxy = Proxy {
        upstreams,
        request_entry: None,
        response_entry: None,
        dial_ms: 3_000,
        handshake_ms: 10_000,
        response_header_ms: 0,
        read_ms: 0,
        write_ms: 0,
        flags: 0,
        server_name: Default::default(),
        keepalive_ms: 120_000,
        idle_max: 32,
        balance: None,
    };
    change(&mut proxy);
    site.data.push(&proxy);
    let entry = site.entry("main", pass_on);
    site.server(entry);
    site.load()
}

/// An upstream that treats each connection with `serve`, which is told the
/// connection's number. It ends with the test.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    fn start(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, serve) = (stream.unwrap(), Arc::clone(&serve));
                let number = count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(stream, number));
            }
        });
        Self { address, accepted }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads one head; `None` at the end of the connection.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Answers each request with the head that came.
fn echo_heads(mut stream: TcpStream, _: usize) {
    while let Some(head) = read_head(&mut stream) {
        let length = head.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nServer: up\r\nX-A: 1\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\n\
             Content-Length: {length}\r\n\r\n{head}"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(10);

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn heads_are_rewritten_and_lines_are_kept() {
    let upstream = Server::start(echo_heads);
    let before = Arc::clone(&upstream.accepted);
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let start = before.load(Ordering::SeqCst);
        let mut stream = connect(address);
        for _ in 0..3 {
            stream
                .write_all(
                    b"GET /x?y=z HTTP/1.1\r\nHost: a.test:8\r\nConnection: keep-alive, X-Mine\r\n\
                    X-Mine: 1\r\nKeep-Alive: 3\r\nTE: trailers\r\nX-Forwarded-For: 6.6.6.6\r\n\
                    x-forwarded-proto: gopher\r\nUser-Agent: t\r\n\r\n",
                )
                .unwrap();
            assert_eq!(
                read_response(&mut stream),
                "HTTP/1.1 200 OK\r\nVia: 1.1 zeroserve\r\nServer: up\r\nX-A: 1\r\n\
                 Content-Length: 169\r\n\r\n\
                 GET /x?y=z HTTP/1.1\r\nHost: a.test:8\r\nUser-Agent: t\r\nTe: trailers\r\n\
                 X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n\
                 X-Forwarded-Host: a.test:8\r\nVia: 1.1 zeroserve\r\n\r\n"
            );
        }
        assert_eq!(before.load(Ordering::SeqCst), start + 1);
    });
}

/// Reads a request with a chunked or counted body, and gives the body back in
/// chunks.
fn echo_bodies(mut stream: TcpStream, _: usize) {
    while let Some(head) = read_head(&mut stream) {
        let mut body = Vec::new();
        if let Some(length) = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
        {
            body.resize(length.parse().unwrap(), 0);
            stream.read_exact(&mut body).unwrap();
        } else if head.contains("Transfer-Encoding: chunked") {
            loop {
                let size = read_line(&mut stream);
                let size = usize::from_str_radix(size.trim(), 16).unwrap();
                let start = body.len();
                body.resize(start + size, 0);
                stream.read_exact(&mut body[start..]).unwrap();
                read_line(&mut stream);
                if size == 0 {
                    break;
                }
            }
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .unwrap();
        for piece in body.chunks(100_000) {
            write!(stream, "{:x}\r\n", piece.len()).unwrap();
            stream.write_all(piece).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\nT: 1\r\n\r\n").unwrap();
    }
}

fn read_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

/// What is in the chunks of an answer.
fn unchunked(answer: &[u8]) -> Vec<u8> {
    let start = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let mut rest = &answer[start..];
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            assert_eq!(&rest[end..], b"\r\n\r\n");
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}

#[test]
fn bodies_pass_both_ways() {
    let upstream = Server::start(echo_bodies);
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
            Expect: 100-continue\r\nConnection: close\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        let answer = talk(address, chunked);
        let answer = answer
            .strip_prefix("HTTP/1.1 100 Continue\r\n\r\n")
            .unwrap();
        assert_eq!(unchunked(answer.as_bytes()), b"abcde");
        let empty = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert_eq!(unchunked(talk(address, empty).as_bytes()), b"");
        // Many times what may wait in between, while nobody reads at first.
        let body: Vec<u8> = (0..24_000_000_u32).map(|n| (n / 251) as u8).collect();
        let mut stream = connect(address);
        let mut writer = stream.try_clone().unwrap();
        let sent = body.clone();
        let writing = thread::spawn(move || {
            write!(
                writer,
                "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                sent.len()
            )
            .unwrap();
            writer.write_all(&sent).unwrap();
        });
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        writing.join().unwrap();
        assert!(unchunked(&answer) == body);
    });
}

#[test]
fn bodies_without_length_end_with_the_connection() {
    let upstream = Server::start(|mut stream, _| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        for byte in b"slow" {
            thread::sleep(Duration::from_millis(20));
            stream.write_all(&[*byte]).unwrap();
        }
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let answer = talk(address, GET);
        assert!(answer.contains("Via: 1.0 zeroserve\r\n"), "{answer}");
        assert_eq!(unchunked(answer.as_bytes()), b"slow");
    });
}

#[test]
fn responses_may_come_byte_by_byte() {
    let upstream = Server::start(|mut stream, _| {
        stream.set_nodelay(true).unwrap();
        read_head(&mut stream);
        let answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for byte in answer {
            stream.write_all(&[*byte]).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let answer = talk(address, GET);
        let (early, answer) = answer.split_once("\r\n\r\n").unwrap();
        assert!(early.starts_with("HTTP/1.1 103 Early Hints\r\n"), "{early}");
        assert!(early.contains("Link: </x>"));
        assert_eq!(unchunked(answer.as_bytes()), b"abc");
    });
}

#[test]
fn responses_without_body() {
    let upstream = Server::start(|mut stream, _| {
        while let Some(head) = read_head(&mut stream) {
            let answer: &[u8] = if head.starts_with("HEAD") {
                b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"
            } else if head.contains(" /204 ") {
                b"HTTP/1.1 204 No Content\r\n\r\n"
            } else {
                b"HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\nContent-Length: 77\r\n\r\n"
            };
            stream.write_all(answer).unwrap();
        }
    });
    let accepted = Arc::clone(&upstream.accepted);
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let start = accepted.load(Ordering::SeqCst);
        let mut stream = connect(address);
        stream
            .write_all(
                b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\n\
                GET /304 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            )
            .unwrap();
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).unwrap();
        assert_eq!(
            without_date(&answers),
            "HTTP/1.1 200 OK\r\nVia: 1.1 zeroserve\r\nContent-Length: 77\r\n\r\n\
             HTTP/1.1 204 No Content\r\nVia: 1.1 zeroserve\r\n\r\n\
             HTTP/1.1 304 Not Modified\r\nVia: 1.1 zeroserve\r\nEtag: \"x\"\r\n\
             Connection: close\r\n\r\n"
        );
        assert_eq!(accepted.load(Ordering::SeqCst), start + 1);
    });
}

#[test]
fn an_upstream_that_is_not_there() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    on_each_driver(site(address, |_| {}), |address| {
        let answer = talk(address, GET);
        assert!(
            answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
            "{answer}"
        );
    });
}

#[test]
fn an_upstream_that_says_nothing() {
    let upstream = Server::start(|mut stream, _| while read_head(&mut stream).is_some() {});
    let site = site(upstream.address, |proxy| proxy.response_header_ms = 100);
    on_each_driver(site, |address| {
        let answer = talk(address, GET);
        assert!(
            answer.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"),
            "{answer}"
        );
    });
}

#[test]
fn an_upstream_that_stops_within_a_body() {
    let upstream = Server::start(|mut stream, _| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            .unwrap();
        // Until the other side gives up.
        let _end = stream.read(&mut [0]);
    });
    let site = site(upstream.address, |proxy| proxy.read_ms = 100);
    on_each_driver(site, |address| {
        let mut stream = connect(address);
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let _reset_or_end = stream.read_to_end(&mut answer);
        let answer = without_date(&answer);
        assert!(answer.ends_with("\r\n\r\nabc"), "{answer}");
    });
}

#[test]
fn an_upstream_that_takes_no_more() {
    let held = Mutex::new(Vec::new());
    let upstream = Server::start(move |mut stream, _| {
        read_head(&mut stream);
        // Neither read nor closed.
        held.lock().unwrap().push(stream);
    });
    let site = site(upstream.address, |proxy| proxy.write_ms = 100);
    on_each_driver(site, |address| {
        let mut stream = connect(address);
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut sender = stream.try_clone().unwrap();
        let sending = thread::spawn(move || {
            let (start, piece) = (Instant::now(), [b'x'; 1 << 16]);
            // The server answers and closes before it has everything.
            while start.elapsed() < PATIENCE && sender.write_all(&piece).is_ok() {}
            start.elapsed()
        });
        let mut answer = [0; 32];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 504 Gateway Timeout\r\nSe");
        drop(stream);
        assert!(sending.join().unwrap() < PATIENCE);
    });
}

#[test]
fn an_upstream_that_does_not_accept() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // With no place for a connection that waits to be accepted but one, the
    // next one's handshake is not answered.
    rustix::net::listen(&listener, 0).unwrap();
    let _waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let site = site(listener.local_addr().unwrap(), |proxy| proxy.dial_ms = 150);
    on_each_driver(site, |address| {
        let start = Instant::now();
        let answer = talk(address, GET);
        assert!(
            answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
            "{answer}"
        );
        let taken = start.elapsed();
        assert!(taken >= Duration::from_millis(150), "{taken:?}");
        // Not by the system's own patience of minutes.
        assert!(taken < PATIENCE, "{taken:?}");
    });
}

#[test]
fn lines_are_kept_for_their_time() {
    let (tell, told) = mpsc::channel();
    let upstream = Server::start(move |stream, number| {
        echo_heads(stream, number);
        tell.send(Instant::now()).unwrap();
    });
    let accepted = Arc::clone(&upstream.accepted);
    let site = site(upstream.address, |proxy| proxy.keepalive_ms = 300);
    on_each_driver(site, |address| {
        let start = accepted.load(Ordering::SeqCst);
        let mut stream = connect(address);
        let mut ask = || {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
            read_response(&mut stream)
        };
        ask();
        let asked = Instant::now();
        ask();
        assert_eq!(accepted.load(Ordering::SeqCst), start + 1);
        let ended = told.recv_timeout(PATIENCE).unwrap();
        assert!(ended - asked >= Duration::from_millis(300));
        ask();
        assert_eq!(accepted.load(Ordering::SeqCst), start + 2);
        drop(stream);
        // The second line's end, too, before the next driver's turn.
        told.recv_timeout(PATIENCE).unwrap();
    });
}

#[test]
fn an_upstream_that_speaks_nonsense() {
    for nonsense in [
        &b"HTTP/1.1 2000 OK\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"",
    ] {
        let upstream = Server::start(move |mut stream, _| {
            read_head(&mut stream);
            stream.write_all(nonsense).unwrap();
        });
        on_each_driver(site(upstream.address, |_| {}), |address| {
            let answer = talk(address, GET);
            assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
        });
    }
}

#[test]
fn an_upstream_that_dies_within_a_body() {
    let upstream = Server::start(|mut stream, _| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            .unwrap();
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let mut stream = connect(address);
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let _reset_or_end = stream.read_to_end(&mut answer);
        let answer = without_date(&answer);
        assert!(answer.contains("Content-Length: 10\r\n"));
        assert!(answer.ends_with("\r\n\r\nabc"), "{answer}");
    });
}

#[test]
fn lines_that_end_while_idle_are_not_used() {
    let upstream = Server::start(|mut stream, _| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let mut stream = connect(address);
        for _ in 0..5 {
            stream
                .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
                .unwrap();
            let answer = read_response(&mut stream);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            // Until the end of the line has been seen.
            thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn requests_that_cross_a_lines_end_are_sent_again() {
    // Each connection answers one request and ends at the second.
    let upstream = Server::start(|mut stream, _| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        read_head(&mut stream);
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let mut stream = connect(address);
        let mut ask = |request: &[u8]| {
            stream.write_all(request).unwrap();
            read_response(&mut stream)
        };
        let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
        assert!(ask(get).starts_with("HTTP/1.1 200 "));
        assert!(ask(get).starts_with("HTTP/1.1 200 "));
        assert!(ask(post).starts_with("HTTP/1.1 502 "));
        assert!(ask(post).starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn a_client_that_leaves_takes_its_line_along() {
    let (tell, told) = mpsc::channel();
    let upstream = Server::start(move |mut stream, _| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            .unwrap();
        // Until the proxy closes.
        let end = stream.read(&mut [0]);
        tell.send(matches!(end, Ok(0) | Err(_))).unwrap();
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let mut stream = connect(address);
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        let mut some = [0; 20];
        stream.read_exact(&mut some).unwrap();
        // With unread bytes, so that the peer sees a reset.
        drop(stream);
        assert!(told.recv_timeout(Duration::from_secs(20)).unwrap());
    });
}

#[test]
fn other_protocols_pass_through() {
    let upstream = Server::start(|mut stream, _| {
        let head = read_head(&mut stream).unwrap();
        assert!(head.contains("Connection: Upgrade\r\n"), "{head}");
        assert!(head.contains("Upgrade: echo\r\n"), "{head}");
        // As RFC 6455 spells it, whoever has spelled it otherwise.
        assert!(head.contains("Sec-WebSocket-Key: k\r\n"), "{head}");
        stream
            .write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi",
            )
            .unwrap();
        let mut buffer = [0; 1000];
        loop {
            match stream.read(&mut buffer).unwrap() {
                0 => break,
                len => stream.write_all(&buffer[..len]).unwrap(),
            }
        }
        stream.write_all(b"bye").unwrap();
    });
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let mut stream = connect(address);
        stream
            .write_all(
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nsec-websocket-key: k\r\n\r\nearly",
            )
            .unwrap();
        let head = read_head(&mut stream).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        assert!(head.contains("Upgrade: echo\r\n"), "{head}");
        let mut hi = [0; 7];
        stream.read_exact(&mut hi).unwrap();
        assert_eq!(&hi, b"hiearly");
        stream.write_all(b"more").unwrap();
        let mut more = [0; 4];
        stream.read_exact(&mut more).unwrap();
        assert_eq!(&more, b"more");
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "bye");
    });
}

#[test]
fn lines_are_shared_by_many_clients() {
    let upstream = Server::start(echo_heads);
    let accepted = Arc::clone(&upstream.accepted);
    on_each_driver(site(upstream.address, |_| {}), |address| {
        let start = accepted.load(Ordering::SeqCst);
        let clients: Vec<_> = (0..16)
            .map(|_| {
                thread::spawn(move || {
                    let mut stream = connect(address);
                    for _ in 0..50 {
                        stream
                            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                            .unwrap();
                        assert!(read_response(&mut stream).starts_with("HTTP/1.1 200 "));
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        assert!(accepted.load(Ordering::SeqCst) - start <= 16);
    });
    assert!(upstream.accepted() > 0);
}
