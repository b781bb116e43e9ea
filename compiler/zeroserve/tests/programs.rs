//! How functions are entered, suspended and ended, on programs that no
//! configuration makes, with both event loops.

mod common;
#[path = "common/forge.rs"]
mod forge;

use std::io::Read;

use common::{Folder, Server, exchange, get, port, status_and_body};
use forge::Forge;
use zs_abi::Source;
use zs_abi::tables::Value;

const DRIVERS: [&str; 2] = ["--io=uring", "--io=epoll"];

/// Builds a program and asks it with both event loops.
fn on_each_driver(functions: &str, fill: impl Fn(&mut Forge), check: impl Fn(u16)) {
    let (folder, port) = (Folder::new("program"), port());
    let mut forge = Forge::new(functions, port);
    fill(&mut forge);
    let program = forge.build(&folder, "");
    for driver in DRIVERS {
        let _server = Server::start(&program, &[driver, "--workers=1"], port);
        check(port);
    }
}

fn field<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or("");
    head.lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .collect()
}

#[test]
fn resume_points_are_entered_through_the_table() {
    let functions = "
fn0 \"entry\" {
block0:
    if text_equal path \"/inner\" then block1 else block2
block1:
    respond response2
block2:
    respond response0 resume block3
block3:
    goto resume block4
block4:
    subrequest subrequest0 resume block5
block5:
    if int argument 203 203 then block6 else block7
block6:
    respond response1
block7:
    respond response3
}";
    let fill = |forge: &mut Forge| {
        forge.response(103, Value::default());
        let body = forge.template("inner said: ", Source::SubrequestBody, 0, ".");
        forge.response(200, body);
        let body = forge.template("inner ", Source::Path, 0, "");
        forge.response(203, body);
        let body = forge.text("another status");
        forge.response(500, body);
        forge.subrequest("/inner?x");
    };
    on_each_driver(functions, fill, |port| {
        let answer = get(port, "a", "/outer");
        let (hints, answer) = answer.split_once("\r\n\r\n").expect("two heads");
        assert!(hints.starts_with("HTTP/1.1 103 "), "{hints}");
        assert_eq!(status_and_body(answer), (200, "inner said: inner /inner."));
        assert_eq!(
            status_and_body(&get(port, "a", "/inner")),
            (203, "inner /inner")
        );
    });
}

#[test]
fn scopes_nest_and_take_their_filters_with_them() {
    // The outer scope pushes filter `outer`, the inner one `inner`. An error
    // inside drops `inner` and enters the inner error function, which answers,
    // raises again (to the outer function) or ends (and goes on behind).
    let functions = "
fn0 \"entry\" {
block0:
    filter_push block9
    scope_push block5 1
    filter_push block10
    scope_push block6 0
    filter_push block11
    if text_equal path \"/none\" then block1 else block2
block1:
    scope_pop
    scope_pop
    respond response0
block2:
    if text_equal path \"/popped\" then block3 else block4
block3:
    scope_pop
    raise error0
block4:
    raise error1
block5:
    header_ops headers3 1
    respond response1
block6:
    if text_equal path \"/again\" then block7 else block8
block7:
    raise error2
block8:
    respond response2
block9:
    header_ops headers0 1
    end
block10:
    header_ops headers1 1
    end
block11:
    header_ops headers2 1
    end
}";
    let fill = |forge: &mut Forge| {
        for (status, name) in [(200, "plain"), (500, "outer"), (500, "inner")] {
            let body = forge.template(name, Source::ErrorStatus, 0, "");
            forge.response(status, body);
        }
        for status in ["410", "404", "502"] {
            forge.error(status);
        }
        for name in ["site", "outer", "inner", "error"] {
            forge.header("X-Filter", name);
        }
    };
    on_each_driver(functions, fill, |port| {
        for (path, body, filters) in [
            ("/none", "plain", &["inner", "outer", "site"][..]),
            ("/popped", "outer410", &["error", "site"]),
            ("/inner", "inner404", &["outer", "site"]),
            ("/again", "outer502", &["error", "site"]),
        ] {
            let answer = get(port, "a", path);
            assert_eq!(status_and_body(&answer).1, body, "{path}: {answer}");
            assert_eq!(field(&answer, "X-Filter"), filters, "{path}");
        }
    });
}

