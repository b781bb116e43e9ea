//! Directives: one file each, and the table that lists them in Caddy's standard order.

mod abort;
mod acme_server;
mod basic_auth;
mod bind;
mod copy_response;
mod copy_response_headers;
mod encode;
mod error;
mod file_server;
mod forward_auth;
mod fs;
mod handle;
mod handle_errors;
mod handle_path;
mod header;
mod header_ops;
mod intercept;
mod invoke;
mod log;
mod log_append;
mod log_name;
mod log_skip;
mod map;
mod method;
mod metrics;
pub(crate) mod order;
mod php_fastcgi;
mod push;
mod redir;
mod request_body;
mod request_header;
mod respond;
mod responses;
mod reverse_proxy;
mod rewrite;
mod root;
mod route;
mod templates;
mod timeouts;
mod tls;
mod tracing;
mod try_files;
mod uri;
mod vars;

use zs_diagnostics::{Span, codes};
use zs_syntax::{Segment, Token};

pub(crate) use self::bind::Bind;

use crate::assemble::subroute::{OrderedRoute, Unit};
use crate::context::{Context, Parsed, Reported, suggest};
use crate::logging::{self, NamedLog};
use crate::matchers::{self, Definitions, MatcherToken, is_definition};
use crate::model::{Handler, MatcherSet, Route, Subroute};
use crate::spec::{Line, Shape};
use crate::support::{Kind, Status, SupportRow, add, add_of};
use crate::third_party::{self, Place};
use crate::tls::{TlsDirective, issuers};

/// A word that may start a line of a site.
pub(crate) struct Directive {
    /// The word.
    pub(crate) name: &'static str,
    /// What becomes of it when a site is built.
    status: Status,
    /// What it does.
    meaning: Meaning,
}

/// What a directive does.
enum Meaning {
    /// One handler behind an optional matcher.
    Handler(Shape, fn(&mut Call) -> Parsed<Handler>),
    /// Several routes, or none, behind an optional matcher.
    Handlers(Shape, fn(&mut Call) -> Parsed<Vec<Handler>>),
    /// A route that it builds by itself.
    Route(Shape, fn(&mut Call) -> Parsed<Route>),
    /// Several routes that it builds by itself.
    Routes(Shape, fn(&mut Call) -> Parsed<Vec<Route>>),
    /// Routes that stay together, behind an optional matcher.
    Sequence(Shape, fn(&mut Call) -> Parsed<Vec<Route>>),
    /// Something about the whole site.
    Site(Shape, fn(&mut Call) -> Parsed<Effect>),
}

/// What a directive asks for.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Handlers.
    Routes(Vec<Unit>),
    /// A route for errors.
    ErrorRoute(Route),
    /// Addresses to listen on.
    Bind(Bind),
    /// Certificates and handshakes.
    Tls(Box<TlsDirective>),
    /// A logger.
    Log(Box<NamedLog>),
}

/// A directive as it is met in a site.
pub(crate) struct Call<'c, 'a> {
    /// Where to report.
    pub(crate) cx: &'c mut Context<'a>,
    /// The line, without its matcher.
    pub(crate) line: Line<'c>,
    /// The named matchers that can be used.
    pub(crate) definitions: &'c Definitions<'c>,
}

impl Call<'_, '_> {
    /// Where the directive stands.
    pub(crate) fn origin(&self) -> Span {
        self.line.name.span
    }

    /// The call once its line has the right shape.
    fn checked(self, shape: &Shape) -> Parsed<Self> {
        shape.check(&self.line, self.cx)?;
        Ok(self)
    }

    /// The matcher that the line begins with, if there is one, and the call for the rest of the line, checked.
    fn behind_matcher(mut self, shape: &Shape) -> Parsed<(Option<MatcherSet>, Self)> {
        let mut set = None;
        if let Some((first, rest)) = self.line.arguments.split_first() {
            let token = self.definitions.resolve(first, self.cx)?;
            if !matches!(token, MatcherToken::None) {
                self.line.arguments = rest;
                if rest.len() < shape.min && first.text.starts_with('/') {
                    let name = &self.line.name.text;
                    let message = format!(
                        "`{}` is read as a matcher, so `{name}` lacks an argument",
                        first.text
                    );
                    let help = format!("put `*` before it: `{name} * {}`", first.text);
                    return Err(self.cx.fail(first, codes::WRONG_ARGUMENTS, message, help));
                }
            }
            if let MatcherToken::Set(matched) = token {
                set = Some(*matched);
            }
        }
        Ok((set, self.checked(shape)?))
    }

