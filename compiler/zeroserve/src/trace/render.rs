//! A trace for people and for tools.

use std::fmt::Write as _;

use serde_json::{Value, json};
use zs_diagnostics::{SourceMap, Span};
use zs_io::Address;
use zs_server::Listening;

use super::{Ending, Passed, Request, Step, Trace, What};

/// A trace with what is needed to show it.
pub struct Shown<'t> {
    /// What was sent.
    pub request: &'t Request,
    /// What happened.
    pub trace: &'t Trace,
    /// The texts that steps come from.
    pub sources: &'t SourceMap,
    /// Where the site listens.
    pub listeners: Vec<Listening>,
}

/// Widest that the column of the configuration's lines gets.
const SOURCE_WIDTH_MAX: usize = 44;
/// Most lines of a body that are shown.
const BODY_LINES_MAX: usize = 10;

impl Shown<'_> {
    /// For people.
    pub fn text(&self, coloured: bool) -> String {
        let mut out = self.beginning();
        let rows: Vec<Row> = self.trace.steps.iter().map(|step| self.row(step)).collect();
        let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max();
        let places = width(|row| &row.place).unwrap_or(0);
        let sources = width(|row| &row.source).unwrap_or(0);
        for row in &rows {
            let happened = paint(&row.happened, row.yes, coloured);
            let line = format!(
                "  {:places$}  {:sources$}  {happened}",
                row.place, row.source
            );
            let _ = writeln!(out, "{}", line.trim_end());
        }
        if !rows.is_empty() {
            out.push('\n');
        }
        out + &self.ending()
    }

    /// Who connects where.
    fn beginning(&self) -> String {
        let Request {
            line,
            host,
            port,
            tls,
            remote,
            ..
        } = self.request;
        let scheme = if *tls { "https" } else { "http" };
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let mut out = format!(
            "{line}\n  to {scheme}://{host}:{port} from {}\n",
            remote.ip()
        );
        match &self.trace.listener {
            Some(listening) => {
                let _ = writeln!(out, "  comes in on {}\n", describe(listening));
            }
            None => out.push('\n'),
        }
        out
    }

    fn row(&self, step: &Step) -> Row {
        let span = step.span.filter(|span| *span != Span::default());
        let (place, source) = match span {
            Some(span) => self.place(span),
            None => ("—".to_owned(), String::new()),
        };
        let (happened, yes) = match &step.what {
            What::Matcher { text, yes, because } => {
                let because = match &**because {
                    "" => String::new(),
                    because => format!(" ({because})"),
                };
                let answer = if *yes { "yes" } else { "no" };
                (format!("{text} → {answer}{because}"), Some(*yes))
            }
            What::Operation { text, changes } if changes.is_empty() => (text.clone(), None),
            What::Operation { text, changes } => (format!("{text}: {}", changes.join(", ")), None),
            What::Action { text } | What::Note { text } => (text.clone(), None),
        };
        Row {
            place,
            source,
            happened,
            yes,
        }
    }

    /// File and line, and what is written there.
    fn place(&self, span: Span) -> (String, String) {
        let file = self.sources.file(span.file);
        let line = file.position(span.start).line;
        let text = file.line(line).trim().trim_end_matches('{').trim_end();
        let mut source: String = text.chars().take(SOURCE_WIDTH_MAX).collect();
        if source.len() < text.len() {
            source.pop();
            source.push('…');
        }
        (format!("{}:{line}", file.name), source)
    }

    fn ending(&self) -> String {
        let last = self.trace.passed.last();
        match &self.trace.ending {
            Ending::Answered(bytes) => {
                let before: String = self.trace.passed.iter().map(passed).collect();
                before + &answer(bytes)
            }
            Ending::Waits => last.map(passed).unwrap_or_default(),
            Ending::Dropped => "The connection is dropped without an answer.\n".to_owned(),
            Ending::Unreachable => {
                let places: Vec<String> = self.listeners.iter().map(describe).collect();
                format!(
                    "Nothing listens on port {}; the site listens on {}.\n",
                    self.request.port,
                    places.join(", ")
                )
            }
            Ending::NoTls => "The handshake fails: there is no TLS on this port.\n".to_owned(),
            Ending::NoCertificate => format!(
                "The handshake fails: the site has no certificate for {}.\n",
                self.request.host
            ),
        }
    }

    /// For tools.
    pub fn json(&self) -> String {
        let Trace {
            listener,
            steps,
            passed,
            ending,
        } = self.trace;
        let request = json!({
            "line": self.request.line,
            "host": self.request.host,
            "port": self.request.port,
            "tls": self.request.tls,
            "remote": self.request.remote.ip().to_string(),
        });
        let passed: Vec<Value> = passed.iter().map(passed_json).collect();
        let document = json!({
            "request": request,
            "listener": listener.as_ref().map(describe),
            "steps": steps.iter().map(|step| self.step_json(step)).collect::<Vec<_>>(),
            "passed": passed,
            "ending": ending_name(ending),
            "response": match ending {
                Ending::Answered(bytes) => {
                    let (heads, body) = heads_and_body(bytes);
                    Value::from(heads + &body)
                }
                _ => Value::Null,
            },
        });
        format!("{document:#}\n")
    }

    fn step_json(&self, step: &Step) -> Value {
        let mut object = json!({"kind": step.what.kind(), "text": step.what.text()});
        if let Some(span) = step.span.filter(|span| *span != Span::default()) {
            let file = self.sources.file(span.file);
            let position = file.position(span.start);
            object["file"] = file.name.clone().into();
            object["line"] = position.line.into();
            object["column"] = position.column.into();
            object["source"] = file.line(position.line).trim().into();
        }
        match &step.what {
            What::Matcher { yes, because, .. } => {
                object["answer"] = (*yes).into();
                object["because"] = because.clone().into();
            }
            What::Operation { changes, .. } => object["changes"] = changes.clone().into(),
            What::Action { .. } | What::Note { .. } => {}
        }
        object
    }
}

