//! Upstreams for tests of proxies.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Answers requests on a port of this machine, as long as the test runs: what
/// `answer` makes of a request's head is sent as it is.
pub fn upstream(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    serve(listener, answer);
    port
}

/// As [`upstream`], for a listener that is there.
pub fn serve(listener: TcpListener, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
    let answer = std::sync::Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), answer) = (stream, std::sync::Arc::clone(&answer)) else {
                return;
            };
            thread::spawn(move || answer_all(stream, &*answer));
        }
    });
}

fn answer_all(mut stream: TcpStream, answer: &dyn Fn(&str) -> Vec<u8>) {
    while let Some(head) = read_head(&mut stream) {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if std::io::copy(&mut (&stream).take(length), &mut std::io::sink()).is_err() {
            return;
        }
        let bytes = answer(&head);
        // An empty answer breaks the connection off.
        if bytes.is_empty() || stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// A head with its empty line; none if the connection ends.
pub fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A response with a status and a body.
pub fn response(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}