    /// The matcher before the last argument, if there is one, and that argument, which counts as no matcher even when it
    /// looks like one.
    pub(crate) fn optional_matcher(&mut self, help: &str) -> Parsed<(Vec<MatcherSet>, Token)> {
        let (matcher, value) = match self.line.arguments {
            [matcher, value, ..] => (Some(matcher), value),
            [value] => (None, value),
            [] => (None, self.line.name),
        };
        let matchers = match matcher
            .map(|token| self.definitions.resolve(token, self.cx))
            .transpose()?
        {
            Some(MatcherToken::Set(set)) => vec![*set],
            None | Some(MatcherToken::All) => Vec::new(),
            Some(MatcherToken::None) => {
                let token = &self.line.arguments[0];
                let message = format!("`{}` is no matcher", token.text);
                return Err(self.cx.fail(token, codes::BAD_MATCHER, message, help));
            }
        };
        Ok((matchers, value.clone()))
    }

    /// The routes of the directives in this directive's block.
    pub(crate) fn block_routes(&mut self) -> Parsed<Vec<OrderedRoute>> {
        block_routes(self.line.lines(), self.definitions, self.line.name, self.cx)
    }
}

impl Directive {
    const fn new(name: &'static str, meaning: Meaning) -> Self {
        Directive {
            name,
            status: Status::Works,
            meaning,
        }
    }

    pub(crate) const fn handler(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Handler>,
    ) -> Self {
        Directive::new(name, Meaning::Handler(shape, parse))
    }

    const fn handlers(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Vec<Handler>>,
    ) -> Self {
        Directive::new(name, Meaning::Handlers(shape, parse))
    }

    const fn route(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Route>,
    ) -> Self {
        Directive::new(name, Meaning::Route(shape, parse))
    }

    const fn routes(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Vec<Route>>,
    ) -> Self {
        Directive::new(name, Meaning::Routes(shape, parse))
    }

    const fn sequence(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Vec<Route>>,
    ) -> Self {
        Directive::new(name, Meaning::Sequence(shape, parse))
    }

    const fn site(
        name: &'static str,
        shape: Shape,
        parse: fn(&mut Call) -> Parsed<Effect>,
    ) -> Self {
        Directive::new(name, Meaning::Site(shape, parse))
    }

    /// The same directive, which `adapt` understands and which building refuses.
    pub(crate) const fn unbuilt(self) -> Self {
        self.with_status(Status::UNBUILT)
    }

    /// The same directive with another status.
    pub(crate) const fn with_status(self, status: Status) -> Self {
        Directive {
            name: self.name,
            status,
            meaning: self.meaning,
        }
    }

    /// What becomes of it when a site is built.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// The name under which it is sorted: a `handle_path` is a `handle`.
    pub(crate) fn sort_name(&self) -> &'static str {
        if self.name == handle_path::DIRECTIVE.name {
            handle::DIRECTIVE.name
        } else {
            self.name
        }
    }

    /// What a line with this directive asks for.
    pub(crate) fn parse(
        &self,
        segment: &Segment,
        definitions: &Definitions,
        cx: &mut Context,
    ) -> Parsed<Effect> {
        let line = Line::new(segment);
        let what = format!("directive `{}`", self.name);
        let effect = match &self.meaning {
            Meaning::Site(shape, parse) => {
                shape.check(&line, cx)?;
                parse(&mut Call {
                    cx,
                    line,
                    definitions,
                })
            }
            _ => self.units(line, definitions, cx).map(Effect::Routes),
        }?;
        cx.tell(line.name, codes::UNSUPPORTED_DIRECTIVE, &what, self.status);
        Ok(effect)
    }

    /// The routes that a line asks for.
    fn units(&self, line: Line, definitions: &Definitions, cx: &mut Context) -> Parsed<Vec<Unit>> {
        let call = Call {
            cx,
            line,
            definitions,
        };
        match &self.meaning {
            Meaning::Handler(shape, parse) => {
                let (set, mut call) = call.behind_matcher(shape)?;
                Ok(vec![Unit::Route(route(set, parse(&mut call)?))])
            }
            Meaning::Handlers(shape, parse) => {
                let (set, mut call) = call.behind_matcher(shape)?;
                let handlers = parse(&mut call)?.into_iter();
                Ok(handlers
                    .map(|handler| Unit::Route(route(set.clone(), handler)))
                    .collect())
            }
            Meaning::Route(shape, parse) => {
                let route = parse(&mut call.checked(shape)?)?;
                Ok(vec![Unit::Route(route)])
            }
            Meaning::Routes(shape, parse) => {
                let routes = parse(&mut call.checked(shape)?)?;
                Ok(routes.into_iter().map(Unit::Route).collect())
            }
            Meaning::Sequence(shape, parse) => {
                let (set, mut call) = call.behind_matcher(shape)?;
                let routes = parse(&mut call)?;
                if set.is_none() {
                    return Ok(vec![Unit::Sequence(routes)]);
                }
                // Behind a matcher they need a route around them.
                let origin = line.name.span.into();
                let subroute = Subroute {
                    routes,
                    errors: None,
                    origin,
                };
                Ok(vec![Unit::Route(route(set, Handler::Subroute(subroute)))])
            }
            Meaning::Site(..) => Ok(Vec::new()),
        }
    }
}

