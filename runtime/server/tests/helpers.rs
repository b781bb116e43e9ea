//! Helpers that look things up, called as generated code calls them.

mod support;

use std::sync::Mutex;

use support::{SiteBuilder, action, connect, on_each_driver, read_response};
use zs_abi::data::Text;
use zs_abi::regex::{
    ASSERT, BYTE, FAIL, HEADER_WORDS, INSTRUCTION_WORDS, MATCH, RANGES, SAVE, SPLIT, TEXT_START,
};
use zs_abi::tables::{Regex, TemplateId};
use zs_abi::{ActionKind, Source};
use zs_guest::{GuestPtr, running};
use zs_server::{
    zs_helper_expand, zs_helper_glob, zs_helper_header_find, zs_helper_path_match_escaped,
    zs_helper_query_find, zs_helper_regex_match,
};

use std::io::Write;

/// Texts of the site under test, in the order in which they were added.
static TEXTS: Mutex<Vec<Text>> = Mutex::new(Vec::new());
/// What the entry has seen, for the test to compare.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Guest pointer and length of a text.
fn text(number: usize) -> (u64, u64) {
    let text = TEXTS.lock().unwrap()[number];
    (u64::from(text.guest()), u64::from(text.len))
}

fn word(at: u32) -> u32 {
    let bytes = running(|window| window.slice(GuestPtr(at), 4).unwrap().to_vec()).unwrap();
    u32::from_le_bytes(bytes.try_into().unwrap())
}

fn pair(at: u32) -> String {
    let (start, len) = (word(at), word(at + 4));
    let bytes = running(|window| window.slice(GuestPtr(start), len).unwrap().to_vec()).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn values(at: u64) -> String {
    if at == 0 {
        return "none".to_string();
    }
    let at = at as u32;
    let values: Vec<_> = (0..word(at)).map(|n| pair(at + 8 + n * 8)).collect();
    values.join("|")
}

fn see(text: impl Into<String>) {
    SEEN.lock().unwrap().push(text.into());
}

extern "C" fn look(_: u64, _: u64) -> u64 {
    for name in [0, 1, 2] {
        let (start, len) = text(name);
        see(values(zs_helper_header_find(0, start, len)));
    }
    for name in [3, 4] {
        let (start, len) = text(name);
        see(values(zs_helper_query_find(start, len)));
    }
    let (hay, hay_len) = text(5);
    see(zs_helper_regex_match(0, hay, hay_len, 0).to_string());
    see(zs_helper_regex_match(0, hay, hay_len, 1).to_string());
    see(pair(zs_helper_expand(0) as u32));
    let (pattern, len) = text(6);
    see(zs_helper_path_match_escaped(pattern, len).to_string());
    let (glob, glob_len) = text(7);
    see(zs_helper_glob(glob, glob_len, hay, hay_len).to_string());
    action(ActionKind::Respond, 0, None)
}

#[test]
fn look_ups() {
    let mut site = SiteBuilder::new();
    site.response(200, "ok");
    let entry = site.entry("main", look);
    site.server(entry);
    for text in [
        "X-Twice", "Host", "X-Absent", "q", "absent", "key=val", "/a%2fb*", "k*=va?",
    ] {
        let text = site.data.text(text);
        TEXTS.lock().unwrap().push(text);
    }
    // ^(?P<name>[a-z])(.): groups by index and by name.
    let name = site.data.text("name");
    let instructions = [
        [SAVE, 0, 1, 0],
        [ASSERT, TEXT_START, 2, 0],
        [SAVE, 2, 3, 0],
        [RANGES, 0, 1, 4],
        [SAVE, 3, 5, 0],
        [SAVE, 4, 6, 0],
        [BYTE, 0, 255, 7],
        [SAVE, 5, 8, 0],
        [SAVE, 1, 9, 0],
        [MATCH, 0, 0, 0],
    ];
    let mut words = vec![instructions.len() as u32, 0, 6, 1];
    words.extend(instructions.iter().flatten());
    words.push(u32::from(b'a') | u32::from(b'z') << 8);
    words.extend([1, name.offset, name.len]);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let program = site.data.guest_table(&bytes, 4);
    site.data.push(&Regex { name, program });
    let template = site.template(&[
        (Source::Capture, "name", 0),
        (Source::Constant, "-", 0),
        (Source::LastCapture, "2", 0),
        (Source::Capture, "9", 0),
    ]);
    assert_eq!(template.template, Some(TemplateId(0)));
    on_each_driver(site.load(), |address| {
        SEEN.lock().unwrap().clear();
        let mut stream = connect(address);
        stream
            .write_all(
                b"GET /A%2FBc?q=1&q=a+b HTTP/1.1\r\nHost: h:1\r\nX-Twice: a\r\nx-twice: b\r\n\r\n",
            )
            .unwrap();
        assert!(read_response(&mut stream).ends_with("ok"));
        let seen = SEEN.lock().unwrap().clone();
        let expected = [
            "a|b", "h:1", "none", "1|a b", "none", "1", "1", "k-e", "1", "1",
        ];
        assert_eq!(seen, expected);
        // A malformed query matches nothing.
        SEEN.lock().unwrap().clear();
        stream
            .write_all(b"GET /?q=1;q=2 HTTP/1.1\r\nHost: h\r\n\r\n")
            .unwrap();
        read_response(&mut stream);
        assert_eq!(SEEN.lock().unwrap()[3], "none");
    });
}

#[test]
fn pointers_to_nothing_end_the_run() {
    extern "C" fn wild(_: u64, _: u64) -> u64 {
        let found = zs_helper_header_find(0, 0x7fff_0000, 10);
        assert_eq!(found, 0);
        action(ActionKind::Respond, 0, None)
    }
    extern "C" fn long(_: u64, _: u64) -> u64 {
        let found = zs_helper_glob(0x1_0000, u64::MAX, 0x1_0000, 1);
        assert_eq!(found, 0);
        action(ActionKind::Respond, 0, None)
    }
    extern "C" fn endless(_: u64, _: u64) -> u64 {
        let mut left = 100_000;
        while zs_helper_expand(0) != 0 && left > 0 {
            left -= 1;
        }
        action(ActionKind::Respond, 0, None)
    }
    for function in [wild as support::EntryFunction, long, endless] {
        let mut site = SiteBuilder::new();
        site.response(200, "ok");
        site.template(&[(Source::Constant, "some text", 0)]);
        let entry = site.entry("main", function);
        site.server(entry);
        on_each_driver(site.load(), |address| {
            let mut stream = connect(address);
            for _ in 0..2 {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    .unwrap();
                let answer = read_response(&mut stream);
                assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
            }
        });
    }
}

/// `zs-proto` does not know the contract; its numbers are the same.
#[test]
fn the_numbers_of_regular_expressions() {
    let contract = [
        MATCH,
        BYTE,
        RANGES,
        SPLIT,
        SAVE,
        ASSERT,
        HEADER_WORDS as u32,
        INSTRUCTION_WORDS as u32,
    ];
    assert_eq!(zs_proto::regex::NUMBERS, contract);
    assert!(!contract[..6].contains(&FAIL));
}
