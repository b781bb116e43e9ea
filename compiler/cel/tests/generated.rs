//! Expressions made from the grammar at random, and broken ones made from those, always the same: none may panic, each
//! gives a tree or an error, and every label lies inside the text.

use zs_cel::{Source, compile};
use zs_diagnostics::{Sink, SourceMap, Span};

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn one_of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }
}

const ATOMS: &[&str] = &[
    "true",
    "false",
    "null",
    "1",
    "-1",
    "2u",
    "1.5",
    "'a'",
    "\"b\"",
    "b'c'",
    "r'\\d'",
    "'''d'''",
    "[]",
    "{}",
    "x",
    "req",
    "int",
    "{http.request.uri}",
    "{ab}",
    "\\{ab}",
    "'\\{ab}'",
    "path('/a')",
    "tls()",
    "file()",
    "timestamp(0)",
    "duration('1s')",
    "dyn(1)",
    "0x7f",
    "9223372036854775807",
    "é",
];

const BINARY: &[&str] = &[
    "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||",
];

const METHODS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "matches",
    "split",
    "join",
    "charAt",
    "indexOf",
    "replace",
    "substring",
    "getHours",
    "reverse",
    "sort",
    "slice",
    "flatten",
    "distinct",
    "format",
    "all",
    "exists",
    "map",
    "filter",
    "sortBy",
];

const FUNCTIONS: &[&str] = &[
    "size",
    "int",
    "uint",
    "string",
    "bool",
    "double",
    "bytes",
    "dyn",
    "type",
    "has",
    "path",
    "header",
    "query",
    "vars",
    "file",
    "remote_ip",
    "header_regexp",
    "math.greatest",
    "math.least",
    "math.abs",
    "lists.range",
    "cel.bind",
    "ph",
];

fn expression(numbers: &mut Numbers, depth: usize) -> String {
    if depth == 0 {
        return numbers.one_of(ATOMS).to_owned();
    }
    let inner = |numbers: &mut Numbers| expression(numbers, depth - 1);
    match numbers.below(11) {
        0 => numbers.one_of(ATOMS).to_owned(),
        1 | 2 => {
            let (left, right) = (inner(numbers), inner(numbers));
            format!("{left} {} {right}", numbers.one_of(BINARY))
        }
        3 => format!("({})", inner(numbers)),
        4 => format!(
            "{}{}",
            numbers.one_of(&["!", "-", "--", "!!"]),
            inner(numbers)
        ),
        5 => format!(
            "{} ? {} : {}",
            inner(numbers),
            inner(numbers),
            inner(numbers)
        ),
        6 => format!("[{}, {}]", inner(numbers), inner(numbers)),
        7 => format!(
            "{{'k': {}, {}: {}}}",
            inner(numbers),
            inner(numbers),
            inner(numbers)
        ),
        8 => format!(
            "{}{}",
            inner(numbers),
            numbers.one_of(&[".k", "[0]", "['k']", ".k.l"])
        ),
        9 => {
            let (receiver, method) = (inner(numbers), numbers.one_of(METHODS));
            match numbers.below(4) {
                0 => format!("{receiver}.{method}()"),
                1 => format!("{receiver}.{method}({})", inner(numbers)),
                2 => format!("{receiver}.{method}(x, {})", inner(numbers)),
                _ => format!(
                    "{receiver}.{method}(x, {}, {})",
                    inner(numbers),
                    inner(numbers)
                ),
            }
        }
        _ => match (numbers.one_of(FUNCTIONS), numbers.below(3)) {
            (function, 0) => format!("{function}({})", inner(numbers)),
            (function, 1) => format!("{function}(x, {})", inner(numbers)),
            (function, _) => format!("{function}(x, {}, {})", inner(numbers), inner(numbers)),
        },
    }
}

/// Takes out, doubles or replaces a character.
fn broken(numbers: &mut Numbers, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers
            .below(characters.len().max(1))
            .min(characters.len().saturating_sub(1));
        match numbers.below(3) {
            _ if characters.is_empty() => {}
            0 => {
                characters.remove(at);
            }
            1 => characters.insert(at, characters[at]),
            _ => {
                let other = [
                    '"', '\'', '\\', '{', '}', '(', ')', '.', '`', '\n', '\0', 'é', '-', 'u',
                ];
                characters[at] = other[numbers.below(other.len())];
            }
        }
    }
    characters.into_iter().collect()
}

fn check(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let file = sources.add("expression", text);
    let whole = Span::new(file, 0, text.len() as u32);
    let mut sink = Sink::new();
    let expr = compile(&Source::word(text, whole), &mut sink);
    assert_eq!(
        expr.is_none(),
        sink.has_errors(),
        "a tree or errors: {text}"
    );
    for diagnostic in sink.diagnostics() {
        let span = diagnostic.primary.span;
        assert!(span.end <= whole.end, "outside of the text: {text}");
        assert!(text.is_char_boundary(span.start as usize), "{text}");
    }
    if let Some(expr) = &expr {
        let _ = expr.to_string();
    }
    expr.is_some()
}

#[test]
fn generated() {
    let mut numbers = Numbers(29);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let depth = 1 + numbers.below(5);
        let text = expression(&mut numbers, depth);
        accepted += usize::from(check(&text));
        check(&broken(&mut numbers, &text));
    }
    println!("{accepted} of 20000 are conditions");
    assert!(
        accepted > 500,
        "only {accepted} compile: the generator is no test"
    );
}