fn route(set: Option<MatcherSet>, handler: Handler) -> Route {
    let origin = handler.origin();
    Route {
        matchers: set.into_iter().collect(),
        handle: vec![handler],
        origin,
        ..Route::default()
    }
}

/// The directive of that name, or an error with the likely meaning.
pub(crate) fn find(token: &Token, braces: bool, cx: &mut Context) -> Parsed<&'static Directive> {
    if let Some(directive) = all().find(|directive| directive.name == token.text) {
        return Ok(directive);
    }
    if let Some(reported) = third_party::explain(Place::Directive, token, cx) {
        return Err(reported);
    }
    let name = &token.text;
    let known = all().map(|directive| directive.name);
    let otherwise = if braces {
        "`zeroserve list-modules` lists what there is; see also whether the braces are right"
    } else {
        "if it is the address of a second site, put each site's lines between braces"
    };
    let help = match OF_CADDY_1.iter().find(|(old, _)| old == name) {
        Some((_, now)) => format!("it was Caddy 1's; write {now}"),
        None => suggest(name, known, otherwise),
    };
    Err(cx.fail(
        token,
        codes::UNKNOWN_DIRECTIVE,
        format!("unknown directive `{name}`"),
        help,
    ))
}

/// Directives of Caddy 1, which old answers on the web still name, and what to write instead.
const OF_CADDY_1: &[(&str, &str)] = &[
    ("basicauth", "`basic_auth`"),
    ("errors", "`handle_errors`"),
    ("expires", "`header Cache-Control`"),
    ("ext", "`try_files {path} {path}.html`"),
    (
        "fastcgi",
        "`php_fastcgi`, or `reverse_proxy` with `transport fastcgi`",
    ),
    ("gzip", "`encode gzip`"),
    ("index", "`file_server` with `index`"),
    ("internal", "`file_server` with `hide`, or `error`"),
    ("ipfilter", "a matcher with `remote_ip`, and `abort`"),
    ("limits", "`request_body` with `max_size`"),
    ("markdown", "`templates`"),
    ("mime", "`header Content-Type`"),
    ("proxy", "`reverse_proxy`"),
    ("status", "`respond` or `error`"),
    ("websocket", "`reverse_proxy`, which passes WebSockets on"),
];

/// The routes of the directives among some lines of a nested block, in the order in which they are written.
pub(crate) fn block_routes(
    lines: &[Segment],
    around: &Definitions,
    owner: &Token,
    cx: &mut Context,
) -> Parsed<Vec<OrderedRoute>> {
    let mut definitions = Definitions::inside(around);
    let mut result = definitions.extend(lines, cx);
    let mut routes = Vec::new();
    for segment in lines.iter().filter(|segment| !is_definition(segment)) {
        let authorities = cx.acme_authorities.len();
        let parsed = find(segment.name(), true, cx).and_then(|directive| {
            match directive.parse(segment, &definitions, cx)? {
                // An authority is about the whole server.
                Effect::Routes(_) if cx.acme_authorities.len() > authorities => {
                    Err(misplaced(segment, owner, cx))
                }
                Effect::Routes(parsed) => {
                    let name = directive.sort_name();
                    routes.extend(parsed.into_iter().map(|unit| OrderedRoute {
                        directive: name,
                        unit,
                    }));
                    Ok(())
                }
                Effect::ErrorRoute(_) | Effect::Bind(_) | Effect::Tls(_) | Effect::Log(_) => {
                    Err(misplaced(segment, owner, cx))
                }
            }
        });
        result = result.and(parsed);
    }
    result.map(|()| routes)
}

fn misplaced(segment: &Segment, owner: &Token, cx: &mut Context) -> Reported {
    let message = format!(
        "`{}` cannot stand inside `{}`",
        segment.name().text,
        owner.text
    );
    let help = "it is about the whole site; put it directly into the site block";
    cx.fail(segment.name(), codes::MISPLACED_DIRECTIVE, message, help)
}

/// All directives, those with a place in the order first.
pub(crate) fn all() -> impl Iterator<Item = &'static Directive> {
    ORDERED.iter().chain(UNORDERED)
}

