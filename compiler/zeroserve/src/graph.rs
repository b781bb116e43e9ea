//! `graph`: listeners, sites, matchers and handlers in the order in which the
//! compiler sees them, as a picture.
//!
//! The picture is a tree: what runs is below and to the right of the condition
//! under which it runs, and what runs first is above. It needs no fonts, no
//! scripts and no network, and follows the reader's choice of light or dark.

use std::fmt::Write as _;

use serde_json::Value;
use zs_config::model::{Config, Handler, MatcherSet, Origin, Route, Server};
use zs_diagnostics::{SourceMap, Span};

/// The picture of a configuration, as SVG.
pub fn svg(config: &Config, sources: &SourceMap) -> String {
    let graph = Graph { sources };
    let http = config.apps.http.iter();
    let servers = http.flat_map(|http| &http.servers);
    let nodes: Vec<Node> = servers
        .map(|(name, server)| graph.server(name, server))
        .collect();
    let mut picture = Picture::default();
    for node in &nodes {
        picture.draw(node, 0);
        picture.row += 1;
    }
    picture.finish()
}

/// A box with what lies within it.
struct Node {
    /// Decides the colour: `server`, `match`, `run` or `error`.
    class: &'static str,
    text: String,
    /// Where it was written.
    place: Option<String>,
    children: Vec<Node>,
}

struct Graph<'s> {
    sources: &'s SourceMap,
}

impl Graph<'_> {
    fn server(&self, name: &str, server: &Server) -> Node {
        let listen: Vec<String> = server.listen.iter().map(ToString::to_string).collect();
        let secure = if server.tls_connection_policies.is_empty() {
            "HTTP"
        } else {
            "HTTPS"
        };
        let mut children = self.routes(&server.routes);
        if let Some(errors) = &server.errors {
            children.push(self.errors(&errors.routes));
        }
        Node {
            class: "server",
            text: format!("{name}  {secure} on {}", listen.join(", ")),
            place: None,
            children,
        }
    }

    fn errors(&self, routes: &[Route]) -> Node {
        Node {
            class: "error",
            text: "errors".to_owned(),
            place: None,
            children: self.routes(routes),
        }
    }

    fn routes(&self, routes: &[Route]) -> Vec<Node> {
        let mut nodes = Vec::new();
        for route in routes {
            let run = route.handle.iter().map(|handler| self.handler(handler));
            if route.matchers.is_empty() && route.group.is_empty() {
                nodes.extend(run);
                continue;
            }
            let mut text = if route.matchers.is_empty() {
                "every request".to_owned()
            } else {
                let sets: Vec<String> = route.matchers.iter().map(conditions).collect();
                sets.join("  or  ")
            };
            if !route.group.is_empty() {
                let _ = write!(text, "  [first of {}]", route.group);
            }
            nodes.push(Node {
                class: "match",
                text,
                place: self.place(route.origin),
                children: run.collect(),
            });
        }
        nodes
    }

    fn handler(&self, handler: &Handler) -> Node {
        let (text, children) = match handler {
            Handler::Subroute(subroute) => {
                let mut children = self.routes(&subroute.routes);
                if let Some(errors) = &subroute.errors {
                    children.push(self.errors(&errors.routes));
                }
                ("in order".to_owned(), children)
            }
            other => (settings(other), Vec::new()),
        };
        Node {
            class: "run",
            text,
            place: self.place(handler.origin()),
            children,
        }
    }

    /// What was not written by anyone has no place.
    fn place(&self, origin: Origin) -> Option<String> {
        let span = origin.span();
        (span != Span::default()).then(|| self.sources.describe(span))
    }
}

/// A set of matchers: each with what it compares with.
fn conditions(set: &MatcherSet) -> String {
    let Ok(Value::Object(matchers)) = serde_json::to_value(set) else {
        return String::new();
    };
    let each = matchers
        .iter()
        .map(|(name, value)| format!("{name} {}", brief(value)));
    each.collect::<Vec<_>>().join("  and  ")
}

/// A handler's name and settings.
fn settings(handler: &Handler) -> String {
    let mut text = handler.name().to_owned();
    if let Ok(Value::Object(fields)) = serde_json::to_value(handler) {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "handler") {
            let _ = write!(text, "  {name} {}", brief(value));
        }
    }
    text
}

/// A value without quotes and brackets where these say nothing.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(brief).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let each = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", brief(value)));
            format!("({})", each.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Height of a row, and width of a level, in pixels.
const ROW: usize = 28;
const LEVEL: usize = 28;

/// Width of a character of the fonts that are asked for, in pixels.
const CHARACTER: usize = 8;

/// Characters of a box's text; the whole text is its tooltip.
const TEXT_MAX: usize = 100;

#[derive(Default)]
struct Picture {
    body: String,
    /// The next row that is free.
    row: usize,
    width: usize,
}

impl Picture {
    /// Draws a box and, below it, those within it. Gives its row.
    fn draw(&mut self, node: &Node, level: usize) -> usize {
        let row = self.row;
        self.row += 1;
        let (x, y) = (level * LEVEL + 10, row * ROW + 10);
        let shown: String = match node.text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => format!("{}…", &node.text[..end]),
            None => node.text.clone(),
        };
        let width = shown.chars().count() * CHARACTER + 16;
        self.width = self.width.max(x + width);
        let place = node.place.as_deref().unwrap_or_default();
        let _ = writeln!(
            self.body,
            "<g class=\"{}\"><title>{}\n{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"22\" rx=\"4\"/>\
             <text x=\"{}\" y=\"{}\">{}</text></g>",
            node.class,
            escaped(&node.text),
            escaped(place),
            x + 8,
            y + 15,
            escaped(&shown)
        );
        for child in &node.children {
            let below = self.draw(child, level + 1);
            let (from, to) = (y + 22, below * ROW + 21);
            let (left, right) = (x + 10, x + LEVEL);
            let _ = writeln!(self.body, "<path d=\"M{left} {from}V{to}H{right}\"/>");
        }
        row
    }

    fn finish(self) -> String {
        let (width, height) = (self.width + 10, self.row * ROW + 20);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            self.body
        )
    }
}

const STYLE: &str = "\
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#1a1a1a}\
rect{stroke:#8a8a8a}path{fill:none;stroke:#8a8a8a}.ground{fill:#fff;stroke:none}\
.server rect{fill:#cfe0ff}.match rect{fill:#fff0c2}.run rect{fill:#d8f3dc}.error rect{fill:#ffd6d6}\
@media(prefers-color-scheme:dark){text{fill:#eee}.ground{fill:#161616}.server rect{fill:#1f3a68}\
.match rect{fill:#54450e}.run rect{fill:#1d4427}.error rect{fill:#5c2020}}";

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\t' => out.push(' '),
            // XML has no other control characters, however they are written.
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
