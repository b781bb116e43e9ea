//! `php_fastcgi [<matcher>] <upstreams...> { ... }`: files that exist are left to other directives, everything else goes to
//! PHP.

use super::reverse_proxy::{self, Proxy, fastcgi};
use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{
    At, FastCgiTransport, FileMatcher, Handler, MatcherSet, NotMatcher, Origin, Rewrite, Route,
    StaticResponse, StatusCode, Transport,
};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::sequence(
    NAME,
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "php_fastcgi [<matcher>] <upstreams...>",
    ),
    parse,
)
.unbuilt();

const NAME: &str = "php_fastcgi";

/// What the directive's own lines say.
#[derive(Debug)]
pub(super) struct Php {
    transport: FastCgiTransport,
    index: String,
    try_files: Vec<String>,
}

/// The words that a proxy does not have, without those of the transport.
pub(super) const GRAMMAR: Grammar<Php> = Grammar {
    vocabulary: Vocabulary::Subdirective(NAME),
    entries: &[&[
        Entry::<Php>::last(
            "index",
            Shape::arguments(1, 1, "index <file>|off"),
            |php, line, _| {
                line.text(0).clone_into(&mut php.index);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Php>::last(
            "try_files",
            Shape::arguments(1, usize::MAX, "try_files <files...>"),
            |php, line, _| {
                php.try_files = line.texts();
                Ok(())
            },
        )
        .unbuilt(),
    ]],
    other: Some(|php, line, cx| fastcgi::GRAMMAR.apply(line, &mut php.transport, cx)),
};

fn parse(call: &mut Call) -> Parsed<Vec<Route>> {
    let origin = Origin(call.origin());
    let mut php = Php {
        transport: FastCgiTransport {
            split_path: vec![".php".to_owned()],
            ..FastCgiTransport::default()
        },
        index: "index.php".to_owned(),
        try_files: Vec::new(),
    };
    let own = |name: &str| GRAMMAR.knows(name) || fastcgi::GRAMMAR.knows(name);
    let lines = call.line.lines();
    GRAMMAR.apply_all(
        lines.iter().filter(|line| own(&line.name().text)),
        &mut php,
        call.cx,
    )?;
    let mut routes = php.routes_to_scripts(origin);
    let extensions = &php.transport.split_path;
    let scripts = extensions
        .iter()
        .map(|extension| format!("*{extension}"))
        .collect();
    let scripts = MatcherSet {
        path: Some(At {
            value: scripts,
            origin,
        }),
        origin,
        ..MatcherSet::default()
    };
    let proxy = Proxy {
        transport: Some(Transport::FastCgi(php.transport.clone())),
        transport_from: Some(NAME),
        ..Proxy::default()
    };
    let others = lines.iter().filter(|line| !own(&line.name().text));
    let proxy = reverse_proxy::read(proxy, others, call)?;
    routes.push(route(scripts, proxy, origin));
    Ok(routes)
}

impl Php {
    /// The routes that make a request one for a script.
    fn routes_to_scripts(&self, origin: Origin) -> Vec<Route> {
        let mut routes = Vec::new();
        if self.index == "off" {
            return routes;
        }
        let folder_index = format!("{{http.request.uri.path}}/{}", self.index);
        let mut policy = "first_exist_fallback";
        let mut files = self.try_files.clone();
        if files.is_empty() {
            files = vec![
                "{http.request.uri.path}".to_owned(),
                folder_index.clone(),
                self.index.clone(),
            ];
        } else if !files.last().is_some_and(|file| file.ends_with(".php")) {
            policy = "";
        }
        if files.contains(&folder_index) {
            routes.push(slash_route(folder_index, origin));
        }
        let file = FileMatcher {
            try_files: files,
            try_policy: policy.to_owned(),
            split_path: self.transport.split_path.clone(),
            ..FileMatcher::default()
        };
        let rewrite = Handler::Rewrite(Rewrite {
            uri: "{http.matchers.file.relative}".to_owned(),
            origin,
            ..Rewrite::default()
        });
        routes.push(route(with_file(file, origin), rewrite, origin));
        routes
    }
}

/// Sends requests for a folder with an index, but without a slash at the end, to the folder with the slash.
fn slash_route(folder_index: String, origin: Origin) -> Route {
    let file = FileMatcher {
        try_files: vec![folder_index],
        ..FileMatcher::default()
    };
    let has_slash = MatcherSet {
        path: Some(At {
            value: vec!["*/".to_owned()],
            origin,
        }),
        origin,
        ..MatcherSet::default()
    };
    let set = MatcherSet {
        not: Some(At {
            value: NotMatcher {
                sets: vec![has_slash],
            },
            origin,
        }),
        ..with_file(file, origin)
    };
    let location = "{http.request.orig_uri.path}/{http.request.orig_uri.prefixed_query}";
    let redirect = Handler::StaticResponse(StaticResponse {
        status_code: Some(StatusCode::Code(308)),
        headers: [("Location".to_owned(), vec![location.to_owned()])].into(),
        origin,
        ..StaticResponse::default()
    });
    route(set, redirect, origin)
}

fn with_file(file: FileMatcher, origin: Origin) -> MatcherSet {
    MatcherSet {
        file: Some(At {
            value: file,
            origin,
        }),
        origin,
        ..MatcherSet::default()
    }
}

fn route(set: MatcherSet, handler: Handler, origin: Origin) -> Route {
    Route {
        matchers: vec![set],
        handle: vec![handler],
        origin,
        ..Route::default()
    }
}
