//! Texts with values that are left open until the site starts.
//!
//! Only [`DataBuilder::open_text`] takes such a text, and its caller says what
//! the text is for. A marker that comes another way is not stored: it is kept in
//! mind, so that its place can be refused.

use std::collections::BTreeSet;

use zs_abi::OpenKind;
use zs_abi::data::Text;
use zs_abi::tables::{OpenPiece, OpenText, OpenValue as Record, OpenValueId};
use zs_open::{OpenId, OpenValues, Part};

use crate::DataBuilder;

/// What has become of the values that are left open.
#[derive(Debug, Default)]
pub struct Open {
    values: OpenValues,
    /// Records of the values that are used.
    used: Vec<(OpenId, OpenValueId)>,
    texts: Vec<(String, OpenKind, Text)>,
    /// Values where there can be none.
    misplaced: BTreeSet<OpenId>,
}

impl Open {
    /// The values.
    #[must_use]
    pub fn values(&self) -> &OpenValues {
        &self.values
    }

    /// The values that stand where there can be none.
    #[must_use]
    pub fn misplaced(&self) -> &BTreeSet<OpenId> {
        &self.misplaced
    }

    /// Whether a value is a part of the site's data.
    #[must_use]
    pub fn is_used(&self, id: OpenId) -> bool {
        self.used.iter().any(|(used, _)| *used == id)
    }

    /// Whether any value is a part of the site's data.
    #[must_use]
    pub fn is_any_used(&self) -> bool {
        !self.used.is_empty()
    }

    /// Says of the values in a text that they stand where there can be none.
    pub fn misplace(&mut self, text: &str) {
        self.misplaced.extend(zs_open::ids(text));
    }
}

impl DataBuilder {
    /// A block without content in which some values may be left open.
    #[must_use]
    pub fn with_open(values: OpenValues) -> Self {
        Self {
            open: Open {
                values,
                ..Open::default()
            },
            ..Self::default()
        }
    }

    /// What has become of the values that are left open.
    #[must_use]
    pub fn open(&self) -> &Open {
        &self.open
    }

    /// As [`Self::open`], to misplace some.
    pub fn open_mut(&mut self) -> &mut Open {
        &mut self.open
    }

    /// Stores a text that may hold open values. `kind` says what it is for; the
    /// server checks that when it starts.
    pub fn open_text(&mut self, text: &str, kind: OpenKind) -> Text {
        if !zs_open::is_open(text) {
            return self.text(text);
        }
        let same = |(known, known_kind, _): &&(String, OpenKind, Text)| {
            known == text && *known_kind == kind
        };
        if let Some((.., stored)) = self.open.texts.iter().find(same) {
            return *stored;
        }
        let pieces: Vec<OpenPiece> = zs_open::parts(text)
            .map(|part| match part {
                Part::Text(text) => OpenPiece {
                    value: None,
                    text: self.text(text),
                },
                Part::Open(id) => OpenPiece {
                    value: Some(self.open_value(id)),
                    text: Text::EMPTY,
                },
            })
            .collect();
        let record = OpenText {
            kind: kind as u32,
            pieces: self.extend(&pieces),
        };
        let stored = Text::open(self.push(&record));
        self.open.texts.push((text.to_owned(), kind, stored));
        stored
    }

    fn open_value(&mut self, id: OpenId) -> OpenValueId {
        if let Some((_, number)) = self.open.used.iter().find(|(used, _)| *used == id) {
            return *number;
        }
        let value = self.open.values.value(id).cloned();
        // Markers are made by the table that the builder was given.
        let value = value.expect("an open value of this compilation");
        let record = Record {
            name: self.text(&value.name),
            default: self.text(value.default.as_deref().unwrap_or_default()),
            has_default: value.default.is_some().into(),
            file: self.text(&value.file),
            line: value.line,
        };
        let number = OpenValueId(self.push(&record));
        self.open.used.push((id, number));
        number
    }
}
