//! What is wrong with a JSON text, while it is on its way to becoming a diagnostic.

use std::fmt;

use serde::de;
use zs_diagnostics::{Code, Span, codes};

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Problem(Box<Inside>);

/// The parts of a problem.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) span: Option<Span>,
    /// An earlier place that has to do with it.
    pub(super) earlier: Option<Span>,
    /// The names and numbers on the way from the place to the root.
    pub(super) path: Vec<String>,
}

impl std::ops::Deref for Problem {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Problem(Box::new(Inside {
            code,
            message: message.into(),
            help: None,
            span: None,
            earlier: None,
            path: Vec::new(),
        }))
    }

    /// Says what to do next.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Says where it is, unless that is known more exactly.
    pub(super) fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// Says which earlier place it has to do with.
    pub(super) fn after(mut self, span: Span) -> Self {
        self.0.earlier = Some(span);
        self
    }

    /// Says that it is inside of this member or element.
    pub(super) fn inside(mut self, step: impl fmt::Display) -> Self {
        self.0.path.push(step.to_string());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::new(codes::BAD_VALUE, message.to_string())
    }

    fn invalid_type(found: de::Unexpected, expected: &dyn de::Expected) -> Self {
        let expected = kind(&expected.to_string());
        let found = match found {
            de::Unexpected::Bool(_) => "a truth value",
            de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "a whole number",
            de::Unexpected::Float(_) => "a number with a fraction",
            de::Unexpected::Str(_) => "a text",
            de::Unexpected::Unit => "null",
            de::Unexpected::Seq => "a list",
            de::Unexpected::Map => "an object",
            _ => "something else",
        };
        Problem::new(
            codes::BAD_VALUE,
            format!("{found} stands where {expected} is expected"),
        )
    }

    fn invalid_value(found: de::Unexpected, expected: &dyn de::Expected) -> Self {
        let expected = kind(&expected.to_string());
        let found = match found {
            de::Unexpected::Str(text) => format!("`{text}`"),
            de::Unexpected::Unsigned(number) => number.to_string(),
            de::Unexpected::Signed(number) => number.to_string(),
            de::Unexpected::Float(number) => number.to_string(),
            found => found.to_string(),
        };
        Problem::new(codes::BAD_VALUE, format!("{found} is not {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Problem::new(codes::BAD_VALUE, format!("`{field}` is missing"))
    }
}

/// What `serde` calls what it expects, in words.
fn kind(expected: &str) -> String {
    match expected {
        "a string" => "a text".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => {
            let bits = expected.trim_start_matches(['u', 's', 'i', 'z', 'e']);
            match bits {
                "16" => "a number from 0 to 65535".to_owned(),
                "8" => "a number from 0 to 255".to_owned(),
                _ => "a number that is not negative".to_owned(),
            }
        }
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") => "one of the known words".to_owned(),
        other => other.to_owned(),
    }
}
