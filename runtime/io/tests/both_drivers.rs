//! What the face of the loop promises, on each driver.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;

use zs_io::{
    Address, Choice, DriverKind, Event, Key, Loop, Token, Waker, bind, connected_datagram,
    local_address, probe, stream,
};

/// Runs a test on every driver that this machine has; epoll is always there.
fn on_each(test: impl Fn(Loop)) {
    test(Loop::new(DriverKind::Epoll).unwrap());
    match probe(Choice::Uring) {
        Ok(_) => test(Loop::new(DriverKind::Uring).unwrap()),
        Err(error) => eprintln!("SKIPPED on io_uring: {error}"),
    }
}

/// Turns until `take` finds what it waits for, at most ten seconds.
fn wait<T>(l: &mut Loop, mut take: impl FnMut(Event, &mut Loop) -> Option<T>) -> T {
    let end = l.now().after(10_000);
    let mut events = Vec::new();
    while l.now() < end {
        l.turn(Some(end), &mut events).unwrap();
        for event in std::mem::take(&mut events) {
            if let Some(found) = take(event, l) {
                return found;
            }
        }
    }
    panic!("nothing has happened");
}

fn listen(l: &mut Loop) -> (Key, SocketAddr) {
    let fd = bind(&Address::Ip("127.0.0.1:0".parse().unwrap()), true).unwrap();
    let Ok(Address::Ip(address)) = local_address(fd.as_fd()) else {
        panic!("a TCP listener has an IP address");
    };
    (l.listen(fd, Token(1)), address)
}

fn accept(l: &mut Loop) -> Key {
    let fd = wait(l, |event, _| match event {
        Event::Accepted { token, socket } => (token == Token(1)).then_some(socket),
        _ => None,
    });
    l.adopt(fd, Token(2))
}

#[test]
fn echoes_a_lot() {
    on_each(|mut l| {
        let (_, address) = listen(&mut l);
        let client = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let sent: Vec<u8> = (0..3_000_000_u32).map(|i| (i / 7) as u8).collect();
            let mut writer = stream.try_clone().unwrap();
            let copy = sent.clone();
            let writing = std::thread::spawn(move || {
                writer.write_all(&copy).unwrap();
                writer.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut got = Vec::new();
            stream.read_to_end(&mut got).unwrap();
            writing.join().unwrap();
            assert!(got == sent, "{} bytes of {}", got.len(), sent.len());
        });
        let socket = accept(&mut l);
        l.receive(socket);
        let (mut waiting, mut sending, mut ended) = (Vec::new(), false, false);
        wait(&mut l, |event, l| {
            match event {
                Event::Received { data, .. } => {
                    waiting.extend_from_slice(&data);
                    // Holds the peer back while much is waiting.
                    if waiting.len() > 100_000 {
                        l.pause(socket);
                    }
                }
                Event::Sent { result, .. } => {
                    result.unwrap();
                    sending = false;
                    l.receive(socket);
                }
                Event::Ended { .. } => ended = true,
                other => panic!("{other:?}"),
            }
            if !sending && !waiting.is_empty() {
                l.send(socket, std::mem::take(&mut waiting));
                sending = true;
            }
            (ended && !sending && waiting.is_empty()).then_some(())
        });
        assert_eq!(l.sent_bytes(socket), 3_000_000);
        l.close(socket);
        l.turn(Some(l.now()), &mut Vec::new()).unwrap();
        l.turn(Some(l.now()), &mut Vec::new()).unwrap();
        client.join().unwrap();
    });
}

#[test]
fn nothing_is_told_after_close() {
    on_each(|mut l| {
        let (listener, address) = listen(&mut l);
        let mut client = TcpStream::connect(address).unwrap();
        let socket = accept(&mut l);
        l.receive(socket);
        l.send(socket, vec![0; 50_000_000]);
        l.close(socket);
        l.close(listener);
        client.write_all(b"x").unwrap_or(());
        let mut events = Vec::new();
        for _ in 0..5 {
            let until = l.now().after(20);
            l.turn(Some(until), &mut events).unwrap();
        }
        assert!(events.is_empty(), "{events:?}");
        // The descriptor is closed, too: the client sees the end.
        let mut got = Vec::new();
        let _end_or_reset = client.read_to_end(&mut got);
        assert!(got.len() < 50_000_000);
        assert!(TcpStream::connect(address).is_err());
    });
}

