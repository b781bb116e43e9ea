//! What site code can make of a request: errors, filters, subrequests, faults.
//! Entries are written in Rust here and called as generated code is.
#![expect(unsafe_code, reason = "machine code that faults")]

mod support;

use std::arch::global_asm;
use std::io::Write;
use std::net::SocketAddr;

use support::{
    EntryFunction, SiteBuilder, action, connect, on_each_driver, read_response, respond, talk,
};
use zs_abi::data::{Range, Text};
use zs_abi::tables::{
    Error, HeaderList, HeaderListId, HeaderOp, Line, RESPONSE_CLOSE, RESPONSE_ERROR_STATUS,
    RESPONSE_SNIFF_JSON, RewriteList, RewriteOp, ServerId, Subrequest, Value, Variable,
};
use zs_abi::{ActionKind, HeaderOpKind, RewriteKind, SCOPE_RESTORE, Source};
use zs_server::{
    LoadedSite, zs_helper_filter_push, zs_helper_header_ops, zs_helper_rewrite,
    zs_helper_scope_pop, zs_helper_scope_push, zs_helper_var_set,
};

/// A site whose entries have the numbers of their order, on one server.
fn site(entries: &[EntryFunction], fill: impl Fn(&mut SiteBuilder)) -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    for (number, entry) in entries.iter().enumerate() {
        let entry = site.entry(&format!("entry {number}"), *entry);
        if number == 0 {
            site.server(entry);
        }
    }
    fill(&mut site);
    site.load()
}

fn get(address: SocketAddr, target: &str) -> String {
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: Example.org:80\r\nConnection: close\r\n\r\n");
    talk(address, request.as_bytes())
}

/// Status line and body of an answer.
fn brief(answer: &str) -> String {
    let status = answer
        .lines()
        .next()
        .unwrap_or("")
        .trim_start_matches("HTTP/1.1 ");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    format!("{status}|{body}")
}

fn error_record(site: &mut SiteBuilder, status: &str, message: &str) {
    let status = site.text(status);
    let message = site.text(message);
    site.data.push(&Error { status, message });
}

fn header_list(site: &mut SiteBuilder, operations: &[(HeaderOpKind, &str, Value)]) -> u32 {
    let operations: Vec<_> = operations
        .iter()
        .map(|(kind, name, value)| HeaderOp {
            kind: *kind as u32,
            name: site.text(name),
            value: *value,
            regex: None,
            search: Value::default(),
        })
        .collect();
    let operations = site.data.extend(&operations);
    site.data.push(&HeaderList { operations })
}

/// Raises error `N`.
extern "C" fn raise<const N: u32>(_: u64, _: u64) -> u64 {
    action(ActionKind::Error, N, None)
}

extern "C" fn end(_: u64, _: u64) -> u64 {
    action(ActionKind::End, 0, None)
}

#[test]
fn the_end_of_the_chain_is_an_empty_200() {
    on_each_driver(site(&[end], |_| {}), |address| {
        let expected = "HTTP/1.1 200 OK\r\nServer: zeroserve\r\nContent-Length: 0\r\n\
            Connection: close\r\n\r\n";
        assert_eq!(get(address, "/"), expected);
    });
}

