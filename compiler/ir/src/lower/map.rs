//! `map`: what the placeholders that it sets come to, for [`crate::maps`] to work out where they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use zs_abi::tables::{SEGMENT_NULL, TemplateId, VariableId};
use zs_abi::{CAPTURE_APART, OpenKind, Source};
use zs_config::model::{MapHandler, Mapping, VarValue};
use zs_diagnostics::{Diagnostic, Span, codes};

use super::Lowering;
use super::code::{Code, MAP_WORDS};
use crate::maps::{Input, Map, Row};
use crate::program::Op;
use crate::template::{Names, Piece, Placeholder, Unknown};

/// The name under which captures of inputs are kept, which no expression can have.
const CAPTURES: &str = "{map}";

/// What is known of the `map`s of a server.
#[derive(Default)]
pub(super) struct Maps {
    /// All of them so far, in the order in which requests pass them.
    pub all: Vec<Map>,
    /// The hosts whose site is being written; none outside of sites.
    pub hosts: Option<BTreeSet<String>>,
    /// How many there are in the site being written: in its error routes, and in the others.
    pub counts: [u32; 2],
}

impl Maps {
    /// Puts the maps of error routes behind those that have been written since.
    pub fn put_last(&mut self, maps: Range<usize>) {
        self.all[maps.start..].rotate_left(maps.len());
    }
}

impl Lowering<'_> {
    pub(super) fn map(&mut self, code: &mut Code, map: &MapHandler) {
        let MapHandler {
            source,
            destinations,
            mappings,
            defaults,
            origin,
        } = map;
        let span = origin.span();
        if let Err((message, help)) = check(map) {
            let error = Diagnostic::error(codes::BAD_VALUE, span, message).help(help);
            self.sink.report(error);
            return;
        }
        let Some(word) = self.map_word(code.in_error_route) else {
            let what = format!("a site with more than {} maps", MAP_WORDS / 2);
            self.unsupported(span, &what, "join maps of the same source");
            return;
        };
        let names = destinations.iter().map(|name| inner(name));
        let destinations = names.map(|name| self.names().variable(&format!("{{{name}}}")));
        let destinations: Vec<VariableId> = destinations.collect();
        let source = self.template(source, Unknown::Empty, Some(OpenKind::Text));
        let rows = mappings.iter();
        let rows = rows.map(|row| self.row(row, span)).collect();
        let defaults = match defaults.is_empty() {
            true => vec![self.no_value(); destinations.len()],
            false => defaults.iter().map(|text| self.output(text)).collect(),
        };
        let number = self.maps.all.len() as u32 + 1;
        self.maps.all.push(Map {
            number,
            word,
            server: self.program.servers.len(),
            hosts: self.maps.hosts.clone(),
            source,
            rows,
            destinations,
            defaults,
            span,
        });
        code.op(Op::LocalSet {
            local: word,
            value: number,
        });
    }

    /// The word of the request's memory that tells whether a map has been passed. Main and error routes may be passed
    /// both, and are written in functions of their own; sites never are.
    fn map_word(&mut self, in_error_route: bool) -> Option<u32> {
        let count = &mut self.maps.counts[usize::from(in_error_route)];
        let half = MAP_WORDS / 2;
        let word = Code::LOCALS_MAX + half * u32::from(in_error_route) + *count;
        *count += 1;
        (*count <= half).then_some(word)
    }

    fn row(&mut self, mapping: &Mapping, span: Span) -> Row {
        let Mapping {
            input,
            input_regexp,
            outputs,
        } = mapping;
        if input_regexp.is_empty() {
            self.program.data.open_mut().misplace(input);
            let output = |this: &mut Self, text: &str| this.output(text);
            return Row {
                input: Input::Text(input.clone().into_bytes()),
                outputs: self.outputs(outputs, span, output),
            };
        }
        self.program.data.open_mut().misplace(input_regexp);
        let name = self.names().capture_name(CAPTURES);
        let expanded = |text: &str| expansion(text, name);
        let texts = outputs.iter().filter_map(text);
        let captures = texts.map(|text| expanded(&text)).any(|pieces| {
            let is_capture = |piece: &Piece| matches!(piece, Piece::Placeholder(_));
            pieces.iter().any(is_capture)
        });
        let automaton = match captures {
            true => None,
            false => crate::regex::automaton(input_regexp, &mut self.program.data),
        };
        let input = match automaton {
            Some(table) => Input::Automaton(table),
            None => Input::Regex(
                self.regex(CAPTURES, input_regexp, span.into()),
                name | CAPTURE_APART,
            ),
        };
        let output = |this: &mut Self, text: &str| {
            let kind = Some(OpenKind::Text);
            crate::template::store(&expanded(text), kind, |_| 0, &mut this.program.data)
        };
        Row {
            input,
            outputs: self.outputs(outputs, span, output),
        }
    }

    fn outputs(
        &mut self,
        outputs: &[VarValue],
        span: Span,
        store: impl Fn(&mut Self, &str) -> TemplateId,
    ) -> Vec<Option<TemplateId>> {
        let mut stored = Vec::new();
        for output in outputs {
            if matches!(output, VarValue::List(_)) {
                self.unsupported(span, "a list as an output of `map`", "write a text");
            }
            stored.push(text(output).map(|text| store(self, &text)));
        }
        stored
    }

    fn output(&mut self, text: &str) -> TemplateId {
        self.template(text, Unknown::Empty, Some(OpenKind::Text))
    }

    fn no_value(&mut self) -> TemplateId {
        self.template_with("", Unknown::Empty, None, SEGMENT_NULL)
    }
}