/// A step as a line of columns.
struct Row {
    place: String,
    source: String,
    happened: String,
    yes: Option<bool>,
}

fn paint(text: &str, yes: Option<bool>, coloured: bool) -> String {
    match (yes, coloured) {
        (Some(true), true) => format!("\x1b[32m{text}\x1b[0m"),
        (Some(false), true) => format!("\x1b[2m{text}\x1b[0m"),
        _ => text.to_owned(),
    }
}

fn describe(listening: &Listening) -> String {
    let scheme = if listening.tls { "https" } else { "http" };
    match &listening.address {
        Address::Ip(address) if address.ip().is_unspecified() => {
            format!("{scheme} :{}", address.port())
        }
        Address::Ip(address) => format!("{scheme} {address}"),
        Address::Unix(path) => format!("{scheme} unix/{}", path.display()),
    }
}

fn passed(passed: &Passed) -> String {
    let tls = if passed.tls { ", over TLS" } else { "" };
    let choice = match passed.choices {
        1 => String::new(),
        choices => format!(" (or another of {choices} upstreams)"),
    };
    format!(
        "Passed on to {}{choice}{tls}:\n\n{}\n",
        passed.upstream,
        indent(passed.head.trim_end())
    )
}

fn passed_json(passed: &Passed) -> Value {
    json!({
        "upstream": passed.upstream,
        "choices": passed.choices,
        "tls": passed.tls,
        "head": passed.head,
    })
}

fn ending_name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Answered(_) => "answered",
        Ending::Waits => "passed on",
        Ending::Dropped => "dropped",
        Ending::Unreachable => "unreachable",
        Ending::NoTls => "no TLS",
        Ending::NoCertificate => "no certificate",
    }
}

/// What the client gets: heads, and the beginning of the body.
fn answer(bytes: &[u8]) -> String {
    let (heads, body) = heads_and_body(bytes);
    let mut shown = heads.replace("\r\n", "\n");
    let strange = |letter: char| letter == '\u{fffd}' || letter.is_control();
    if body.contains(|letter| strange(letter) && !matches!(letter, '\n' | '\r' | '\t')) {
        shown += "(a body that is no text)\n";
        return format!("Answered:\n\n{}", indent(shown.trim_end()));
    }
    let lines: Vec<&str> = body.lines().collect();
    for line in lines.iter().take(BODY_LINES_MAX) {
        let _ = writeln!(shown, "{line}");
    }
    if lines.len() > BODY_LINES_MAX {
        let _ = writeln!(shown, "… ({} lines in all)", lines.len());
    }
    format!("Answered:\n\n{}", indent(shown.trim_end()))
}

/// Takes an answer apart: the heads up to that of the final response, without
/// the date, which no decision is about; and the body.
fn heads_and_body(bytes: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(bytes);
    let (mut heads, mut rest) = (String::new(), &*text);
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        for line in head
            .split("\r\n")
            .filter(|line| !line.starts_with("Date: "))
        {
            heads += line;
            heads += "\r\n";
        }
        heads += "\r\n";
        rest = after;
        let informational = head
            .split(' ')
            .nth(1)
            .is_some_and(|code| code.starts_with('1'));
        if !informational {
            break;
        }
    }
    (heads, rest.to_owned())
}

fn indent(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("  {line}").trim_end());
    }
    out
}
