//! Starting, stopping, waiting too long, and kernels that deny io_uring.
#![expect(unsafe_code, reason = "signals and seccomp filters in a child process")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{
    SiteBuilder, address, connect, on_each_driver, read_response, respond, without_date,
};
use zs_abi::tables::Listener;
use zs_io::Choice;
use zs_server::{LoadedSite, Options, Running, StartError};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn hello() -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    site.response(200, "Hello");
    let entry = site.entry("main", respond::<0>);
    site.server(entry);
    site.load()
}

fn hurried() -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    let body = "x".repeat(30_000_000);
    site.response(200, &body);
    let entry = site.entry("main", respond::<0>);
    site.server_with(entry, |server| {
        server.read_header_ms = 150;
        server.idle_ms = 150;
        server.body_idle_ms = 150;
        server.write_idle_ms = 150;
    });
    site.load()
}

/// What a client reads until the end, and how long that took.
fn until_end(stream: &mut TcpStream) -> (String, Duration) {
    let start = Instant::now();
    let mut answer = Vec::new();
    let _closed_or_reset = stream.read_to_end(&mut answer);
    (without_date(&answer), start.elapsed())
}

#[test]
fn silent_and_slow_clients_are_let_go() {
    on_each_driver(hurried(), |address| {
        let limits = Duration::from_millis(100)..Duration::from_secs(5);
        // Nothing at all.
        let (answer, took) = until_end(&mut connect(address));
        assert_eq!(answer, "");
        assert!(limits.contains(&took), "{took:?}");
        // Half a head, however it dribbles in.
        let mut stream = connect(address);
        let mut dribble = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            for byte in b"GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
                if dribble.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let (answer, took) = until_end(&mut stream);
        assert!(
            answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
            "{answer}"
        );
        assert!(limits.contains(&took), "{took:?}");
        writer.join().unwrap();
        // A body that does not come is not waited for.
        let mut stream = connect(address);
        let head = b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n";
        stream.write_all(head).unwrap();
        let (_, took) = until_end(&mut stream);
        assert!(took < limits.end, "{took:?}");
        // A response that is not taken is broken off.
        let mut stream = connect(address);
        stream.write_all(REQUEST).unwrap();
        std::thread::sleep(Duration::from_millis(600));
        let (answer, _) = until_end(&mut stream);
        assert!(answer.len() < 30_000_000, "{} bytes", answer.len());
    });
}

#[test]
fn a_request_and_its_response_have_their_time() {
    let mut site = SiteBuilder::new();
    let body = "x".repeat(30_000_000);
    site.response(200, &body);
    let entry = site.entry("main", respond::<0>);
    site.server_with(entry, |server| {
        server.read_ms = 150;
        server.write_ms = 600;
    });
    on_each_driver(site.load(), |address| {
        let limits = Duration::from_millis(100)..Duration::from_secs(5);
        // A head that dribbles in.
        let mut stream = connect(address);
        stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
        let (answer, took) = until_end(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(limits.contains(&took), "{took:?}");
        // A response that is taken bit by bit: there is progress, but no end.
        let mut stream = connect(address);
        stream.write_all(REQUEST).unwrap();
        let start = Instant::now();
        let (mut piece, mut taken) = ([0; 4096], 0);
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            taken += count;
            if start.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        assert!(taken < body.len(), "{taken}");
        // The next request of a connection has its own time.
        let mut stream = connect(address);
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(100));
            stream
                .write_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
            let mut head = [0; 64];
            assert!(stream.read(&mut head).is_ok_and(|count| count > 0));
        }
    });
}

