//! Expressions mean what they mean elsewhere: the program as the runtime runs
//! it, and the automaton as `automaton_walk` walks it, against the crate `regex`.

use regex::bytes::RegexBuilder;
use zs_abi::SiteData;
use zs_abi::data::Text;
use zs_data::DataBuilder;
use zs_proto::regex::{Program, Scratch, UNSET};

const PATTERNS: &[&str] = &[
    "",
    "a",
    "^a",
    "a$",
    "^$",
    "^/users/([0-9]+)$",
    "^/users/([0-9]+)(?:/([a-z]+))?$",
    "(a|ab)(c|bcd)?",
    "(?:foo|foobar)",
    "^(a+?)(a*)$",
    "^(a+)(a*)$",
    "(a*)*",
    "(a*)+b",
    "(?:a?){3}a{3}",
    "x{2,4}",
    "x{2,4}?",
    "[a-c]+[^a-c/]",
    r"\bword\b",
    r"\Bord",
    r"\d+\.\d*",
    r"\w+\s\S",
    "(?i)HeLLo",
    "(?s)a.b",
    "a.b",
    "(?m)^line$",
    "(?m)a$",
    r"\Aab\z",
    "(?P<first>[a-z]+)-(?P<second>[a-z]+)",
    "(?U)a+",
    "(?:(a)|(b)|(c))+",
    "(|a)b",
    "(a|)b",
    r"\.(css|js|png)$",
    r"^/[^/]*/([^/]*)/",
    r"[[:alpha:]]+[[:digit:]]",
    r"\x41|\x{42}",
    "(((((a)))))",
    "a{0}b",
    "(?:ab)*c",
    r"[\w.-]+@[\w-]+\.\w{2,}",
    "^(.*)/(.*)$",
    "(^a|b$)",
    "^.$",
    "h.l",
    "^[\u{e0}-\u{ff}]+$",
    r"^\pL+$",
    "(?i)\u{c9}",
    "[^a]",
    r"(?i)\w",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "ab",
    "abc",
    "abcd",
    "aaa",
    "aaaaaa",
    "b",
    "bab",
    "/users/12",
    "/users/12/posts",
    "/users/",
    "foobar",
    "a word here",
    "swords",
    "3.14",
    "hello",
    "HELLO there",
    "a\nb",
    "line",
    "x\nline\ny",
    "one-two",
    "cab",
    "xxxxx",
    "x",
    "/a/b/c",
    "style.css",
    "style.cssx",
    "AB",
    "me@example.org",
    "abababc",
    "h\u{e9}llo",
    "k\u{212a}",
    "\u{e9}",
    "\u{c0}\u{c9}",
    "\u{df}",
    "\u{b}",
];

/// The pattern as the crate `regex` reads it, with Go's ASCII classes.
fn peer(pattern: &str) -> regex::bytes::Regex {
    let mut pattern = pattern.to_owned();
    for (class, meaning) in [
        (r"\d", "[0-9]"),
        (r"\w", "[0-9A-Za-z_]"),
        (r"\s", r"[\t\n\f\r ]"),
        (r"\S", r"[^\t\n\f\r ]"),
        (r"\b", r"(?-u:\b)"),
        (r"\B", r"(?-u:\B)"),
    ] {
        pattern = pattern.replace(class, meaning);
    }
    RegexBuilder::new(&pattern)
        .build()
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn programs_find_the_same_groups() {
    for pattern in PATTERNS {
        let mut data = DataBuilder::new();
        let text = zs_ir::regex::compile(pattern, &mut data)
            .unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let block = data.finish();
        let words = bytes(&block, text);
        let program = Program::new(words).unwrap_or_else(|| panic!("{pattern}: not a program"));
        let peer = peer(pattern);
        for text in TEXTS {
            let expected = peer.captures(text.as_bytes()).map(|found| {
                let groups = found.iter();
                groups
                    .map(|group| group.map(|group| (group.start(), group.end())))
                    .collect::<Vec<_>>()
            });
            assert_eq!(groups(program, text), expected, "`{pattern}` in {text:?}");
        }
    }
}

fn groups(program: Program<'_>, text: &str) -> Option<Vec<Option<(usize, usize)>>> {
    let mut scratch = Scratch::default();
    let mut slots = vec![UNSET; program.slots()];
    if !program.search(text.as_bytes(), 0, &mut slots, &mut scratch) {
        return None;
    }
    let group = |pair: &[u32]| {
        (pair[0] != UNSET && pair[1] != UNSET).then(|| (pair[0] as usize, pair[1] as usize))
    };
    Some(slots.chunks(2).map(group).collect())
}

#[test]
fn automata_accept_the_same_texts() {
    let mut made = 0;
    for pattern in PATTERNS {
        let mut data = DataBuilder::new();
        // An expression that looks at words' borders may have no automaton.
        let Some(table) = zs_ir::regex::automaton(pattern, &mut data) else {
            continue;
        };
        made += 1;
        let block = data.finish();
        let table = bytes(&block, table);
        let peer = peer(pattern);
        for text in TEXTS {
            let expected = peer.is_match(text.as_bytes());
            assert_eq!(
                walk(table, text.as_bytes()),
                expected,
                "`{pattern}` in {text:?}"
            );
        }
    }
    assert!(made > PATTERNS.len() * 3 / 4, "only {made} automata");
}

fn bytes(block: &[u8], text: Text) -> &[u8] {
    let bytes = SiteData::new(block).expect("a finished block").bytes();
    &bytes[text.offset as usize..][..text.len as usize]
}

/// As `automaton_walk` of `stdlib-bpf` does.
fn walk(table: &[u8], text: &[u8]) -> bool {
    let word = |at: usize| u32::from_le_bytes(table[at..at + 4].try_into().expect("4 bytes"));
    let (stride, accepts, rows) = (word(4) as usize, word(12) as usize, word(16) as usize);
    let mut state = word(8) as usize;
    for byte in text {
        let at = rows + (state * stride + usize::from(table[24 + usize::from(*byte)])) * 2;
        state = u16::from_le_bytes([table[at], table[at + 1]]).into();
    }
    word(accepts + state * 4) != 0
}

#[test]
fn what_go_refuses_is_refused() {
    for pattern in [
        "(",
        "a**",
        "[z-a]",
        r"\8",
        "(?=a)",
        "(?<!a)b",
        "a{1001}",
        r"(a)\1",
        "*a",
        r"\b{start}a",
    ] {
        let mut data = DataBuilder::new();
        assert!(
            zs_ir::regex::compile(pattern, &mut data).is_err(),
            "{pattern}"
        );
    }
    let mut data = DataBuilder::new();
    let large = zs_ir::regex::compile("((a{100}){100}){100}", &mut data);
    assert_eq!(large.expect_err("too large"), "the expression is too large");
}