/// Adds what may stand in the blocks of directives to the table of what works.
pub(crate) fn add_subdirectives(rows: &mut Vec<SupportRow>) {
    let kind = Kind::Subdirective;
    add_of(rows, kind, "log.", &logging::SITE, log::DIRECTIVE.status);
    let status = acme_server::DIRECTIVE.status;
    add_of(rows, kind, "acme_server.", &acme_server::GRAMMAR, status);
    add(rows, kind, "issuer internal.", &issuers::INTERNAL);
    add(rows, Kind::Subdirective, "respond.", &respond::GRAMMAR);
    add(rows, Kind::Subdirective, "error.", &error::GRAMMAR);
    add(rows, Kind::Subdirective, "header.", &header::GRAMMAR);
    add(
        rows,
        Kind::Subdirective,
        "reverse_proxy.",
        &reverse_proxy::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "transport.",
        &reverse_proxy::transport::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "transport.fastcgi.",
        &reverse_proxy::fastcgi::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "dynamic.a.",
        &reverse_proxy::dynamic::ADDRESSES,
    );
    add(
        rows,
        Kind::Subdirective,
        "dynamic.srv.",
        &reverse_proxy::dynamic::SERVICES,
    );
    add(rows, Kind::Subdirective, "intercept.", &intercept::GRAMMAR);
    add(
        rows,
        Kind::Subdirective,
        "forward_auth.",
        &forward_auth::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "php_fastcgi.",
        &php_fastcgi::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "file_server.",
        &file_server::GRAMMAR,
    );
    add(rows, Kind::Subdirective, "encode.", &encode::GRAMMAR);
    add(
        rows,
        Kind::Subdirective,
        "request_body.",
        &request_body::GRAMMAR,
    );
    add(rows, Kind::Subdirective, "timeouts.", &timeouts::GRAMMAR);
    add(rows, Kind::Subdirective, "try_files.", &try_files::GRAMMAR);
    add(rows, Kind::Subdirective, "push.", &push::GRAMMAR);
    add(rows, Kind::Subdirective, "templates.", &templates::GRAMMAR);
    add(rows, Kind::Subdirective, "metrics.", &metrics::GRAMMAR);
    add(rows, Kind::Subdirective, "tracing.", &tracing::GRAMMAR);
    add(
        rows,
        Kind::Subdirective,
        "copy_response.",
        &copy_response::GRAMMAR,
    );
    add(
        rows,
        Kind::Subdirective,
        "copy_response_headers.",
        &copy_response_headers::GRAMMAR,
    );
    add(rows, Kind::Subdirective, "file.", &matchers::file::GRAMMAR);
    add(
        rows,
        Kind::Subdirective,
        "url_pattern.",
        &matchers::url_pattern::GRAMMAR,
    );
    add(rows, Kind::Subdirective, "browse.", &file_server::BROWSE);
    add(rows, Kind::Subdirective, "tls.", &tls::GRAMMAR);
    add(rows, Kind::Subdirective, "bind.", &bind::GRAMMAR);
}

/// The directives that make routes, in Caddy's standard order.
pub(crate) const ORDERED: &[Directive] = &[
    tracing::DIRECTIVE,
    map::DIRECTIVE,
    vars::DIRECTIVE,
    fs::DIRECTIVE,
    root::DIRECTIVE,
    log_append::DIRECTIVE,
    log_skip::OLD,
    log_skip::DIRECTIVE,
    log_name::DIRECTIVE,
    header::DIRECTIVE,
    copy_response_headers::DIRECTIVE,
    request_body::DIRECTIVE,
    timeouts::DIRECTIVE,
    redir::DIRECTIVE,
    method::DIRECTIVE,
    rewrite::DIRECTIVE,
    uri::DIRECTIVE,
    try_files::DIRECTIVE,
    basic_auth::OLD,
    basic_auth::DIRECTIVE,
    forward_auth::DIRECTIVE,
    request_header::DIRECTIVE,
    encode::DIRECTIVE,
    push::DIRECTIVE,
    intercept::DIRECTIVE,
    templates::DIRECTIVE,
    invoke::DIRECTIVE,
    handle::DIRECTIVE,
    handle_path::DIRECTIVE,
    route::DIRECTIVE,
    abort::DIRECTIVE,
    error::DIRECTIVE,
    copy_response::DIRECTIVE,
    respond::DIRECTIVE,
    metrics::DIRECTIVE,
    reverse_proxy::DIRECTIVE,
    php_fastcgi::DIRECTIVE,
    file_server::DIRECTIVE,
    acme_server::DIRECTIVE,
];

/// The directives that are about a whole site.
const UNORDERED: &[Directive] = &[
    bind::DIRECTIVE,
    tls::DIRECTIVE,
    log::DIRECTIVE,
    handle_errors::DIRECTIVE,
];
