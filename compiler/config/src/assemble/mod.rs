//! From directives to servers.

mod logs;
mod named_routes;
mod pairing;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod subroute;

use zs_diagnostics::{Sink, codes};
use zs_syntax::{Host, ServerBlock, Token, Tree};

use self::named_routes::NamedRoutes;
use self::site::Site;
use crate::context::{Context, Parsed, Purpose};
use crate::json::Places;
use crate::model::{Apps, Config, EventsApp, HttpApp};
use crate::{directives, options, tls};

pub(crate) use self::pairing::{Pairing, SitePart};

/// Builds the configuration of a tree.
pub(crate) fn config(
    tree: &Tree,
    purpose: Purpose,
    host: &dyn Host,
    sink: &mut Sink,
) -> Parsed<Config> {
    let mut cx = Context::new(tree, purpose, host, sink);
    let mut blocks = tree.blocks.as_slice();
    let mut result = Ok(());
    if let Some((first, rest)) = blocks.split_first()
        && first.keys.is_empty()
    {
        result = options::parse(&first.segments, &mut cx);
        blocks = rest;
    }
    let mut named = NamedRoutes::default();
    let (routes, blocks): (Vec<_>, Vec<_>) = blocks
        .iter()
        .partition(|block| named_routes::name(block).is_some());
    for block in routes {
        result = result.and(named.define(block, &mut cx));
    }
    cx.restart_groups();
    let mut sites = Vec::new();
    for block in blocks {
        match check_keys(block, &mut cx).and_then(|()| site::parse(block, &mut cx)) {
            Ok(site) => sites.push(site),
            Err(reported) => result = Err(reported),
        }
    }
    // Servers can be derived only from sites that are all known.
    result?;
    assemble(&sites, &named, &mut cx)
}

fn assemble(sites: &[Site], named: &NamedRoutes, cx: &mut Context) -> Parsed<Config> {
    let mut pairings = pairing::pair(sites, cx)?;
    let mut http = HttpApp {
        http_port: cx.options.http_port.unwrap_or_default(),
        https_port: cx.options.https_port.unwrap_or_default(),
        grace_period: cx.options.grace_period,
        shutdown_delay: cx.options.shutdown_delay,
        ..HttpApp::default()
    };
    for (index, pairing) in pairings.iter_mut().enumerate() {
        let mut server = server::build(pairing, sites, cx)?;
        let invoked = pairing
            .parts
            .iter()
            .flat_map(|part| &sites[part.site].invoked);
        server.named_routes = named.reached(invoked, cx)?;
        http.servers.insert(format!("srv{index}"), server);
    }
    http.metrics = options::servers::apply(&mut http.servers, cx)?;
    let tls = tls::automation::app(&pairings, sites, cx)?;
    let pki = tls::pki::app(sites, cx);
    let logging = logs::logging(&pairings, sites, cx);
    let options = &cx.options;
    let http = Some(http).filter(|http| !http.servers.is_empty());
    let events = options.events.then(EventsApp::default);
    let apps = Apps {
        events,
        http,
        pki,
        tls,
    };
    Ok(Config {
        places: Places::default(),
        admin: options.admin(),
        logging,
        storage: options.storage.clone(),
        apps,
    })
}

/// Refuses blocks that are no sites.
fn check_keys(block: &ServerBlock, cx: &mut Context) -> Parsed<()> {
    if block.keys.is_empty() {
        let Some(open) = &block.open else {
            return Ok(());
        };
        let help = "move its lines into one block at the top of the file, or put an address before the brace";
        return Err(cx.fail(
            open,
            codes::OUTSIDE_SITE,
            "the block of global options must come first",
            help,
        ));
    }
    match block.keys.iter().find(|key| is_directive(key)) {
        Some(key) => {
            let message = format!("directive `{}` stands outside a site block", key.text);
            let help = format!("put it into a site block: `:80 {{ {} ... }}`", key.text);
            Err(cx.fail(key, codes::OUTSIDE_SITE, message, help))
        }
        None => Ok(()),
    }
}

fn is_directive(key: &Token) -> bool {
    directives::all().any(|directive| directive.name == key.text)
}
