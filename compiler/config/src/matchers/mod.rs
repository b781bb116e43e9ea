//! Request matchers: one file each, and the table that lists them.

mod client_ip;
mod expression;
pub(crate) mod file;
mod header;
mod header_regexp;
mod host;
mod method;
mod not;
mod path;
mod path_regexp;
mod protocol;
mod query;
mod remote_ip;
pub(crate) mod response;
mod tls;
pub(crate) mod url_pattern;
mod vars;
mod vars_regexp;

use std::collections::BTreeMap;

use zs_diagnostics::{Diagnostic, Span, codes};
use zs_syntax::{Segment, Token};

use crate::context::{Context, Parsed, suggest};
use crate::model::{At, MatcherSet, Regexp};
use crate::spec::{Grammar, Line, Shape, Vocabulary};

/// A set that is being described.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    /// What it is so far.
    pub(crate) set: MatcherSet,
    /// The name of the matcher, without `@`, by which regular expressions name their captures.
    pub(crate) name: String,
    /// How many negations are around it.
    depth: usize,
}

/// How many negations may lie within each other. Later stages recurse over them.
const NEGATIONS_MAX: usize = 16;

/// All matchers by name.
pub(crate) const GRAMMAR: Grammar<Matching> = Grammar {
    vocabulary: Vocabulary::Matcher,
    entries: &[&[
        client_ip::ENTRY,
        expression::ENTRY,
        file::ENTRY,
        header::ENTRY,
        header_regexp::ENTRY,
        host::ENTRY,
        method::ENTRY,
        not::ENTRY,
        path::ENTRY,
        path_regexp::ENTRY,
        protocol::ENTRY,
        query::ENTRY,
        remote_ip::ENTRY,
        tls::ENTRY,
        url_pattern::ENTRY,
        vars::ENTRY,
        vars_regexp::ENTRY,
    ]],
    other: None,
};

/// The named matchers that can be used in a block: its own and those of the blocks around it.
#[derive(Debug, Default)]
pub(crate) struct Definitions<'p> {
    around: Option<&'p Definitions<'p>>,
    by_name: BTreeMap<String, Definition>,
}

#[derive(Debug)]
struct Definition {
    /// None when the definition is faulty, which is reported once and not at every use.
    set: Option<MatcherSet>,
    span: Span,
}

impl<'p> Definitions<'p> {
    /// The definitions of a block inside another one.
    pub(crate) fn inside(around: &'p Definitions<'p>) -> Self {
        Definitions {
            around: Some(around),
            by_name: BTreeMap::new(),
        }
    }

    fn find(&self, name: &str) -> Option<&Definition> {
        self.scopes().find_map(|scope| scope.by_name.get(name))
    }

    fn scopes(&self) -> impl Iterator<Item = &Definitions<'p>> {
        std::iter::successors(Some(self), |scope| scope.around)
    }

    /// Adds the definitions among the lines of the block.
    pub(crate) fn extend(&mut self, lines: &[Segment], cx: &mut Context) -> Parsed<()> {
        let mut result = Ok(());
        for segment in lines.iter().filter(|segment| is_definition(segment)) {
            result = result.and(self.define(segment, cx));
        }
        result
    }

    fn define(&mut self, segment: &Segment, cx: &mut Context) -> Parsed<()> {
        let token = segment.name();
        if let Some(earlier) = self.find(&token.text) {
            let message = format!("matcher `{}` is defined twice", token.text);
            let diagnostic = Diagnostic::error(codes::BAD_MATCHER, token.span, message);
            let diagnostic = diagnostic
                .secondary(earlier.span, "defined here first")
                .help("give one of them another name");
            return Err(cx.report(token, diagnostic));
        }
        let line = Line::new(segment);
        let set = nested_set(&line, token.text.trim_start_matches('@'), 0, cx);
        let definition = Definition {
            set: set.as_ref().ok().cloned(),
            span: token.span,
        };
        self.by_name.insert(token.text.clone(), definition);
        set.map(|_| ())
    }

    /// The set that a directive's first argument stands for, when it is a matcher: `*`, a path, or a name with `@`.
    pub(crate) fn resolve(&self, token: &Token, cx: &mut Context) -> Parsed<MatcherToken> {
        if token.text == "*" {
            return Ok(MatcherToken::All);
        }
        if token.text.starts_with('/') {
            let path = Some(At::new(vec![token.text.clone()], token.span));
            return Ok(MatcherToken::Set(Box::new(MatcherSet {
                path,
                origin: token.span.into(),
                ..MatcherSet::default()
            })));
        }
        if !token.text.starts_with('@') {
            return Ok(MatcherToken::None);
        }
        match self.find(&token.text) {
            Some(Definition { set: Some(set), .. }) => Ok(MatcherToken::Set(Box::new(set.clone()))),
            Some(Definition { set: None, .. }) => Err(crate::context::Reported),
            None => {
                let message = format!("matcher `{}` is not defined", token.text);
                let known = self
                    .scopes()
                    .flat_map(|scope| scope.by_name.keys())
                    .map(String::as_str);
                let help = suggest(
                    &token.text,
                    known,
                    "define it in this block or in one around it",
                );
                Err(cx.fail(token, codes::BAD_MATCHER, message, help))
            }
        }
    }
}

