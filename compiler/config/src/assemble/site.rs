//! One site block: its addresses, and what its directives ask for.

use zs_diagnostics::codes;
use zs_syntax::{Segment, ServerBlock, Token};

use super::subroute::OrderedRoute;
use crate::context::{Context, Parsed};
use crate::directives::{Bind, Effect, find};
use crate::logging::NamedLog;
use crate::matchers::{Definitions, is_definition};
use crate::model::Route;
use crate::shorthand;
use crate::site_files::SiteFiles;
use crate::tls::TlsDirective;
use crate::values::address::Address;

/// A site as it is written.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its addresses, at least one.
    pub(crate) keys: Vec<Key>,
    /// The routes of its directives, in the order of the source.
    pub(crate) routes: Vec<OrderedRoute>,
    /// The routes of its `handle_errors`, in the order of the source.
    pub(crate) error_routes: Vec<Route>,
    /// Its `tls` directives.
    pub(crate) tls: Vec<TlsDirective>,
    /// The addresses of its `bind` directives.
    pub(crate) binds: Vec<Bind>,
    /// Its `log` directives.
    pub(crate) logs: Vec<NamedLog>,
    /// The named routes that it invokes.
    pub(crate) invoked: Vec<Token>,
}

/// An address with the word that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The word.
    pub(crate) token: Token,
    /// The address.
    pub(crate) address: Address,
}

/// Reads a site block.
pub(crate) fn parse(block: &ServerBlock, cx: &mut Context) -> Parsed<Site> {
    let mut segments = block.segments.clone();
    segments.iter_mut().for_each(shorthand::expand);
    let keys = keys(block, cx);
    let mut site = Site {
        keys: Vec::new(),
        routes: Vec::new(),
        error_routes: Vec::new(),
        tls: Vec::new(),
        binds: Vec::new(),
        logs: Vec::new(),
        invoked: Vec::new(),
    };
    cx.site_files = SiteFiles::new(&segments, cx.sources);
    directives(&segments, block.has_braces(), &mut site, cx)
        .and(keys.map(|keys| site.keys = keys))?;
    site.invoked = std::mem::take(&mut cx.invoked);
    Ok(site)
}

fn keys(block: &ServerBlock, cx: &mut Context) -> Parsed<Vec<Key>> {
    let mut keys = Vec::new();
    let mut result = Ok(());
    for token in &block.keys {
        match Address::parse(&token.text) {
            Ok(address) => {
                warn_about(&address, token, cx);
                keys.push(Key {
                    token: token.clone(),
                    address,
                });
            }
            Err(message) => {
                let help = "write `host`, `host:port`, `:port`, `http://host` or `https://host`";
                result = Err(cx.fail(token, codes::BAD_ADDRESS, message, help));
            }
        }
    }
    result.map(|()| keys)
}

fn warn_about(address: &Address, token: &Token, cx: &mut Context) {
    if !address.path.is_empty() {
        let message = format!(
            "the address `{}` has a path, which is deprecated",
            token.text
        );
        cx.warn(
            token,
            codes::DEPRECATED,
            message,
            format!("put the site's lines into `handle {}*`", address.path),
        );
    }
    if matches!(address.host.as_str(), "0.0.0.0" | "::") {
        let message = format!(
            "`{}` matches only requests with that very address as their host",
            address.host
        );
        cx.warn(
            token,
            codes::SUSPICIOUS,
            message,
            "use `bind` to choose where to listen",
        );
    }
}

fn directives(segments: &[Segment], braces: bool, site: &mut Site, cx: &mut Context) -> Parsed<()> {
    let mut definitions = Definitions::default();
    let mut result = definitions.extend(segments, cx);
    for segment in segments.iter().filter(|segment| !is_definition(segment)) {
        let parsed = find(segment.name(), braces, cx).and_then(|directive| {
            match directive.parse(segment, &definitions, cx)? {
                Effect::Routes(routes) => {
                    let name = directive.sort_name();
                    site.routes
                        .extend(routes.into_iter().map(|unit| OrderedRoute {
                            directive: name,
                            unit,
                        }));
                }
                Effect::ErrorRoute(route) => site.error_routes.push(route),
                Effect::Bind(bind) => site.binds.push(bind),
                Effect::Tls(tls) => site.tls.push(*tls),
                Effect::Log(log) => site.logs.push(*log),
            }
            Ok(())
        });
        result = result.and(parsed);
    }
    result
}
