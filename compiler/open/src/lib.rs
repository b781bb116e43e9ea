//! Values that are left open when a site is built and read when it starts.
//!
//! Where the Caddyfile asks for such a variable, its text gets a *marker* that
//! stands for one value and for nothing else: it holds no white space, quote
//! or brace, so that it is a part of one word, and begins with a character that
//! no configuration may hold. Markers travel through texts; where a text
//! becomes data, its [`parts`] become a constant or a value each. How a value is
//! read and checked is the runtime's business.

#![forbid(unsafe_code)]

mod refusal;

use std::fmt;

use zs_diagnostics::Span;

pub use refusal::explain;

/// Begins a marker. Unicode reserves it for uses like this one: it is no
/// character of any text.
pub const FIRST: char = '\u{fdd0}';
/// Ends a marker.
const LAST: char = '\u{fdd1}';
/// Digits of the number in a marker. All markers are equally long, so that
/// nothing is ordered by which variable was mentioned first.
const DIGITS: usize = 8;

/// Number of an [`OpenValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenId(pub u32);

impl OpenId {
    /// The text that stands for the value.
    #[must_use]
    pub fn marker(self) -> String {
        format!("{FIRST}{:0DIGITS$x}{LAST}", self.0)
    }
}

impl fmt::Display for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "open{}", self.0)
    }
}

/// One place where a Caddyfile asks for a variable that is left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenValue {
    /// The variable's name.
    pub name: String,
    /// What the value is where the variable is not set.
    pub default: Option<String>,
    /// The whole `{$…}`.
    pub span: Span,
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Whether it stands in a part of the file that counts: not in a comment,
    /// and not in a snippet that nothing imports.
    pub counts: bool,
}

impl fmt::Display for OpenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{${}}}", self.name)
    }
}

/// All places where variables are left open, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenValues(Vec<OpenValue>);

impl OpenValues {
    /// Adds one.
    pub fn add(&mut self, value: OpenValue) -> OpenId {
        self.0.push(value);
        OpenId(self.0.len() as u32 - 1)
    }

    /// Whether nothing is left open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this number.
    #[must_use]
    pub fn value(&self, id: OpenId) -> Option<&OpenValue> {
        self.0.get(id.0 as usize)
    }

    /// All in order.
    pub fn iter(&self) -> impl Iterator<Item = (OpenId, &OpenValue)> {
        let numbers = (0_u32..).map(OpenId);
        numbers.zip(&self.0)
    }

    /// Says of the values in a text that they count.
    pub fn count(&mut self, text: &str) {
        for id in ids(text) {
            if let Some(value) = self.0.get_mut(id.0 as usize) {
                value.counts = true;
            }
        }
    }

    /// A text in which every value is the first of those that read the same
    /// variable: two texts that are the same for every environment become equal.
    #[must_use]
    pub fn canonical(&self, text: &str) -> String {
        let first = |id: OpenId| {
            let same = |other: &OpenValue| {
                self.value(id).is_some_and(|value| {
                    (&value.name, &value.default) == (&other.name, &other.default)
                })
            };
            let found = self.iter().find(|(_, other)| same(other));
            found.map_or(id, |(first, _)| first).marker()
        };
        let part = |part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Open(id) => first(id),
        };
        parts(text).map(part).collect()
    }

    /// A text as its author wrote it, but for defaults.
    #[must_use]
    pub fn spelled(&self, text: &str) -> String {
        let spelled = |part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Open(id) => self
                .value(id)
                .map_or_else(String::new, OpenValue::to_string),
        };
        parts(text).map(spelled).collect()
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'t> {
    /// Text that stands for itself.
    Text(&'t str),
    /// A value.
    Open(OpenId),
}

/// The pieces of a text, none of them empty.
pub fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some((id, behind)) = leading(rest) {
            rest = behind;
            return Some(Part::Open(id));
        }
        let starts = rest.match_indices(FIRST).map(|(at, _)| at);
        let end = starts
            .into_iter()
            .find(|at| leading(&rest[*at..]).is_some())
            .unwrap_or(rest.len());
        let (text, behind) = rest.split_at(end);
        rest = behind;
        (!text.is_empty()).then_some(Part::Text(text))
    })
}

/// The values in a text.
pub fn ids(text: &str) -> impl Iterator<Item = OpenId> {
    parts(text).filter_map(|part| match part {
        Part::Open(id) => Some(id),
        Part::Text(_) => None,
    })
}

/// Whether a text holds a value that is left open.
#[must_use]
pub fn is_open(text: &str) -> bool {
    text.contains(FIRST) && ids(text).next().is_some()
}

/// The value that a text begins with, and what stands behind it.
fn leading(text: &str) -> Option<(OpenId, &str)> {
    let inner = text.strip_prefix(FIRST)?;
    let number = u32::from_str_radix(inner.get(..DIGITS)?, 16).ok()?;
    let behind = inner[DIGITS..].strip_prefix(LAST)?;
    Some((OpenId(number), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_parts() {
        let (one, two) = (OpenId(1), OpenId(0xabc));
        let text = format!("a{}{}b\u{fdd0}c", one.marker(), two.marker());
        let found: Vec<Part> = parts(&text).collect();
        let expected = [
            Part::Text("a"),
            Part::Open(one),
            Part::Open(two),
            Part::Text("b\u{fdd0}c"),
        ];
        assert_eq!(found, expected);
        assert_eq!(parts("").count(), 0);
        assert!(is_open(&text) && !is_open("b\u{fdd0}c"));
    }
}