#[test]
fn templates_and_content_types() {
    extern "C" fn by_method(_: u64, _: u64) -> u64 {
        zs_helper_var_set(0, 1);
        action(ActionKind::Respond, 0, None)
    }
    let load = || {
        site(&[by_method], |site| {
            let name = site.data.text("greeting");
            let body = site.template(&[
                (Source::Constant, "{\"host\":\"", 0),
                (Source::Host, "", 0),
                (Source::Constant, "\",\"label\":\"", 0),
                (Source::Label, "", 1),
                (Source::Constant, "\",\"path\":\"", 0),
                (Source::PathSegment, "", 1),
                (Source::Constant, "\",\"q\":\"", 0),
                (Source::QueryParameter, "q", 0),
                (Source::Constant, "\",\"var\":\"", 0),
                (Source::Variable, "", 0),
                (Source::Constant, "\",\"remote\":\"", 0),
                (Source::RemoteHost, "", 0),
                (Source::Constant, "\"}", 0),
            ]);
            site.template(&[(Source::Constant, "hi ", 0), (Source::Method, "", 0)]);
            site.data.push(&Variable { name });
            site.response_with(201, |response| {
                response.body = body;
                response.content_type = Text::EMPTY;
                response.flags = RESPONSE_SNIFF_JSON | RESPONSE_CLOSE;
            });
        })
    };
    on_each_driver(load(), |address| {
        let mut stream = connect(address);
        let request = b"GET /a/b%20c?q=x+y HTTP/1.1\r\nHost: Example.org:80\r\n\r\n";
        stream.write_all(request).unwrap();
        let answer = read_response(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"));
        assert!(answer.contains("Content-Type: application/json\r\n"));
        assert!(answer.contains("Connection: close\r\n"));
        let body = "{\"host\":\"Example.org\",\"label\":\"example\",\"path\":\"b c\",\
            \"q\":\"x y\",\"var\":\"hi GET\",\"remote\":\"127.0.0.1\"}";
        assert!(answer.ends_with(body), "{answer}");
    });
}

#[test]
fn errors_without_scopes_are_bare_statuses() {
    extern "C" fn header_then_error(_: u64, _: u64) -> u64 {
        zs_helper_header_ops(0, 1);
        zs_helper_filter_push(1);
        action(ActionKind::Error, 0, None)
    }
    let load = || {
        site(&[header_then_error, end], |site| {
            error_record(site, "418", "short and stout");
            let value = site.text("kept");
            header_list(site, &[(HeaderOpKind::Set, "X-Direct", value)]);
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/");
        assert_eq!(brief(&answer), "418 I'm a teapot|");
        assert!(answer.contains("X-Direct: kept\r\n"));
    });
}

#[test]
fn nested_scopes() {
    // A server's error route around a subroute with one of its own, which has
    // a filter pushed inside and fails as well.
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_scope_push(3, SCOPE_RESTORE);
        zs_helper_filter_push(4);
        zs_helper_scope_push(2, 0);
        zs_helper_filter_push(5);
        zs_helper_rewrite(0);
        action(ActionKind::Goto, 0, Some(1))
    }
    extern "C" fn inner_handler(_: u64, status: u64) -> u64 {
        assert_eq!(status, 401);
        action(ActionKind::Error, 1, None)
    }
    extern "C" fn outer_handler(_: u64, status: u64) -> u64 {
        assert_eq!(status, 502);
        action(ActionKind::Respond, 0, None)
    }
    extern "C" fn outer_filter(_: u64, _: u64) -> u64 {
        zs_helper_header_ops(0, 1);
        action(ActionKind::End, 0, None)
    }
    extern "C" fn inner_filter(_: u64, _: u64) -> u64 {
        zs_helper_header_ops(1, 1);
        action(ActionKind::End, 0, None)
    }
    let entries: [EntryFunction; 6] = [
        main,
        raise::<0>,
        inner_handler,
        outer_handler,
        outer_filter,
        inner_filter,
    ];
    let load = || {
        site(&entries, |site| {
            error_record(site, "401", "first");
            error_record(site, "502", "second");
            let body = site.template(&[
                (Source::ErrorStatus, "", 0),
                (Source::Constant, " ", 0),
                (Source::ErrorMessage, "", 0),
                (Source::Constant, " ", 0),
                (Source::Uri, "", 0),
            ]);
            site.response_with(200, |response| {
                response.body = body;
                response.flags = RESPONSE_ERROR_STATUS;
            });
            let value = site.text("yes");
            header_list(site, &[(HeaderOpKind::Set, "X-Outer", value)]);
            header_list(site, &[(HeaderOpKind::Set, "X-Inner", value)]);
            let first = site.text("/rewritten");
            let operation = RewriteOp {
                kind: RewriteKind::Path as u32,
                first,
                second: Value::default(),
                regex: None,
                limit: 0,
            };
            let operations = site.data.extend(&[operation]);
            site.data.push(&RewriteList { operations });
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/a?b");
        assert_eq!(brief(&answer), "502 Bad Gateway|502 second /a?b");
        // The scope of the server's error route was pushed before any filter.
        assert!(!answer.contains("X-Outer"), "{answer}");
        assert!(!answer.contains("X-Inner"), "{answer}");
    });
}

#[test]
fn filters_inside_a_scope_survive_an_error_of_an_inner_one() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_filter_push(2);
        zs_helper_scope_push(1, 0);
        zs_helper_filter_push(3);
        action(ActionKind::Error, 0, None)
    }
    extern "C" fn filter(_: u64, status: u64) -> u64 {
        assert_eq!(status, 200);
        zs_helper_header_ops(0, 1);
        action(ActionKind::End, 0, None)
    }
    let load = || {
        site(&[main, respond::<0>, filter, raise::<0>], |site| {
            error_record(site, "404", "");
            site.response(200, "handled");
            let value = site.text("yes");
            header_list(site, &[(HeaderOpKind::Set, "X-Filter", value)]);
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/");
        assert_eq!(brief(&answer), "200 OK|handled");
        assert!(answer.contains("X-Filter: yes\r\n"));
    });
}

#[test]
fn an_error_in_the_outermost_error_route_gives_the_first_status() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_scope_push(1, SCOPE_RESTORE);
        action(ActionKind::Error, 0, None)
    }
    extern "C" fn left(_: u64, _: u64) -> u64 {
        zs_helper_scope_push(1, 0);
        zs_helper_scope_pop();
        action(ActionKind::Error, 1, None)
    }
    let fill = |site: &mut SiteBuilder| {
        error_record(site, "403", "");
        error_record(site, "500", "");
    };
    on_each_driver(site(&[main, raise::<1>], fill), |address| {
        assert_eq!(brief(&get(address, "/")), "403 Forbidden|");
    });
    // Without an answer an error route gives the error's status.
    on_each_driver(site(&[main, end], fill), |address| {
        assert_eq!(brief(&get(address, "/")), "403 Forbidden|");
    });
    // A scope that was left handles nothing.
    on_each_driver(site(&[left, end], fill), |address| {
        assert_eq!(brief(&get(address, "/")), "500 Internal Server Error|");
    });
}

