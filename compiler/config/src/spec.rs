//! One way to say what may stand where.
//!
//! A [`Grammar`] lists the words that may start a line of some block: how many arguments each takes, whether it opens a
//! block, whether it may come twice, and what it does. Lines are checked against it here and nowhere else, so every
//! mistake reads the same whatever it stands in.

use std::fmt;

use zs_diagnostics::{Code, codes};
use zs_syntax::{Segment, Token};

use crate::context::{Context, Parsed, suggest};
use crate::support::Status;
use crate::third_party::{self, Place};

/// A line to be understood: a name, arguments, perhaps a block.
#[derive(Clone, Copy)]
pub(crate) struct Line<'l> {
    /// The first word.
    pub(crate) name: &'l Token,
    /// The words after it that count as arguments.
    pub(crate) arguments: &'l [Token],
    /// The lines of its block.
    pub(crate) block: Option<&'l [Segment]>,
}

impl<'l> Line<'l> {
    /// The line that a segment is.
    pub(crate) fn new(segment: &'l Segment) -> Self {
        Line {
            name: segment.name(),
            arguments: segment.arguments(),
            block: segment.block.as_deref(),
        }
    }

    /// An argument's text, empty when there are not so many.
    pub(crate) fn text(&self, index: usize) -> &'l str {
        self.arguments
            .get(index)
            .map_or("", |token| token.text.as_str())
    }

    /// All arguments' texts.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.arguments
            .iter()
            .map(|token| token.text.clone())
            .collect()
    }

    /// The line that begins with the first argument, as where a word names a module and the rest configures it. The same
    /// line when it has no arguments.
    pub(crate) fn inner(&self) -> Self {
        match self.arguments.split_first() {
            Some((name, arguments)) => Line {
                name,
                arguments,
                block: self.block,
            },
            None => *self,
        }
    }

    /// The lines of the block; none when there is no block.
    pub(crate) fn lines(&self) -> &'l [Segment] {
        self.block.unwrap_or_default()
    }
}

/// Whether a line opens a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Never,
    Maybe,
}

/// What a line looks like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// The fewest arguments.
    pub(crate) min: usize,
    /// The most arguments.
    pub(crate) max: usize,
    /// The block.
    pub(crate) block: Block,
    /// The form to show in help, as in the manual.
    pub(crate) usage: &'static str,
}

impl Shape {
    /// So many arguments and no block.
    pub(crate) const fn arguments(min: usize, max: usize, usage: &'static str) -> Self {
        Shape {
            min,
            max,
            block: Block::Never,
            usage,
        }
    }

    /// So many arguments and a block as said.
    pub(crate) const fn with_block(
        min: usize,
        max: usize,
        block: Block,
        usage: &'static str,
    ) -> Self {
        Shape {
            min,
            max,
            block,
            usage,
        }
    }

    /// Checks a line against the shape.
    pub(crate) fn check(&self, line: &Line, cx: &mut Context) -> Parsed<()> {
        let count = line.arguments.len();
        let help = || format!("the form is `{}`", self.usage);
        if count < self.min {
            let last = line.arguments.last().unwrap_or(line.name);
            let message = format!("`{}` has too few arguments", line.name.text);
            return Err(cx.fail(last, codes::WRONG_ARGUMENTS, message, help()));
        }
        if count > self.max {
            let message = format!("`{}` has too many arguments", line.name.text);
            return Err(cx.fail(
                &line.arguments[self.max],
                codes::WRONG_ARGUMENTS,
                message,
                help(),
            ));
        }
        if self.block == Block::Never && line.block.is_some() {
            let message = format!("`{}` takes no block", line.name.text);
            return Err(cx.fail(line.name, codes::WRONG_ARGUMENTS, message, help()));
        }
        Ok(())
    }
}

/// A word that may start a line, and what it does to a `T`.
pub(crate) struct Entry<T: 'static> {
    /// The word.
    pub(crate) name: &'static str,
    /// What becomes of it when a site is built.
    status: Status,
    shape: Shape,
    repeat: Repeat,
    apply: Apply<T>,
}

/// What it means that a word comes again in the same block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It adds to what was said.
    Adds,
    /// It takes the place of what was said.
    Replaces,
    /// It is a mistake.
    Refused,
}

/// What a line does to the thing that is being described.
pub(crate) type Apply<T> = fn(&mut T, &Line, &mut Context) -> Parsed<()>;