/// What a directive's first argument is.
#[derive(Debug)]
pub(crate) enum MatcherToken {
    /// No matcher but an ordinary argument.
    None,
    /// `*`.
    All,
    /// A path or a named matcher.
    Set(Box<MatcherSet>),
}

/// Whether a line defines a named matcher.
pub(crate) fn is_definition(segment: &Segment) -> bool {
    segment.name().text.starts_with('@')
}

/// The set of a line that has no name: one matcher on the line itself, or several in its block.
pub(crate) fn anonymous_set(line: &Line, cx: &mut Context) -> Parsed<MatcherSet> {
    nested_set(line, "", 1, cx)
}

/// The set of a definition, or of a `not`: one matcher on the line itself, or several in its block.
fn nested_set(line: &Line, name: &str, depth: usize, cx: &mut Context) -> Parsed<MatcherSet> {
    if depth > NEGATIONS_MAX {
        let message = format!("more than {NEGATIONS_MAX} negations lie within each other");
        return Err(cx.fail(
            line.name,
            codes::LIMIT_EXCEEDED,
            message,
            "two negations cancel each other",
        ));
    }
    let origin = line.name.span.into();
    let mut matching = Matching {
        set: MatcherSet {
            origin,
            ..MatcherSet::default()
        },
        name: name.to_owned(),
        depth,
    };
    if let Some((first, rest)) = line.arguments.split_first() {
        let inner = Line {
            name: first,
            arguments: rest,
            block: line.block,
        };
        if first.is_quoted() {
            quoted(&inner, &mut matching, cx)?;
        } else {
            GRAMMAR.apply(&inner, &mut matching, cx)?;
        }
    } else if depth == 0 {
        refuse_quoted(line.lines(), cx)?;
        GRAMMAR.apply_all(line.lines(), &mut matching, cx)?;
    } else {
        let is_quoted = |segment: &&Segment| segment.name().is_quoted();
        for segment in line.lines().iter().filter(is_quoted) {
            quoted(&Line::new(segment), &mut matching, cx)?;
        }
        let others = line.lines().iter().filter(|segment| !is_quoted(segment));
        GRAMMAR.apply_all(others, &mut matching, cx)?;
    }
    if matching.set.is_empty() {
        let help = "name a matcher and what it compares with, such as `path /api/*`";
        return Err(cx.fail(
            line.name,
            codes::BAD_MATCHER,
            format!("`{}` matches everything", line.name.text),
            help,
        ));
    }
    Ok(matching.set)
}

/// In the block of a definition an expression needs its name.
fn refuse_quoted(lines: &[Segment], cx: &mut Context) -> Parsed<()> {
    match lines.iter().find(|segment| segment.name().is_quoted()) {
        None => Ok(()),
        Some(segment) => {
            let message = "an expression in a block begins with its matcher's name";
            let help = "write `expression` before it";
            Err(cx.fail(segment.name(), codes::BAD_MATCHER, message, help))
        }
    }
}

/// A quoted word in a matcher's place is an expression.
fn quoted(line: &Line, matching: &mut Matching, cx: &mut Context) -> Parsed<()> {
    Shape::arguments(0, 0, "\"<expression>\"").check(line, cx)?;
    if matching.set.expression.is_some() {
        let message = "there is an expression already";
        let help = "join the two with `&&`";
        return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
    }
    let mut name = line.name.clone();
    expression::NAME.clone_into(&mut name.text);
    let inner = Line {
        name: &name,
        arguments: std::slice::from_ref(line.name),
        block: None,
    };
    GRAMMAR.apply(&inner, matching, cx)
}

/// What an expression is about, and the expression: `[<name>] <subject> <pattern>`.
fn named_regexp(matching: &Matching, line: &Line) -> (String, Regexp) {
    let (name, subject, pattern) = match line.arguments.len() {
        3 => (line.text(0), line.text(1), line.text(2)),
        _ => ("", line.text(0), line.text(1)),
    };
    let name = if name.is_empty() {
        matching.name.clone()
    } else {
        name.to_owned()
    };
    let pattern = pattern.to_owned();
    (subject.to_owned(), Regexp { name, pattern })
}