#[test]
fn draining_finishes_what_is_under_way() {
    for io in [Choice::Epoll, Choice::Uring] {
        let options = Options {
            io,
            workers: NonZero::new(2),
            grace_ms: Some(3_000),
        };
        let Ok(running) = Running::start(hello(), &options) else {
            assert_eq!(io, Choice::Uring, "epoll is always there");
            continue;
        };
        let address = address(&running);
        let mut idle = connect(address);
        idle.write_all(REQUEST).unwrap();
        read_response(&mut idle);
        let mut halfway = connect(address);
        // A request that its worker never saw may be dropped: it has seen the
        // second when it answers the first.
        halfway
            .write_all(&[REQUEST, &REQUEST[..10]].concat())
            .unwrap();
        read_response(&mut halfway);
        running.stop();
        let (rest, _) = until_end(&mut idle);
        assert_eq!(rest, "");
        halfway.write_all(&REQUEST[10..]).unwrap();
        let (answer, _) = until_end(&mut halfway);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        assert!(running.join());
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn the_grace_period_ends() {
    on_each_grace(|address| {
        let mut stuck = connect(address);
        stuck.write_all(&[REQUEST, b"GET /"].concat()).unwrap();
        read_response(&mut stuck);
        stuck
    });
}

fn on_each_grace(make: impl Fn(SocketAddr) -> TcpStream) {
    for io in [Choice::Epoll, Choice::Uring] {
        let options = Options {
            io,
            workers: NonZero::new(1),
            grace_ms: Some(200),
        };
        let Ok(running) = Running::start(hello(), &options) else {
            continue;
        };
        let mut stuck = make(address(&running));
        let start = Instant::now();
        running.stop();
        assert!(running.join());
        assert!(start.elapsed() < Duration::from_secs(5));
        until_end(&mut stuck);
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut site = SiteBuilder::new();
    site.response(200, "Hello");
    let entry = site.entry("main", respond::<0>);
    site.server(entry);
    let data = zs_abi::data::SiteData::new(&site.data.finish())
        .unwrap()
        .record(0);
    let mut listener: Listener = data.unwrap();
    listener.port = u32::from(port);
    site.data.replace(0, &listener);
    let error = Running::start(site.load(), &Options::default()).unwrap_err();
    assert!(matches!(error, StartError::Listen(_)));
    let text = error.to_string();
    assert!(
        text.contains(&format!("cannot listen on 127.0.0.1:{port} (srv0)")),
        "{text}"
    );
    assert!(text.contains("another process listens there"), "{text}");
}

/// Not a test by itself: the program that the tests below run.
#[test]
fn child() {
    let Ok(arguments) = std::env::var("ZS_TEST_CHILD") else {
        return;
    };
    if arguments.contains("--deny") {
        deny_io_uring();
    }
    let arguments: Vec<Vec<u8>> = arguments
        .split_whitespace()
        .filter(|argument| *argument != "--deny")
        .map(|argument| argument.as_bytes().to_vec())
        .collect();
    std::process::exit(zs_server::run(
        &arguments,
        || Ok(hello().data),
        || Ok(hello()),
    ));
}

/// Makes `io_uring_setup` fail as Docker's seccomp profile does.
fn deny_io_uring() {
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let give = |value| statement(libc::BPF_RET | libc::BPF_K, value, 0, 0);
    let mut filter = [
        load(0),
        statement(equal, libc::SYS_io_uring_setup as u32, 0, 1),
        give(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        give(libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program is valid for the call, which copies it.
    let denied = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            &raw const program,
        )
    };
    assert_eq!(denied, 0, "{}", std::io::Error::last_os_error());
}

fn statement(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

/// A child that serves, its log, and where it listens.
struct Served {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    lines: Vec<String>,
    address: SocketAddr,
}

fn spawn(arguments: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    // The test harness has a thread that does not block signals as the
    // program's main thread does; it inherits this.
    // SAFETY: setting the mask is allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            zs_io::block_signals(&[libc::SIGTERM, libc::SIGINT]);
            Ok(())
        });
    }
    command
        .args(["--exact", "child", "--nocapture"])
        .env("ZS_TEST_CHILD", arguments)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn serve(arguments: &str) -> Served {
    let mut child = spawn(arguments);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut lines = Vec::new();
    let mut address = None;
    while address.is_none() {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "{lines:?}");
        address = line
            .split_once("listening on http://")
            .map(|(_, rest)| rest.split(' ').next().unwrap().parse().unwrap());
        lines.push(line);
    }
    Served {
        child,
        log,
        lines,
        address: address.unwrap(),
    }
}

impl Served {
    fn signal(&self, number: i32) {
        // SAFETY: the child is ours and has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, number) };
    }

    fn end(mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (status.code().unwrap_or(-1), self.lines.concat() + &rest)
    }
}

#[test]
fn falls_back_to_epoll_where_io_uring_is_denied() {
    let served = serve("--deny --workers=2");
    let mut stream = connect(served.address);
    stream.write_all(REQUEST).unwrap();
    assert!(read_response(&mut stream).ends_with("Hello"));
    served.signal(libc::SIGTERM);
    let (code, log) = served.end();
    assert_eq!(code, 0, "{log}");
    let expected = "zeroserve: io_uring is not available (Operation not permitted (os error 1)): \
        using epoll\n";
    assert!(log.contains(expected), "{log}");
    // Who insists on io_uring is told why it cannot be had.
    let output = spawn("--deny --io=uring").wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        log.contains("cannot use io_uring: Operation not permitted"),
        "{log}"
    );
}

#[test]
fn signals_end_the_program() {
    for (number, io) in [(libc::SIGTERM, "auto"), (libc::SIGINT, "epoll")] {
        let served = serve(&format!("--io={io} --workers=2"));
        let mut stuck = connect(served.address);
        stuck.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        let mut idle = connect(served.address);
        idle.write_all(REQUEST).unwrap();
        read_response(&mut idle);
        served.signal(number);
        // The idle connection is closed while the other may finish.
        until_end(&mut idle);
        stuck.write_all(b"Host: a\r\n\r\n").unwrap();
        assert!(read_response(&mut stuck).ends_with("Hello"));
        assert_eq!(served.end().0, 0);
    }
    let served = serve("--grace=600 --workers=1");
    let mut stuck = connect(served.address);
    stuck.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut idle = connect(served.address);
    idle.write_all(REQUEST).unwrap();
    read_response(&mut idle);
    served.signal(libc::SIGTERM);
    until_end(&mut idle);
    served.signal(libc::SIGTERM);
    assert_eq!(served.end().0, 1);
}

#[test]
fn tells_what_it_is() {
    let output = |arguments: &str| {
        let output = spawn(arguments).wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = output("--version");
    assert_eq!(code, Some(0));
    assert!(text.contains("zeroserve "), "{text}");
    assert!(output("--help").1.contains("--workers=N"));
    assert_eq!(output("--check").0, Some(0));
    let (code, text) = output("--nonsense");
    assert_eq!(code, Some(2));
    assert!(text.contains("`--nonsense` is not an option"), "{text}");
}
