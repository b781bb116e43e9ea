//! `forward_auth [<matcher>] <upstreams...> { uri ...; copy_headers ... }`: a proxy whose answer says whether a request goes
//! on.

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use super::responses::Responses;
use super::reverse_proxy::{self, Proxy};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{
    At, Handler, HeaderOps, Headers, MatcherSet, NotMatcher, Origin, ResponseHandler,
    ResponseMatcher, ReverseProxy, Rewrite, Route, Vars,
};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::header::canonical;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "forward_auth",
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "forward_auth [<matcher>] <upstreams...> { uri <to>; ... }",
    ),
    parse,
)
.unbuilt();

/// What the directive's own lines say.
#[derive(Debug, Default)]
pub(super) struct ForwardAuth {
    uri: String,
    /// Fields of the answer, each with the name that it gets in the request.
    copied: BTreeMap<String, String>,
}

/// The words that a proxy does not have.
pub(super) const GRAMMAR: Grammar<ForwardAuth> = Grammar {
    vocabulary: Vocabulary::Subdirective("forward_auth"),
    entries: &[&[
        Entry::<ForwardAuth>::once(
            "uri",
            Shape::arguments(1, 1, "uri <to>"),
            |auth, line, _| {
                line.text(0).clone_into(&mut auth.uri);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<ForwardAuth>::many(
            "copy_headers",
            Shape::with_block(
                0,
                usize::MAX,
                Block::Maybe,
                "copy_headers <field>[><new name>] ...",
            ),
            copy_headers,
        )
        .unbuilt(),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let origin = Origin(call.origin());
    let mut auth = ForwardAuth::default();
    let own = |name: &str| GRAMMAR.knows(name);
    let lines = call.line.lines();
    GRAMMAR.apply_all(
        lines.iter().filter(|line| own(&line.name().text)),
        &mut auth,
        call.cx,
    )?;
    if auth.uri.is_empty() {
        let help = "say where to ask: `uri /check`";
        return Err(call.cx.fail(
            call.line.name,
            codes::WRONG_ARGUMENTS,
            "`forward_auth` has no `uri`",
            help,
        ));
    }
    let proxy = Proxy {
        proxy: ReverseProxy {
            headers: Some(original_request(origin)),
            // Asking with GET leaves the body to the handlers that come after.
            rewrite: Some(Rewrite {
                method: "GET".to_owned(),
                uri: auth.uri,
                origin,
                ..Rewrite::default()
            }),
            ..ReverseProxy::default()
        },
        responses: Responses::starting_with(good_answer(&auth.copied, origin)),
        ..Proxy::default()
    };
    reverse_proxy::read(
        proxy,
        lines.iter().filter(|line| !own(&line.name().text)),
        call,
    )
}

fn copy_headers(auth: &mut ForwardAuth, line: &Line, cx: &mut Context) -> Parsed<()> {
    let first_words = line.lines().iter().map(|segment| segment.name());
    let mut count = 0;
    for token in line.arguments.iter().chain(first_words) {
        let mut names = token.text.split('>');
        let from = names.next().unwrap_or_default();
        let to = names.next().unwrap_or(from);
        auth.copied.insert(from.to_owned(), to.to_owned());
        count += 1;
    }
    if let Some(extra) = line
        .lines()
        .iter()
        .find_map(|segment| segment.arguments().first())
    {
        let message = "one field stands on each line";
        let help = "write `<field>` or `<field>><new name>`";
        return Err(cx.fail(extra, codes::WRONG_ARGUMENTS, message, help));
    }
    if count > 0 {
        return Ok(());
    }
    let message = "`copy_headers` names no field";
    Err(cx.fail(
        line.name,
        codes::WRONG_ARGUMENTS,
        message,
        "name one, such as `Remote-User`",
    ))
}

/// The fields that tell what the client asked for.
fn original_request(origin: Origin) -> Headers {
    let set = [
        ("X-Forwarded-Method", "{http.request.method}"),
        ("X-Forwarded-Uri", "{http.request.uri}"),
    ];
    let set = set
        .into_iter()
        .map(|(field, value)| (field.to_owned(), vec![value.to_owned()]))
        .collect();
    Headers {
        request: Some(HeaderOps {
            set,
            ..HeaderOps::default()
        }),
        response: None,
        origin,
    }
}

/// What becomes of an answer with a status of 2xx: the request gets fields of it and goes on. There is a route even when
/// there is nothing to copy, since without one the answer would be passed on.
fn good_answer(copied: &BTreeMap<String, String>, origin: Origin) -> ResponseHandler {
    let mut routes = vec![route(
        Handler::Vars(Vars {
            origin,
            ..Vars::default()
        }),
        None,
        origin,
    )];
    for (from, to) in copied {
        let to = canonical(to);
        let placeholder = format!("{{http.reverse_proxy.header.{}}}", canonical(from));
        // What the client sent under that name is taken away even when the answer has no such field.
        let delete = HeaderOps {
            delete: vec![to.clone()],
            ..HeaderOps::default()
        };
        routes.push(route(request_headers(delete, origin), None, origin));
        let set = HeaderOps {
            set: [(to, vec![placeholder.clone()])].into(),
            ..HeaderOps::default()
        };
        let given = not_empty(placeholder, origin);
        routes.push(route(request_headers(set, origin), Some(given), origin));
    }
    ResponseHandler {
        matcher: Some(ResponseMatcher {
            status_code: vec![2],
            ..ResponseMatcher::default()
        }),
        routes,
        origin,
        ..ResponseHandler::default()
    }
}

fn route(handler: Handler, matcher: Option<MatcherSet>, origin: Origin) -> Route {
    Route {
        matchers: matcher.into_iter().collect(),
        handle: vec![handler],
        origin,
        ..Route::default()
    }
}

fn request_headers(ops: HeaderOps, origin: Origin) -> Handler {
    Handler::Headers(Headers {
        request: Some(ops),
        response: None,
        origin,
    })
}

/// The condition that a placeholder has a value.
fn not_empty(placeholder: String, origin: Origin) -> MatcherSet {
    let empty = MatcherSet {
        vars: Some(At {
            value: [(placeholder, vec![String::new()])].into(),
            origin,
        }),
        origin,
        ..MatcherSet::default()
    };
    MatcherSet {
        not: Some(At {
            value: NotMatcher { sets: vec![empty] },
            origin,
        }),
        origin,
        ..MatcherSet::default()
    }
}