#[test]
fn a_filter_discards_the_response() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_header_ops(0, 1);
        zs_helper_filter_push(2);
        zs_helper_filter_push(1);
        action(ActionKind::Respond, 0, None)
    }
    extern "C" fn discard(_: u64, status: u64) -> u64 {
        assert_eq!(status, 200);
        action(ActionKind::Respond, 1, None)
    }
    extern "C" fn lower(_: u64, status: u64) -> u64 {
        assert_eq!(status, 203);
        zs_helper_header_ops(1, 1);
        action(ActionKind::End, 0, None)
    }
    let load = || {
        site(&[main, discard, lower], |site| {
            let value = site.text("v");
            let direct = header_list(site, &[(HeaderOpKind::Set, "X-Direct", value)]);
            header_list(site, &[(HeaderOpKind::Set, "X-Lower", value)]);
            let own = header_list(site, &[(HeaderOpKind::Set, "X-Discarded", value)]);
            assert_eq!((direct, own), (0, 2));
            let body = site.text("never seen");
            site.response_with(200, |response| {
                response.headers = Some(HeaderListId(2));
                response.body = body;
            });
            site.response(203, "instead");
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/");
        assert_eq!(brief(&answer), "203 Non-Authoritative Information|instead");
        assert!(answer.contains("X-Direct: v\r\n"));
        assert!(answer.contains("X-Lower: v\r\n"));
        assert!(!answer.contains("X-Discarded"));
    });
}

