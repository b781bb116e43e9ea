//! Every line of `testdata/cel/accepted.txt` compiles, to the tree beside it, and no line of `refused.txt` does; its
//! messages are beside it. `differences.txt` lists where Caddy decides otherwise, and why. `BLESS=1` rewrites the
//! expectations. With `ZS_CADDY` set to the path of a Caddy binary, every line is given to it as well.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use zs_cel::{Source, compile};
use zs_diagnostics::{Severity, Sink, SourceMap, Span, Style, render_all};

/// The compiled expression as text, or the messages.
fn run(text: &str) -> Result<String, String> {
    let mut sources = SourceMap::new();
    let file = sources.add("expression", text);
    let source = Source::word(text, Span::new(file, 0, text.len() as u32));
    let mut sink = Sink::new();
    let expr = compile(&source, &mut sink);
    let messages = render_all(sink.diagnostics(), &sources, Style::Plain);
    let errors = sink.diagnostics().iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(
        expr.is_none(),
        errors.count() > 0,
        "a tree or errors: {text}\n{messages}"
    );
    expr.map(|expr| expr.to_string()).ok_or(messages)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cel")
}

/// The expressions of a file: its lines but for comments.
fn lines(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// Compares with a file, or rewrites it.
fn check(name: &str, actual: &str) {
    let path = folder().join(name);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let same = expected == actual;
    if !same {
        let differing = expected
            .lines()
            .zip(actual.lines())
            .find(|(left, right)| left != right);
        panic!("{name} differs, BLESS=1 accepts; first: {differing:#?}");
    }
}

#[test]
fn accepted() {
    let (mut trees, mut failures) = (String::new(), String::new());
    for line in lines("accepted.txt") {
        match run(&line) {
            Ok(tree) => trees.push_str(&format!("{line}\n    {tree}\n")),
            Err(messages) => failures.push_str(&messages),
        }
    }
    assert!(failures.is_empty(), "refused:\n{failures}");
    check("accepted.trees", &trees);
}

#[test]
fn refused() {
    let (mut all, mut failures) = (String::new(), String::new());
    for line in lines("refused.txt") {
        match run(&line) {
            Ok(tree) => failures.push_str(&format!("{line}\n    {tree}\n")),
            Err(messages) => all.push_str(&messages),
        }
    }
    assert!(failures.is_empty(), "accepted:\n{failures}");
    check("refused.messages", &all);
}

/// Lines of `differences.txt`: what we say, an expression, and, after a blank line's comment, why.
#[test]
fn differences() {
    for line in lines("differences.txt") {
        let (verdict, expression) = line.split_once(' ').expect("a verdict");
        assert_eq!(run(expression).is_ok(), verdict == "accepted", "{line}");
    }
}

/// Whether Caddy can load a configuration with this expression.
fn caddy_accepts(caddy: &std::ffi::OsStr, folder: &Path, expression: &str) -> bool {
    let mut escaped = String::new();
    for character in expression.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\t' => escaped.push_str("\\t"),
            character => escaped.push(character),
        }
    }
    let config = format!(
        "{{\"admin\":{{\"disabled\":true}},\"apps\":{{\"http\":{{\"servers\":{{\"srv0\":{{\"routes\":\
         [{{\"match\":[{{\"expression\":{{\"expr\":\"{escaped}\",\"name\":\"m\"}}}}]}}]}}}}}}}}}}"
    );
    let path = folder.join("config.json");
    fs::write(&path, config).unwrap();
    let output = Command::new(caddy)
        .args(["validate", "--config"])
        .arg(&path)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn caddy_agrees() {
    let Some(caddy) = env::var_os("ZS_CADDY") else {
        assert!(env::var_os("ZS_CI").is_none(), "ZS_CADDY names no Caddy");
        println!("skipped: ZS_CADDY names no Caddy to compare with");
        return;
    };
    let folder = env::temp_dir().join(format!("zs-cel-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut failures = Vec::new();
    let mut expect = |expression: &str, accepted: bool| {
        if caddy_accepts(&caddy, &folder, expression) != accepted {
            failures.push(expression.to_owned());
        }
    };
    for line in lines("accepted.txt") {
        expect(&line, true);
    }
    for line in lines("refused.txt") {
        expect(&line, false);
    }
    for line in lines("differences.txt") {
        let (verdict, expression) = line.split_once(' ').expect("a verdict");
        expect(expression, verdict != "accepted");
    }
    fs::remove_dir_all(&folder).unwrap();
    let failures = failures.join("\n");
    assert!(failures.is_empty(), "Caddy decides otherwise:\n{failures}");
}

#[test]
fn deep_nesting_is_a_diagnostic() {
    const LEVELS: usize = 10_000;
    let cases = [
        format!("{}true{}", "(".repeat(LEVELS), ")".repeat(LEVELS)),
        "(".repeat(LEVELS),
        format!("{}1{} == 1", "[".repeat(LEVELS), "]".repeat(LEVELS)),
        format!("{}{}", "{'a': ".repeat(LEVELS), "}".repeat(LEVELS)),
        format!("{}true", "!".repeat(LEVELS + 1)),
        format!("{}1 == 1", "- ".repeat(LEVELS)),
        format!("1{} == 1", " + 1".repeat(LEVELS)),
        format!("{{http.vars.x}}{} == 1", ".a".repeat(LEVELS)),
        format!("{{http.vars.x}}{} == 1", "[0]".repeat(LEVELS)),
        format!("{}true", "true ? true : ".repeat(LEVELS / 2)),
        format!("true{}", " && true".repeat(LEVELS)),
        format!("size{}", "(size".repeat(LEVELS)),
        format!("[1]{}", ".map(x, [x])".repeat(LEVELS / 2)),
    ];
    for case in cases {
        let _ = run(&case);
    }
}

#[test]
fn types_that_double_are_a_diagnostic() {
    let mut nested = String::from("true");
    for level in (1..100).rev() {
        nested = format!("cel.bind(a{level}, {{a{0}: a{0}}}, {nested})", level - 1);
    }
    let error = run(&format!("cel.bind(a0, 1, {nested})")).unwrap_err();
    assert!(error.contains("too large"), "{error}");
    let lists: String = (0..100)
        .map(|level| format!("cel.bind(l{level}, [], "))
        .collect();
    let chain: Vec<String> = (0..99)
        .map(|level| format!("l{level} == [{{l{0}: l{0}}}]", level + 1))
        .collect();
    let _ = run(&format!("{lists}{}{}", chain.join(" && "), ")".repeat(100)));
}

#[test]
fn text_that_is_no_text_is_a_diagnostic() {
    for case in [
        "",
        " ",
        "\0",
        "'\0' == 'a'",
        "\u{feff}true",
        "é == 1",
        "'é\\",
        "\\",
        "{",
        "`",
        "\"\"\"",
        "'''a''",
    ] {
        let _ = run(case);
    }
}