#[test]
fn a_filter_may_discard_the_answer_and_give_another() {
    let functions = "
fn0 \"entry\" {
block0:
    filter_push block1
    filter_push block2
    filter_push block5
    respond response0
block1:
    header_ops headers0 1
    end
block2:
    if int argument 404 404 then block3 else block4
block3:
    respond response1
block4:
    end
block5:
    header_ops headers1 1
    end
}";
    let fill = |forge: &mut Forge| {
        let body = forge.text("a first answer");
        forge.response(404, body);
        let body = forge.text("another");
        forge.response(200, body);
        forge.header("X-Outer", "yes");
        forge.header("X-Inner", "yes");
    };
    on_each_driver(functions, fill, |port| {
        let answer = get(port, "a", "/");
        assert_eq!(status_and_body(&answer), (200, "another"), "{answer}");
        assert_eq!(field(&answer, "X-Outer"), ["yes"]);
        assert_eq!(
            field(&answer, "X-Inner"),
            [""; 0],
            "what was set for the first answer is gone"
        );
    });
}

#[test]
fn a_filter_may_pass_the_request_on_instead() {
    // The site is its own upstream: what comes from a proxy has `Via`.
    let functions = "
fn0 \"entry\" {
block0:
    v0 = header_find 0 \"Via\"
    if found v0 then block1 else block2
block1:
    respond response1
block2:
    filter_push block3
    respond response0
block3:
    if int argument 503 503 then block4 else block5
block4:
    proxy proxy0
block5:
    end
}";
    let (folder, port) = (Folder::new("elsewhere"), port());
    let mut forge = Forge::new(functions, port);
    let body = forge.text("not now");
    forge.response(503, body);
    let body = forge.template("passed on: ", Source::Uri, 0, "");
    forge.response(200, body);
    forge.proxy(port);
    let program = forge.build(&folder, "");
    for driver in DRIVERS {
        let _server = Server::start(&program, &[driver, "--workers=1"], port);
        let answer = get(port, "a", "/x?y");
        assert_eq!(
            status_and_body(&answer),
            (200, "passed on: /x?y"),
            "{answer}"
        );
        assert_eq!(field(&answer, "Via").len(), 1, "{answer}");
    }
}

#[test]
fn functions_that_share_code_answer_alike() {
    // The error function and the resume point both go on at block3, which
    // becomes a function of its own.
    let functions = "
fn0 \"entry\" {
block0:
    scope_push block1 0
    local_set local7 5
    if text_equal path \"/error\" then block2 else block4
block1:
    local_set local7 6
    jump block3
block2:
    raise error0
block3:
    if int local7 6 6 then block5 else block6
block4:
    goto resume block3
block5:
    respond response0
block6:
    respond response1
}";
    let fill = |forge: &mut Forge| {
        forge.error("404");
        for body in ["by the error", "by the resume point"] {
            let body = forge.text(body);
            forge.response(200, body);
        }
    };
    on_each_driver(functions, fill, |port| {
        assert_eq!(
            status_and_body(&get(port, "a", "/error")),
            (200, "by the error")
        );
        assert_eq!(
            status_and_body(&get(port, "a", "/")),
            (200, "by the resume point")
        );
    });
}

#[test]
fn a_value_does_not_live_across_a_suspension() {
    let text = "fn0 \"f\" {\nblock0:\n v0 = query_find \"a\"\n goto resume block1\n\
                block1:\n if found v0 then block2 else block2\nblock2:\n end\n}";
    let functions = zs_ir::parse::functions(text).expect("a function");
    let error = zs_ir::verify::verify(&functions[0], &[]).expect_err("v0 lives on");
    assert_eq!(error.to_string(), "f: block1: v0 lives across a suspension");
}

