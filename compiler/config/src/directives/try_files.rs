//! `try_files <files...> { policy <policy> }`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::matchers::file;
use crate::model::{At, FileMatcher, Handler, MatcherSet, Origin, Rewrite, Route};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::routes(
    "try_files",
    Shape::with_block(1, usize::MAX, Block::Maybe, "try_files <files...>"),
    parse,
);

/// The policy, once it is known.
pub(super) type Policy = String;

pub(super) const GRAMMAR: Grammar<Policy> = Grammar {
    vocabulary: Vocabulary::Subdirective("try_files"),
    entries: &[&[Entry::<Policy>::once(
        "policy",
        file::POLICY,
        |policy, line, cx| {
            *policy = file::policy(&line.arguments[0], cx)?;
            Ok(())
        },
    )]],
    other: None,
};

/// A file with a query needs a route of its own, since the query is a part of what the request is rewritten to.
fn parse(call: &mut Call) -> Parsed<Vec<Route>> {
    let mut policy = Policy::new();
    GRAMMAR.apply_all(call.line.lines(), &mut policy, call.cx)?;
    let origin = Origin(call.origin());
    let mut routes = Vec::new();
    let mut files: Vec<String> = Vec::new();
    for token in call.line.arguments {
        match token.text.split_once('?') {
            None => files.push(token.text.clone()),
            Some((path, query)) => {
                let before = std::mem::take(&mut files);
                if !before.is_empty() {
                    routes.push(route(before, "", &policy, origin));
                }
                let query = format!("?{query}");
                routes.push(route(vec![path.to_owned()], &query, &policy, origin));
            }
        }
    }
    if !files.is_empty() {
        routes.push(route(files, "", &policy, origin));
    }
    if routes.len() > 1 {
        let group = call.cx.next_group();
        routes
            .iter_mut()
            .for_each(|route| route.group.clone_from(&group));
    }
    Ok(routes)
}

fn route(files: Vec<String>, query: &str, policy: &str, origin: Origin) -> Route {
    let file = FileMatcher {
        try_files: files,
        try_policy: policy.to_owned(),
        ..FileMatcher::default()
    };
    let set = MatcherSet {
        file: Some(At {
            value: file,
            origin,
        }),
        origin,
        ..MatcherSet::default()
    };
    let rewrite = Rewrite {
        uri: format!("{{http.matchers.file.relative}}{query}"),
        origin,
        ..Rewrite::default()
    };
    Route {
        matchers: vec![set],
        handle: vec![Handler::Rewrite(rewrite)],
        origin,
        ..Route::default()
    }
}
