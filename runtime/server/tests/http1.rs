//! HTTP/1 as clients see it, with a site that answers everything.

mod support;

use std::io::{Read, Write};

use support::{SiteBuilder, connect, on_each_driver, read_response, respond, talk, without_date};
use zs_server::LoadedSite;

fn hello() -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    site.response(200, "Hello");
    let entry = site.entry("main", respond::<0>);
    site.server_with(entry, |server| server.header_bytes_max = 4096);
    site.load()
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\nServer: zeroserve\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nHello";

fn closing(answer: &str) -> String {
    answer.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
}

#[test]
fn answers_and_keeps_the_connection() {
    on_each_driver(hello(), |address| {
        let mut stream = connect(address);
        for _ in 0..3 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
            assert_eq!(read_response(&mut stream), ANSWER);
        }
        let last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(last).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(String::from_utf8_lossy(&rest).contains("\r\nDate: "));
        assert_eq!(without_date(&rest), closing(ANSWER));
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    on_each_driver(hello(), |address| {
        let mut requests = Vec::new();
        for number in 0..2_000 {
            write!(requests, "GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        }
        requests.extend_from_slice(b"GET / HTTP/1.0\r\n\r\n");
        let answers = talk(address, &requests);
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2_001);
        assert!(answers.ends_with(&closing(ANSWER)));
    });
}

#[test]
fn bytes_may_come_one_by_one() {
    on_each_driver(hello(), |address| {
        let mut stream = connect(address);
        stream.set_nodelay(true).unwrap();
        let request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
            3;x\r\nabc\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for byte in request {
            stream.write_all(&[*byte]).unwrap();
        }
        assert_eq!(read_response(&mut stream), ANSWER);
        assert_eq!(read_response(&mut stream), ANSWER);
    });
}

#[test]
fn versions_and_methods() {
    on_each_driver(hello(), |address| {
        assert_eq!(talk(address, b"GET / HTTP/1.0\r\n\r\n"), closing(ANSWER));
        let mut stream = connect(address);
        let old = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
        stream.write_all(old).unwrap();
        let kept = ANSWER.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(read_response(&mut stream), kept);
        let head = b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let expected = closing(ANSWER.strip_suffix("Hello").unwrap());
        assert_eq!(talk(address, head), expected);
        let absolute = b"GET http://b/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert_eq!(talk(address, absolute), closing(ANSWER));
    });
}

#[test]
fn a_half_closed_client_gets_its_answer() {
    on_each_driver(hello(), |address| {
        let mut stream = connect(address);
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(without_date(&answer).starts_with("HTTP/1.1 200 OK\r\n"));
    });
}

#[test]
fn bodies_that_nobody_reads() {
    on_each_driver(hello(), |address| {
        // A short one is dropped, and the connection goes on.
        let mut stream = connect(address);
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
        for _ in 0..2 {
            stream.write_all(head).unwrap();
            assert_eq!(read_response(&mut stream), ANSWER);
            stream.write_all(&[b'x'; 100_000]).unwrap();
        }
        // A long one is not waited for.
        let mut stream = connect(address);
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000\r\n\r\n";
        stream.write_all(head).unwrap();
        let mut answer = Vec::new();
        let _closed_or_reset = stream.read_to_end(&mut answer);
        assert_eq!(without_date(&answer), closing(ANSWER));
        // One that is announced and never asked for is not either.
        let expecting = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
            Expect: 100-continue\r\n\r\n";
        assert_eq!(talk(address, expecting), closing(ANSWER));
        // Chunks without end are cut off.
        let mut endless =
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..300 {
            endless.extend_from_slice(b"400\r\n");
            endless.extend_from_slice(&[b'x'; 1024]);
            endless.extend_from_slice(b"\r\n");
        }
        assert!(talk(address, &endless).starts_with("HTTP/1.1 200 OK\r\n"));
    });
}

#[test]
fn large_constant_bodies_stream() {
    let mut site = SiteBuilder::new();
    let body = "0123456789abcdef".repeat(200_000);
    site.response(200, &body);
    let entry = site.entry("main", respond::<0>);
    site.server(entry);
    on_each_driver(site.load(), |address| {
        let mut stream = connect(address);
        for _ in 0..2 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
            let answer = read_response(&mut stream);
            assert!(answer.ends_with(&body));
        }
    });
}

/// What is malformed is refused with the status that the case expects.
/// Lines with `>` are sent (with Rust's escapes), lines with `<` are how each
/// response begins; `open` at the end says that the connection stays.
#[test]
fn malformed_requests() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/runtime/malformed"
    );
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() > 20);
    on_each_driver(hello(), |address| {
        for path in &cases {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let case = std::fs::read_to_string(path).unwrap();
            let (mut request, mut expected, mut open) = (Vec::new(), Vec::new(), false);
            for line in case.lines() {
                match line.split_once(' ') {
                    Some((">", text)) => request.extend(unescaped(text)),
                    Some(("<", text)) => expected.push(text),
                    _ => open |= line == "open",
                }
            }
            if open {
                let mut stream = connect(address);
                stream.write_all(&request).unwrap();
                for status in &expected {
                    let answer = read_response(&mut stream);
                    assert!(answer.starts_with(status), "{name}: {answer}");
                }
                continue;
            }
            let answer = talk(address, &request);
            // Bodies do not end in a line end.
            let starts = answer.match_indices("HTTP/1.1 ");
            let statuses: Vec<_> = starts
                .filter_map(|(at, _)| answer[at..].lines().next())
                .collect();
            assert_eq!(statuses, expected, "{name}: {answer}");
        }
    });
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
            }
            Some(b'*') => {
                // `\*N;c` stands for N times the character c.
                let count: String = rest
                    .by_ref()
                    .map(char::from)
                    .take_while(|c| *c != ';')
                    .collect();
                let byte = rest.next().unwrap();
                out.extend(std::iter::repeat_n(byte, count.parse().unwrap()));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[test]
fn unix_sockets() {
    use std::os::unix::net::UnixStream;
    let path = std::env::temp_dir().join(format!("zs-http1-{}.sock", std::process::id()));
    let mut site = SiteBuilder::new();
    let body = site.template(&[
        (zs_abi::Source::RemoteHost, "", 0),
        (zs_abi::Source::Constant, "|", 0),
        (zs_abi::Source::Local, "", 0),
    ]);
    site.response_with(200, |response| response.body = body);
    let entry = site.entry("main", respond::<0>);
    site.server(entry);
    let text = site.data.text(path.to_str().unwrap());
    site.data.push(&zs_abi::tables::Listener {
        kind: zs_abi::tables::LISTEN_UNIX,
        address: [0; 4],
        port: 0,
        path: text,
        server: zs_abi::tables::ServerId(0),
        tls: 0,
    });
    // Each start finds the socket that the one before it has left behind.
    on_each_driver(site.load(), |_| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = without_date(&answer);
        assert!(
            answer.ends_with(&format!("|{}", path.display())),
            "{answer}"
        );
    });
    std::fs::remove_file(&path).unwrap();
}
