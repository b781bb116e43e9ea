//! The resolver against name servers on the loopback, on each driver.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zs_io::{DriverKind, Loop};

use super::message::tests::reply;
use super::*;

/// A name server that knows `a.test` and, over TCP only, `long.test`.
fn name_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let (udp, tcp) = datagrams_and_streams();
    let address = udp.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let known: [IpAddr; 2] = [[10, 0, 0, 1].into(), "fd00::1".parse().unwrap()];
    let contains = |bytes: &[u8], name: &[u8]| bytes.windows(name.len()).any(|w| w == name);
    thread::spawn(move || {
        let mut buffer = [0; 512];
        loop {
            let (len, from) = udp.recv_from(&mut buffer).unwrap();
            let question = &buffer[..len];
            count.fetch_add(1, Ordering::SeqCst);
            let found = contains(question, b"\x01a\x04test\x00");
            let long = contains(question, b"\x04long\x04test\x00");
            let addresses = (found || long).then_some(&known[..]);
            // A datagram of somebody else comes first.
            udp.send_to(b"nonsense", from).unwrap();
            udp.send_to(&reply(question, addresses, long), from)
                .unwrap();
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut len = [0; 2];
            while stream.read_exact(&mut len).is_ok() {
                let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
                stream.read_exact(&mut question).unwrap();
                let answer = reply(&question, Some(&known), false);
                for byte in (answer.len() as u16).to_be_bytes().iter().chain(&answer) {
                    stream.write_all(&[*byte]).unwrap();
                }
            }
        }
    });
    (address, asked)
}

/// Sockets of both kinds on the same port. The system chooses it among those
/// that are free for datagrams; for streams it may be taken.
fn datagrams_and_streams() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for datagrams and streams");
}

fn on_each_driver(test: impl Fn(&mut Loop)) {
    test(&mut Loop::new(DriverKind::Epoll).unwrap());
    match Loop::new(DriverKind::Uring) {
        Ok(mut io) => test(&mut io),
        Err(error) => eprintln!("SKIPPED on io_uring: {error}"),
    }
}

fn resolver(servers: &[SocketAddr]) -> Resolver {
    let settings = Settings {
        servers: servers.to_vec(),
        search: vec!["test".to_string()],
        dots: 1,
        attempts: 2,
    };
    Resolver::new(Hosts::default(), settings)
}

const WAITING: Key = Key {
    index: 5,
    generation: 1,
};

/// Looks a name up and waits for the result.
fn resolve(io: &mut Loop, resolver: &mut Resolver, name: &str) -> Result<Vec<IpAddr>, String> {
    let token: MakeToken<'_> = &Token;
    match resolver.look_up(io, name.as_bytes(), WAITING, token) {
        Lookup::Known(addresses) => return Ok(addresses),
        Lookup::Failed(reason) => return Err(reason),
        Lookup::Pending => {}
    }
    let mut events = Vec::new();
    loop {
        io.turn(None, &mut events).unwrap();
        for event in std::mem::take(&mut events) {
            let number = match &event {
                Event::Received { token, .. }
                | Event::Sent { token, .. }
                | Event::Connected { token, .. }
                | Event::Ended { token }
                | Event::ReceiveFailed { token, .. }
                | Event::Timer { token } => token.0,
                _ => continue,
            };
            if let Some((key, result)) = resolver.event(io, number, event, token).pop() {
                assert_eq!(key, WAITING);
                return result;
            }
        }
    }
}

#[test]
fn names_are_asked_for_and_kept() {
    let (server, asked) = name_server();
    let both: [IpAddr; 2] = [[10, 0, 0, 1].into(), "fd00::1".parse().unwrap()];
    on_each_driver(|io| {
        let mut resolver = resolver(&[server]);
        assert_eq!(resolve(io, &mut resolver, "A.test").unwrap(), both);
        let count = asked.load(Ordering::SeqCst);
        assert_eq!(resolve(io, &mut resolver, "a.TEST").unwrap(), both);
        assert_eq!(asked.load(Ordering::SeqCst), count);
        // By the search list.
        assert_eq!(resolve(io, &mut resolver, "a").unwrap(), both);
        assert_eq!(resolve(io, &mut resolver, "long.test").unwrap(), both);
        let absent = resolve(io, &mut resolver, "b.test").unwrap_err();
        assert_eq!(absent, "b.test: no such host");
        resolver.close_all(io);
    });
}

#[test]
fn another_server_is_asked_when_one_is_silent() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (server, _) = name_server();
    on_each_driver(|io| {
        let mut resolver = resolver(&[silent.local_addr().unwrap(), server]);
        assert!(resolve(io, &mut resolver, "a.test").is_ok());
    });
}

#[test]
fn what_needs_no_question() {
    on_each_driver(|io| {
        let mut resolver = resolver(&[]);
        for (name, count) in [
            ("10.0.0.1", 1),
            ("[::1]", 1),
            ("localhost", 2),
            ("x.localhost.", 2),
        ] {
            let addresses = resolve(io, &mut resolver, name).unwrap();
            assert_eq!(addresses.len(), count, "{name}");
        }
        for name in ["", "a..b", &"x".repeat(300)] {
            assert!(resolve(io, &mut resolver, name).is_err(), "{name}");
        }
    });
}
