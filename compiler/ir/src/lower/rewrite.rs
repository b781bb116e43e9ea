//! Rewrites: tables of changes to a request's method and target.

use zs_abi::tables::{
    RegexId, RewriteList, RewriteListId, RewriteOp, SEGMENT_PATH_ESCAPED, SEGMENT_QUERY_ESCAPE,
    Value as DataValue,
};
use zs_abi::{OpenKind, RewriteKind, Source, query};
use zs_config::model::{QueryOps, Rewrite};

use super::Lowering;
use super::code::Code;
use crate::program::Op;
use crate::template::{Piece, Unknown};

impl Lowering<'_> {
    /// Writes the `rewrite` handler.
    pub(super) fn rewrite(&mut self, code: &mut Code, rewrite: &Rewrite) {
        let mut ops = Vec::new();
        if !rewrite.method.is_empty() {
            let method = self.value(&rewrite.method, Unknown::Empty);
            ops.push(op(RewriteKind::Method, method));
        }
        if !rewrite.uri.is_empty() {
            self.uri(&rewrite.uri, &mut ops);
        }
        for (kind, text) in [
            (RewriteKind::StripPrefix, &rewrite.strip_path_prefix),
            (RewriteKind::StripSuffix, &rewrite.strip_path_suffix),
        ] {
            if !text.is_empty() {
                let first = self.value(text, Unknown::Empty);
                ops.push(op(kind, first));
            }
        }
        for replace in &rewrite.uri_substring {
            let first = self.value(&replace.find, Unknown::Empty);
            let second = self.value(&replace.replace, Unknown::Empty);
            let limit = u32::try_from(replace.limit).unwrap_or(0);
            ops.push(RewriteOp {
                second,
                limit,
                ..op(RewriteKind::Replace, first)
            });
        }
        for replace in &rewrite.path_regexp {
            let regex = Some(self.regex("", &replace.find, rewrite.origin));
            let first = self.value(&replace.replace, Unknown::Empty);
            ops.push(RewriteOp {
                regex,
                ..op(RewriteKind::PathRegexp, first)
            });
        }
        if let Some(query) = &rewrite.query {
            self.query_ops(query, rewrite, &mut ops);
        }
        let operations = self.program.data.extend(&ops);
        let list = RewriteListId(self.program.data.push(&RewriteList { operations }));
        let error = self.plain_error("400");
        code.op(Op::Rewrite { list, error });
    }

    /// A new URI. What stands before the rule's own `?` is the path, what
    /// stands behind it the query; a rule without `?` leaves the query alone unless
    /// a placeholder brings one.
    fn uri(&mut self, rule: &str, ops: &mut Vec<RewriteOp>) {
        let rule = match split(rule, '#') {
            (rule, Some(_)) | (rule, None) => rule,
        };
        match split(rule, '?') {
            (path, Some(query)) => {
                if !path.is_empty() {
                    let path =
                        self.value_with(path, Unknown::Empty, Some(OpenKind::Path), path_flags);
                    ops.push(op(RewriteKind::Path, path));
                }
                let mut marked = Vec::new();
                query::mark_into(query.as_bytes(), &mut marked);
                let marked = String::from_utf8_lossy(&marked);
                let mut in_name = true;
                let query = self.value_with(&marked, Unknown::Empty, None, |piece| {
                    query_flags(piece, &mut in_name)
                });
                ops.push(op(RewriteKind::QueryText, query));
            }
            (path, None) => {
                let path = self.value_with(path, Unknown::Empty, Some(OpenKind::Path), path_flags);
                ops.push(op(RewriteKind::PathInjected, path));
            }
        }
    }

    fn query_ops(&mut self, query: &QueryOps, rewrite: &Rewrite, ops: &mut Vec<RewriteOp>) {
        for (kind, pairs) in [
            (RewriteKind::QueryRename, &query.rename),
            (RewriteKind::QuerySet, &query.set),
            (RewriteKind::QueryAdd, &query.add),
        ] {
            for pair in pairs {
                let first = self.value(&pair.key, Unknown::Empty);
                let second = self.value(&pair.val, Unknown::Empty);
                ops.push(RewriteOp {
                    second,
                    ..op(kind, first)
                });
            }
        }
        for replace in &query.replace {
            let first = self.value(&replace.key, Unknown::Empty);
            let regex: Option<RegexId> = (!replace.search_regexp.is_empty())
                .then(|| self.regex("", &replace.search_regexp, rewrite.origin));
            // The text to search for and its replacement share one operand.
            let text = match regex {
                Some(_) => replace.replace.clone(),
                None => format!("{}\0{}", replace.search, replace.replace),
            };
            let second = self.value(&text, Unknown::Empty);
            ops.push(RewriteOp {
                second,
                regex,
                ..op(RewriteKind::QueryReplace, first)
            });
        }
        for key in &query.delete {
            let first = self.value(key, Unknown::Empty);
            ops.push(op(RewriteKind::QueryDelete, first));
        }
    }
}

/// The request's path is put into a path as it was sent, or a question mark in
/// it would begin a query.
fn path_flags(piece: &Piece) -> u32 {
    match piece {
        Piece::Placeholder(found)
            if matches!(found.source, Source::Path | Source::FileRelative) =>
        {
            SEGMENT_PATH_ESCAPED
        }
        _ => 0,
    }
}

/// Values are escaped, but for a whole query in the place of a name.
fn query_flags(piece: &Piece, in_name: &mut bool) -> u32 {
    match piece {
        Piece::Constant(text) => {
            let mark = |byte: &&u8| matches!(**byte, query::NAME | query::VALUE);
            if let Some(mark) = text.as_bytes().iter().rfind(mark) {
                *in_name = *mark == query::NAME;
            }
            0
        }
        Piece::Placeholder(found) if found.source == Source::Query && *in_name => 0,
        Piece::Placeholder(_) => SEGMENT_QUERY_ESCAPE,
    }
}

fn op(kind: RewriteKind, first: DataValue) -> RewriteOp {
    RewriteOp {
        kind: kind as u32,
        first,
        second: DataValue::default(),
        regex: None,
        limit: 0,
    }
}

/// Splits a rule at a letter that stands outside placeholders.
fn split(rule: &str, at: char) -> (&str, Option<&str>) {
    let mut depth = 0_u32;
    for (place, letter) in rule.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if letter == at && depth == 0 => {
                return (&rule[..place], Some(&rule[place + 1..]));
            }
            _ => {}
        }
    }
    (rule, None)
}