impl<T> Entry<T> {
    /// A word that may come any number of times.
    pub(crate) const fn many(name: &'static str, shape: Shape, apply: Apply<T>) -> Self {
        Entry::new(name, shape, Repeat::Adds, apply)
    }

    /// A word of which the last one counts, as it does for Caddy.
    pub(crate) const fn last(name: &'static str, shape: Shape, apply: Apply<T>) -> Self {
        Entry::new(name, shape, Repeat::Replaces, apply)
    }

    /// A word that may come once.
    pub(crate) const fn once(name: &'static str, shape: Shape, apply: Apply<T>) -> Self {
        Entry::new(name, shape, Repeat::Refused, apply)
    }

    const fn new(name: &'static str, shape: Shape, repeat: Repeat, apply: Apply<T>) -> Self {
        Entry {
            name,
            status: Status::Works,
            shape,
            repeat,
            apply,
        }
    }

    /// The same word, which `adapt` understands and which building refuses.
    pub(crate) const fn unbuilt(self) -> Self {
        self.with_status(Status::UNBUILT)
    }

    /// The same word, which is refused because only modules of third parties give it a meaning.
    pub(crate) const fn foreign(self) -> Self {
        self.with_status(Status::Foreign)
    }

    /// The same word with another status.
    pub(crate) const fn with_status(self, status: Status) -> Self {
        Entry {
            name: self.name,
            status,
            shape: self.shape,
            repeat: self.repeat,
            apply: self.apply,
        }
    }

    /// What becomes of it when a site is built.
    pub(crate) fn status(&self) -> Status {
        self.status
    }
}

/// What kind of word a grammar is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    /// Words in a directive's block, with the directive's name.
    Subdirective(&'static str),
    /// Global options.
    Option,
    /// Request matchers.
    Matcher,
    /// Modules of some kind, such as log outputs, that a word chooses from.
    Module(&'static str),
}

impl Vocabulary {
    fn codes(self) -> (Code, Code) {
        match self {
            Vocabulary::Subdirective(_) | Vocabulary::Module(_) => {
                (codes::UNKNOWN_SUBDIRECTIVE, codes::UNSUPPORTED_SUBDIRECTIVE)
            }
            Vocabulary::Option => (codes::UNKNOWN_OPTION, codes::UNSUPPORTED_OPTION),
            Vocabulary::Matcher => (codes::UNKNOWN_MATCHER, codes::UNSUPPORTED_MATCHER),
        }
    }
}

impl Vocabulary {
    /// Where words of third-party modules may stand among these.
    fn place(self) -> Option<Place> {
        match self {
            Vocabulary::Subdirective(_) => None,
            Vocabulary::Module(kind) => Place::named(kind),
            Vocabulary::Option => Some(Place::Option),
            Vocabulary::Matcher => Some(Place::Matcher),
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Vocabulary::Subdirective(_) => f.write_str("subdirective"),
            Vocabulary::Option => f.write_str("global option"),
            Vocabulary::Matcher => f.write_str("matcher"),
            Vocabulary::Module(kind) => f.write_str(kind),
        }
    }
}

/// The words that may start the lines of a block.
pub(crate) struct Grammar<T: 'static> {
    /// What they are.
    pub(crate) vocabulary: Vocabulary,
    /// The words.
    pub(crate) entries: &'static [&'static [Entry<T>]],
    /// What lines with any other word do; refused when none.
    pub(crate) other: Option<Apply<T>>,
}