/// The placeholders that the maps of a configuration set, without braces.
pub(super) fn destinations(config: &serde_json::Value, found: &mut BTreeSet<String>) {
    match config {
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| destinations(item, found));
        }
        serde_json::Value::Object(members) => {
            if members.get("handler").is_some_and(|name| name == "map")
                && let Some(names) = members
                    .get("destinations")
                    .and_then(|names| names.as_array())
            {
                let names = names.iter().filter_map(|name| name.as_str());
                found.extend(names.map(|name| inner(name).to_owned()));
            }
            members.values().for_each(|item| destinations(item, found));
        }
        _ => {}
    }
}

/// The name in a placeholder.
fn inner(placeholder: &str) -> &str {
    let name = placeholder.strip_prefix('{').unwrap_or(placeholder);
    name.strip_suffix('}').unwrap_or(name)
}

/// What is wrong with a map, and what helps.
fn check(map: &MapHandler) -> Result<(), (String, String)> {
    for name in &map.destinations {
        let inside = inner(name);
        if inside.is_empty() || inside.len() + 2 != name.len() || inside.contains(['{', '}']) {
            let message = format!("`map` sets placeholders, and `{name}` is none");
            return Err((message, "write it in braces: `{name}`".to_owned()));
        }
    }
    let count = map.destinations.len();
    if !map.defaults.is_empty() && map.defaults.len() != count {
        let message = format!(
            "`map` has {count} destinations and {} defaults",
            map.defaults.len()
        );
        return Err((message, "give each destination one default".to_owned()));
    }
    let mut seen: BTreeMap<(bool, &str), ()> = BTreeMap::new();
    for row in &map.mappings {
        let is_regex = !row.input_regexp.is_empty();
        if is_regex && !row.input.is_empty() {
            let message = "a mapping has both an `input` and an `input_regexp`".to_owned();
            return Err((message, "make two mappings of it".to_owned()));
        }
        let input = if is_regex {
            &row.input_regexp
        } else {
            &row.input
        };
        if seen.insert((is_regex, input), ()).is_some() {
            let message = format!("`map` has the input `{input}` twice");
            return Err((message, "remove one of them".to_owned()));
        }
        if row.outputs.len() != count {
            let message = format!(
                "the input `{input}` has {} outputs for {count} destinations",
                row.outputs.len()
            );
            return Err((message, "give it one output for each".to_owned()));
        }
    }
    Ok(())
}

/// An output as a text; none if it stands for no output. All numbers of a JSON text have a fraction to Caddy.
fn text(value: &VarValue) -> Option<String> {
    Some(match value {
        VarValue::Null | VarValue::List(_) => return None,
        VarValue::Bool(value) => value.to_string(),
        VarValue::Integer(value) => (*value as f64).to_string(),
        VarValue::Float(value) => value.to_string(),
        VarValue::Text(text) => text.clone(),
    })
}

/// An output of an expression, in which `$1`, `${1}` and `${name}` stand for captures and `$$` for a dollar, as Go's
/// `Regexp.Expand` has it.
fn expansion(output: &str, name: u32) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut constant = String::new();
    let mut rest = output;
    while let Some(at) = rest.find('$') {
        constant.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            constant.push('$');
            rest = behind;
            continue;
        }
        let Some((group, behind)) = group(rest) else {
            constant.push('$');
            continue;
        };
        if !constant.is_empty() {
            pieces.push(Piece::Constant(std::mem::take(&mut constant)));
        }
        pieces.push(Piece::Placeholder(Placeholder {
            source: Source::Capture,
            argument: group.to_owned(),
            number: name,
        }));
        rest = behind;
    }
    constant.push_str(rest);
    if !constant.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Constant(constant));
    }
    pieces
}

/// The group that a text begins with, behind a dollar, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let (inside, is_braced) = match text.strip_prefix('{') {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let is_letter = |letter: char| letter == '_' || letter.is_alphanumeric();
    let end = inside
        .find(|letter| !is_letter(letter))
        .unwrap_or(inside.len());
    let (name, behind) = inside.split_at(end);
    let behind = if is_braced {
        behind.strip_prefix('}')?
    } else {
        behind
    };
    (!name.is_empty()).then_some((name, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansions_are_those_of_go() {
        for (output, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("$1-${name}x$$", "<1>-<name>x$"),
            ("$1x", "<1x>"),
            ("${1}x", "<1>x"),
            ("$", "$"),
            ("${", "${"),
            ("${a b}", "${a b}"),
            ("{path}", "{path}"),
        ] {
            let shown: String = expansion(output, 0)
                .iter()
                .map(|piece| match piece {
                    Piece::Constant(text) => text.clone(),
                    Piece::Placeholder(found) => format!("<{}>", found.argument),
                })
                .collect();
            assert_eq!(shown, expected, "{output}");
        }
    }
}