#[test]
fn subrequests() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        action(ActionKind::Subrequest, 0, Some(1))
    }
    extern "C" fn resumed(_: u64, status: u64) -> u64 {
        match status {
            202 => action(ActionKind::Respond, 0, None),
            _ => action(ActionKind::Abort, 0, None),
        }
    }
    let load = || {
        let mut site = SiteBuilder::new();
        let entry = site.entry("main", main);
        site.entry("resumed", resumed);
        site.server(entry);
        let inner = site.entry("inner", respond::<1>);
        site.server(inner);
        let method = site.text("POST");
        let target = site.template(&[(Source::Constant, "/sub", 0), (Source::Uri, "", 0)]);
        let server = ServerId(1);
        site.data.push(&Subrequest {
            method,
            target,
            server,
        });
        let body = site.template(&[
            (Source::Constant, "got ", 0),
            (Source::SubrequestBody, "", 0),
            (Source::Constant, " for ", 0),
            (Source::Uri, "", 0),
        ]);
        site.response_with(200, |response| response.body = body);
        let body = site.template(&[
            (Source::Method, "", 0),
            (Source::Constant, " ", 0),
            (Source::Uri, "", 0),
            (Source::Constant, " ", 0),
            (Source::Header, "Host", 0),
        ]);
        site.response_with(202, |response| response.body = body);
        site.load()
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/x?y");
        assert_eq!(
            brief(&answer),
            "200 OK|got POST /sub/x?y Example.org:80 for /x?y"
        );
        // Pipelined requests wait for their turn behind a subrequest.
        let mut stream = connect(address);
        let two = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(two).unwrap();
        for target in ["/1", "/2"] {
            let answer = read_response(&mut stream);
            assert!(answer.ends_with(&format!("for {target}")), "{answer}");
        }
    });
}

#[test]
fn subrequests_within_themselves_end() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_scope_push(1, 0);
        action(ActionKind::Subrequest, 0, Some(0))
    }
    let load = || {
        site(&[main, respond::<0>], |site| {
            site.response(508, "too deep");
            let method = site.text("GET");
            let target = site.text("/");
            let server = ServerId(0);
            site.data.push(&Subrequest {
                method,
                target,
                server,
            });
        })
    };
    // Every level starts over when the one within it has answered, until the
    // request has led to too many.
    on_each_driver(load(), |address| {
        let answer = brief(&get(address, "/"));
        assert_eq!(answer, "508 Loop Detected|too deep");
    });
}

