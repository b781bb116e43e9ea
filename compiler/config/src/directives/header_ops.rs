//! One change to a header field, as `header`, `request_header`, `header_up` and `header_down` write it.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::{HeaderOps, Replacement};
use crate::values::header::{canonical, check};

/// What the field's first character asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// `+`
    Add,
    /// `-`
    Delete,
    /// `?`
    Default,
    /// `>`
    Deferred,
    /// None of these.
    Set,
}

/// What becomes of a colon at the end of a field's name, which is a habit from other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colon {
    /// It is dropped.
    Dropped,
    /// It makes the name malformed. Caddy takes it for a part of the name here and sends no such field.
    Refused,
}

/// A change taken apart.
#[derive(Debug)]
pub(super) struct HeaderChange<'l> {
    /// What is asked for.
    pub(super) change: Change,
    /// The field without that character.
    pub(super) field: &'l str,
    /// The field with that character, without a dropped colon.
    written: &'l str,
    token: &'l Token,
    value: &'l str,
    replacement: Option<&'l str>,
}

impl<'l> HeaderChange<'l> {
    /// Takes field, value and replacement apart.
    pub(super) fn parse(
        field: &'l Token,
        values: &'l [Token],
        colon: Colon,
        cx: &mut Context,
    ) -> Parsed<Self> {
        let written = match colon {
            Colon::Dropped => field.text.strip_suffix(':').unwrap_or(&field.text),
            Colon::Refused => &field.text,
        };
        let change = match written.as_bytes().first() {
            Some(b'+') => Change::Add,
            Some(b'-') => Change::Delete,
            Some(b'?') => Change::Default,
            Some(b'>') => Change::Deferred,
            _ => Change::Set,
        };
        let name = if change == Change::Set {
            written
        } else {
            &written[1..]
        };
        if !(change == Change::Delete && name.contains('*')) {
            check(name, field, cx)?;
        }
        if change == Change::Delete
            && let Some(value) = values.first()
        {
            let message = format!("`{written}` deletes the field whatever its value");
            cx.warn(value, codes::SUSPICIOUS, message, "remove the value");
        }
        let text = |index: usize| values.get(index).map(|token: &Token| token.text.as_str());
        let (value, replacement) = (text(0).unwrap_or_default(), text(1));
        Ok(HeaderChange {
            change,
            field: name,
            written,
            token: field,
            value,
            replacement,
        })
    }

    /// Adds the change to those of a request or response; `?` is the caller's business.
    pub(super) fn apply(&self, ops: &mut HeaderOps) {
        let (name, value) = (canonical(self.field), self.value.to_owned());
        match (self.change, self.replacement) {
            (Change::Add, _) => ops.add.entry(name).or_default().push(value),
            (Change::Delete, _) => ops.delete.push(self.field.to_owned()),
            (Change::Default, _) | (Change::Set | Change::Deferred, None) => {
                ops.set.insert(name, vec![value]);
            }
            (Change::Set | Change::Deferred, Some(replacement)) => {
                let field = self
                    .written
                    .trim_start_matches(['+', '-', '?', '>'])
                    .to_owned();
                let replace = replacement.to_owned();
                let replacement = Replacement {
                    search: String::new(),
                    search_regexp: value,
                    replace,
                };
                ops.replace.entry(field).or_default().push(replacement);
            }
        }
    }

    /// Refuses `?`, which only responses know.
    pub(super) fn refuse_default(&self, cx: &mut Context) -> Parsed<()> {
        if self.change != Change::Default {
            return Ok(());
        }
        let message = format!(
            "`{}` sets a default, which only response header fields have",
            self.written
        );
        Err(cx.fail(
            self.token,
            codes::BAD_VALUE,
            message,
            "use a matcher on the field instead",
        ))
    }
}