impl<T> Grammar<T> {
    /// Applies all lines of a block. Every line is looked at even after one has failed.
    pub(crate) fn apply_all<'l>(
        &self,
        lines: impl IntoIterator<Item = &'l Segment>,
        target: &mut T,
        cx: &mut Context,
    ) -> Parsed<()> {
        let mut seen: Vec<&str> = Vec::new();
        let mut result = Ok(());
        for segment in lines {
            let line = Line::new(segment);
            let applied = self
                .check_repeat(&line, &mut seen, cx)
                .and_then(|()| self.apply(&line, target, cx));
            result = result.and(applied);
        }
        result
    }

    /// Applies one line.
    pub(crate) fn apply(&self, line: &Line, target: &mut T, cx: &mut Context) -> Parsed<()> {
        let name = line.name.text.as_str();
        match (self.find(name), self.other) {
            (Some(entry), _) => {
                let what = format!("{} `{name}`{}", self.vocabulary, self.inside());
                let code = self.vocabulary.codes().1;
                entry.shape.check(line, cx)?;
                (entry.apply)(target, line, cx)?;
                cx.tell(line.name, code, &what, entry.status);
                Ok(())
            }
            (None, Some(other)) => other(target, line, cx),
            (None, None) => self.unknown(line, cx),
        }
    }

    /// Reports a line with a word that is not among these, with the likely meaning.
    pub(crate) fn unknown(&self, line: &Line, cx: &mut Context) -> Parsed<()> {
        let name = line.name.text.as_str();
        let place = self.vocabulary.place();
        if let Some(reported) = place.and_then(|place| third_party::explain(place, line.name, cx)) {
            return Err(reported);
        }
        let message = format!("unknown {} `{name}`{}", self.vocabulary, self.inside());
        let known: Vec<&str> = self.names().collect();
        let list: Vec<&str> = self.all().map(|entry| entry.name).collect();
        let otherwise = if list.is_empty() {
            "remove the block".to_owned()
        } else {
            format!("known here: {}", list.join(", "))
        };
        let help = suggest(name, known, &otherwise);
        Err(cx.fail(line.name, self.vocabulary.codes().0, message, help))
    }

    fn check_repeat<'l>(
        &self,
        line: &Line<'l>,
        seen: &mut Vec<&'l str>,
        cx: &mut Context,
    ) -> Parsed<()> {
        let name = line.name.text.as_str();
        let repeat = self.find(name).map_or(Repeat::Adds, |entry| entry.repeat);
        if seen.contains(&name) {
            let message = format!("`{name}` stands here twice");
            match repeat {
                Repeat::Adds => {}
                Repeat::Replaces => {
                    let message = format!("{message}; only the last one counts");
                    let help = "remove the earlier one";
                    cx.warn(line.name, codes::SUSPICIOUS, message, help);
                }
                Repeat::Refused => {
                    let help = "keep one of the two";
                    return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
                }
            }
        }
        seen.push(name);
        Ok(())
    }

    fn inside(&self) -> String {
        match self.vocabulary {
            Vocabulary::Subdirective(owner) => format!(" in `{owner}`"),
            Vocabulary::Option | Vocabulary::Matcher | Vocabulary::Module(_) => String::new(),
        }
    }

    /// Whether it is one of these words.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&'static Entry<T>> {
        self.all().find(|entry| entry.name == name)
    }

    /// All entries.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Entry<T>> {
        self.entries.iter().flat_map(|entries| entries.iter())
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all().map(|entry| entry.name)
    }
}

/// An entry whose one argument goes into a field as it is; the last one counts.
macro_rules! text_word {
    ($name:literal, $form:literal => $($field:ident).+) => {
        $crate::spec::Entry::last(
            $name,
            $crate::spec::Shape::arguments(1, 1, concat!($name, " ", $form)),
            |target, line, _| {
                line.text(0).clone_into(&mut target.$($field).+);
                Ok(())
            },
        )
    };
}

/// An entry without arguments that sets a field.
macro_rules! flag_word {
    ($name:literal => $($field:ident).+) => {
        $crate::spec::Entry::many(
            $name,
            $crate::spec::Shape::arguments(0, 0, $name),
            |target, _, _| {
                target.$($field).+ = true;
                Ok(())
            },
        )
    };
}

/// An entry whose one argument, read by a function, goes into a field; the last one counts.
macro_rules! value_word {
    ($name:literal, $form:literal, $read:path => $($field:ident).+) => {
        $crate::spec::Entry::last(
            $name,
            $crate::spec::Shape::arguments(1, 1, concat!($name, " ", $form)),
            |target, line, cx| {
                target.$($field).+ = $read(&line.arguments[0], cx)?;
                Ok(())
            },
        )
    };
}

/// An entry whose arguments are added to a list.
macro_rules! list_word {
    ($name:literal, $min:literal, $form:literal => $($field:ident).+) => {
        $crate::spec::Entry::many(
            $name,
            $crate::spec::Shape::arguments($min, usize::MAX, concat!($name, " ", $form)),
            |target, line, _| {
                target.$($field).+.extend(line.texts());
                Ok(())
            },
        )
    };
}

pub(crate) use {flag_word, list_word, text_word, value_word};