#[test]
fn informational_responses_come_first() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        action(ActionKind::Respond, 0, Some(1))
    }
    let load = || {
        site(&[main, respond::<1>], |site| {
            let value = site.text("</a.css>; rel=preload");
            header_list(site, &[(HeaderOpKind::Set, "Link", value)]);
            site.response_with(103, |response| response.headers = Some(HeaderListId(0)));
            site.response(200, "done");
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/");
        let hints = "HTTP/1.1 103 Early Hints\r\nServer: zeroserve\r\n\
            Link: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n";
        assert!(answer.starts_with(hints), "{answer}");
        assert!(answer.ends_with("done"));
        assert!(talk(address, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn aborting_says_nothing() {
    extern "C" fn abort(_: u64, _: u64) -> u64 {
        action(ActionKind::Abort, 0, None)
    }
    on_each_driver(site(&[abort], |_| {}), |address| {
        assert_eq!(get(address, "/"), "");
    });
}

global_asm!(
    ".text",
    ".globl zs_test_code, zs_test_trap, zs_test_code_end",
    "zs_test_code:",
    "mov r11d, 16",
    "mov rax, [r12 + r11]",
    "ret",
    "zs_test_trap:",
    "push rbx",
    "mov edi, 1",
    "lea rax, [rip + zs_helper_trap]",
    "call rax",
    "zs_test_code_end:",
);

unsafe extern "C" {
    safe fn zs_test_code(slot: u64, argument: u64) -> u64;
    safe fn zs_test_trap(slot: u64, argument: u64) -> u64;
    safe static zs_test_code_end: u8;
}

#[test]
fn faults_end_in_500_while_others_go_on() {
    extern "C" fn nonsense(_: u64, _: u64) -> u64 {
        0xff
    }
    extern "C" fn no_such_response(_: u64, _: u64) -> u64 {
        action(ActionKind::Respond, 77, None)
    }
    extern "C" fn round_and_round(_: u64, _: u64) -> u64 {
        action(ActionKind::Goto, 0, Some(0))
    }
    extern "C" fn nowhere(_: u64, _: u64) -> u64 {
        action(ActionKind::Goto, 0, Some(99))
    }
    extern "C" fn bad_helper_number(_: u64, _: u64) -> u64 {
        zs_helper_header_ops(5, 1);
        action(ActionKind::End, 0, None)
    }
    extern "C" fn unbalanced(_: u64, _: u64) -> u64 {
        zs_helper_scope_pop();
        action(ActionKind::End, 0, None)
    }
    extern "C" fn panics_inside(_: u64, _: u64) -> u64 {
        for _ in 0..1000 {
            zs_helper_filter_push(0);
        }
        action(ActionKind::End, 0, None)
    }
    let entries: [EntryFunction; 7] = [
        nonsense,
        no_such_response,
        round_and_round,
        nowhere,
        bad_helper_number,
        unbalanced,
        panics_inside,
    ];
    for entry in entries {
        on_each_driver(site(&[entry], |_| {}), |address| {
            let mut bystander = connect(address);
            let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
            for _ in 0..2 {
                bystander.write_all(request).unwrap();
                let answer = read_response(&mut bystander);
                assert_eq!(brief(&answer), "500 Internal Server Error|");
                let other = get(address, "/");
                assert_eq!(brief(&other), "500 Internal Server Error|");
            }
        });
    }
}

#[test]
fn machine_code_that_faults_or_traps() {
    let start = zs_test_code as *const u8;
    let len = (&raw const zs_test_code_end as u64) - start as u64;
    let entries: [EntryFunction; 2] = [zs_test_code, zs_test_trap];
    for entry in entries {
        let mut site = SiteBuilder::new();
        let number = site.entry("faulting", entry);
        site.server(number);
        site.code(start, len);
        let file = site.data.text("Caddyfile");
        site.data.push(&Line {
            code_offset: 0,
            file,
            line: 12,
        });
        on_each_driver(site.load(), |address| {
            for _ in 0..3 {
                assert_eq!(brief(&get(address, "/")), "500 Internal Server Error|");
            }
        });
    }
}

#[test]
fn rewrites_are_seen_by_templates() {
    extern "C" fn main(_: u64, _: u64) -> u64 {
        zs_helper_rewrite(0);
        action(ActionKind::Respond, 0, None)
    }
    let load = || {
        site(&[main], |site| {
            let kinds = [
                (RewriteKind::Method, "put", ""),
                (RewriteKind::StripPrefix, "/api", ""),
                (RewriteKind::Replace, "x", "y"),
                (RewriteKind::QuerySet, "k", "1 2"),
            ];
            let operations: Vec<_> = kinds
                .iter()
                .map(|(kind, first, second)| RewriteOp {
                    kind: *kind as u32,
                    first: site.text(first),
                    second: site.text(second),
                    regex: None,
                    limit: 0,
                })
                .collect();
            let operations: Range = site.data.extend(&operations);
            site.data.push(&RewriteList { operations });
            let body = site.template(&[
                (Source::Method, "", 0),
                (Source::Constant, " ", 0),
                (Source::Uri, "", 0),
                (Source::Constant, " ", 0),
                (Source::OriginalMethod, "", 0),
                (Source::Constant, " ", 0),
                (Source::OriginalUri, "", 0),
                (Source::Constant, " ", 0),
                (Source::OriginalPath, "", 0),
            ]);
            site.response_with(200, |response| response.body = body);
        })
    };
    on_each_driver(load(), |address| {
        let answer = get(address, "/api/x%2Fz?a=x");
        let body = "PUT /y%2Fz?a=y&k=1+2 GET /api/x%2Fz?a=x /api/x/z";
        assert_eq!(brief(&answer), format!("200 OK|{body}"));
    });
}