/// What the forged entries do: a store below the constants, a store to the
/// constants, a jump out of the entry table, and loops that do not end.
const MISBEHAVIOUR: &str = r#"
func wild_store:
    .entry 1
    .loc "Caddyfile" 31 2
    r1 = 0
    .loc "Caddyfile" 32 3
    *(u64*)(r1 + 8) = 1
    r0 = 0
    exit

func store_to_constants:
    .entry 2
    .loc "Caddyfile" 41 2
    r1 = 65536
    *(u8*)(r1 + 0) = 7
    r0 = 0
    exit

func endless:
    .entry 3
    .loc "Caddyfile" 51 2
    r2 = 0
again:
    r2 += 1
    .loc "Caddyfile" 52 2
    goto again

func wild_load:
    .entry 4
    .loc "Caddyfile" 61 2
    r1 = -16
    r0 = *(u64*)(r1 + 0)
    exit

func no_such_entry:
    .entry 5
    .loc "Caddyfile" 71 2
    r3 = 77
    tailcall r3, 6
"#;

#[test]
fn what_goes_wrong_in_a_function_is_a_500_and_a_line_in_the_log() {
    let functions = "
fn0 \"entry\" {
block0:
    if text_equal path \"/store\" then block1 else block2
block1:
    tail fn1
block2:
    if text_equal path \"/constants\" then block3 else block4
block3:
    tail fn2
block4:
    if text_equal path \"/endless\" then block5 else block6
block5:
    tail fn3
block6:
    if text_equal path \"/load\" then block7 else block8
block7:
    tail fn4
block8:
    if text_equal path \"/entry\" then block9 else block10
block9:
    tail fn5
block10:
    respond response0
}
fn1 \"wild store\" {
block0:
    end
}
fn2 \"store to constants\" {
block0:
    end
}
fn3 \"endless\" {
block0:
    end
}
fn4 \"wild load\" {
block0:
    end
}
fn5 \"no such entry\" {
block0:
    end
}";
    let (folder, port) = (Folder::new("faults"), port());
    let mut forge = Forge::new(functions, port);
    let body = forge.text("fine");
    forge.response(200, body);
    let program = forge.build(&folder, MISBEHAVIOUR);
    for driver in DRIVERS {
        let mut server = Server::start(&program, &[driver, "--workers=1"], port);
        // A connection that waits in the middle of its request on the same
        // worker, and goes on when all has gone wrong.
        let mut bystander = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let half = "GET / HTTP/1.1\r\nHost: a\r\n";
        std::io::Write::write_all(&mut bystander, half.as_bytes()).expect("it reads");
        for path in ["/store", "/constants", "/endless", "/load", "/entry"] {
            assert_eq!(
                status_and_body(&get(port, "a", path)),
                (500, ""),
                "{path} {driver}"
            );
        }
        std::io::Write::write_all(&mut bystander, b"Connection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        bystander.read_to_string(&mut answer).expect("an answer");
        assert_eq!(status_and_body(&answer), (200, "fine"));
        let twice = "GET /store HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answer = exchange(port, twice);
        assert!(
            answer.starts_with("HTTP/1.1 500 ") && answer.ends_with("\r\n\r\nfine"),
            "{answer}"
        );
        let log = server.stop();
        for (path, line, problem) in [
            ("/store", 32, "bad memory access at guest address 0x8"),
            (
                "/constants",
                41,
                "bad memory access at guest address 0x10000",
            ),
            ("/endless", 52, "loop budget exhausted"),
            ("/load", 61, "bad memory access at guest address 0xfffffff0"),
            ("/entry", 71, "tail call out of range"),
        ] {
            // The function named is the one that the runtime entered, which
            // is not the one that a tail call led to; the line is.
            let told = format!("(srv0, GET {path}): entry (entry0) at Caddyfile:{line}: {problem}");
            assert!(log.contains(&told), "{driver}: no `{told}` in\n{log}");
        }
    }
}