#[test]
fn what_ends_one_connection_leaves_the_next_alone() {
    on_each(|mut l| {
        let (_, address) = listen(&mut l);
        for round in 0..2000 {
            let first = TcpStream::connect(address).unwrap();
            let key = accept(&mut l);
            l.shutdown(key);
            l.close(key);
            // It may be given the descriptor of the first.
            let mut second = TcpStream::connect(address).unwrap();
            let key = accept(&mut l);
            l.send(key, b"x".to_vec());
            wait(&mut l, |event, _| match event {
                Event::Sent { result, .. } => Some(result),
                other => panic!("{other:?}"),
            })
            .unwrap_or_else(|error| panic!("round {round}: {error:?}"));
            let mut got = [0];
            assert_eq!(second.read(&mut got).unwrap(), 1, "round {round}");
            l.close(key);
            drop((first, second));
        }
    });
}

#[test]
fn connects_or_tells_why_not() {
    on_each(|mut l| {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Ip(server.local_addr().unwrap());
        let key = l
            .connect(stream(&address).unwrap(), &address, Token(7))
            .unwrap();
        let connected = |event, _: &mut Loop| match event {
            Event::Connected { token, result } => Some((token, result)),
            _ => None,
        };
        assert_eq!(wait(&mut l, connected), (Token(7), Ok(())));
        l.send(key, b"hello".to_vec());
        l.receive(key);
        let (mut peer, _) = server.accept().unwrap();
        wait(&mut l, |event, _| {
            matches!(event, Event::Sent { .. }).then_some(())
        });
        l.shutdown(key);
        l.turn(Some(l.now()), &mut Vec::new()).unwrap();
        let mut got = String::new();
        peer.read_to_string(&mut got).unwrap();
        assert_eq!(got, "hello");
        drop(peer);
        wait(&mut l, |event, _| {
            matches!(event, Event::Ended { .. }).then_some(())
        });
        drop(server);
        l.connect(stream(&address).unwrap(), &address, Token(8))
            .unwrap();
        let (token, result) = wait(&mut l, connected);
        assert_eq!(token, Token(8));
        assert_eq!(result.unwrap_err().0, libc::ECONNREFUSED);
    });
}

#[test]
fn datagrams_keep_their_bounds() {
    on_each(|mut l| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let fd = connected_datagram(server.local_addr().unwrap()).unwrap();
        let key = l.adopt(fd, Token(3));
        l.receive(key);
        l.send(key, b"query".to_vec());
        wait(&mut l, |event, _| {
            matches!(event, Event::Sent { .. }).then_some(())
        });
        let mut buffer = [0; 100];
        let (len, from) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"query");
        server.send_to(b"one", from).unwrap();
        server.send_to(b"two", from).unwrap();
        let mut got = Vec::new();
        wait(&mut l, |event, _| {
            if let Event::Received { data, .. } = event {
                got.push(data.to_vec());
            }
            (got.len() == 2).then_some(())
        });
        assert_eq!(got, [b"one", b"two"]);
    });
}

#[test]
fn timers_and_wakers() {
    on_each(|mut l| {
        let waker = Waker::new().unwrap();
        l.watch(waker.descriptor().unwrap(), Token(9));
        let start = l.now();
        l.timer(start.after(30), Token(30));
        l.timer(start.after(10), Token(10));
        let timer = |event, _: &mut Loop| match event {
            Event::Timer { token } => Some(token),
            _ => None,
        };
        assert_eq!(wait(&mut l, timer), Token(10));
        assert_eq!(wait(&mut l, timer), Token(30));
        assert!(l.now() >= start.after(30));
        for _ in 0..2 {
            let other = waker.clone();
            std::thread::spawn(move || other.wake());
            let ready = |event, _: &mut Loop| match event {
                Event::Ready { token } => Some(token),
                _ => None,
            };
            assert_eq!(wait(&mut l, ready), Token(9));
            waker.clear();
        }
    });
}

#[test]
fn many_connections_share_the_buffers() {
    on_each(|mut l| {
        let (_, address) = listen(&mut l);
        let clients: Vec<_> = (0..60)
            .map(|_| {
                let mut client = TcpStream::connect(address).unwrap();
                client.write_all(&[1; 40_000]).unwrap();
                client
            })
            .collect();
        // Leases are held back, so that buffers run out.
        let (mut held, mut bytes) = (Vec::new(), 0);
        wait(&mut l, |event, l| {
            match event {
                Event::Accepted { socket, .. } => {
                    let key = l.adopt(socket, Token(2));
                    l.receive(key);
                }
                Event::Received { data, .. } => {
                    bytes += data.len();
                    held.push(data);
                }
                other => panic!("{other:?}"),
            }
            (bytes == 60 * 40_000).then_some(())
        });
        drop(clients);
    });
}
