//! Putting `servers` options into servers.

use std::collections::{BTreeMap, BTreeSet};

use zs_diagnostics::codes;

use super::ServerOptions;
use crate::context::{Context, Parsed};
use crate::model::{Metrics, Server};

/// Puts the options of the longest listener address that fits into each server and gives servers their new names. Returns
/// what all servers count.
pub(crate) fn apply(
    servers: &mut BTreeMap<String, Server>,
    cx: &mut Context,
) -> Parsed<Option<Metrics>> {
    let mut all = cx.options.servers.clone();
    all.sort_by_key(|options| std::cmp::Reverse(options.listener.len()));
    check_names(&all, cx)?;
    let mut metrics = cx.options.metrics.clone();
    let mut renamed = BTreeMap::new();
    for (name, mut server) in std::mem::take(servers) {
        let Some(options) = all.iter().find(|options| options.fits(&server)) else {
            renamed.insert(name, server);
            continue;
        };
        if let Some(own) = &options.metrics {
            // What the global option says besides is lost here, as it is in Caddy.
            let per_host = own.per_host || metrics.is_some_and(|metrics| metrics.per_host);
            metrics = Some(Metrics {
                per_host,
                ..Metrics::default()
            });
        }
        options.put_into(&mut server);
        let name = Some(options.name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or(name);
        if renamed.insert(name, server).is_some() {
            let message = "several servers would get the same name";
            let help = "give the address of each server a name of its own";
            return Err(cx.fail(&options.token, codes::CONFLICT, message, help));
        }
    }
    *servers = renamed;
    Ok(metrics)
}

fn check_names(all: &[ServerOptions], cx: &mut Context) -> Parsed<()> {
    let mut seen = BTreeSet::new();
    for options in all.iter().filter(|options| !options.name.is_empty()) {
        if !seen.insert(options.name.as_str()) {
            let message = format!("two servers have the name `{}`", options.name);
            let help = "change one of the names";
            return Err(cx.fail(&options.token, codes::CONFLICT, message, help));
        }
    }
    Ok(())
}

impl ServerOptions {
    fn fits(&self, server: &Server) -> bool {
        let mut listen = server.listen.iter();
        self.listener.is_empty() || listen.any(|address| address.to_string() == self.listener)
    }

    /// What comes from sites stays, everything else is taken from the options.
    fn put_into(&self, server: &mut Server) {
        let sites = std::mem::take(server);
        *server = Server {
            listen: sites.listen,
            routes: sites.routes,
            errors: sites.errors,
            named_routes: sites.named_routes,
            tls_connection_policies: sites.tls_connection_policies,
            automatic_https: sites.automatic_https,
            logs: sites.logs,
            listen_protocols: sites.listen_protocols,
            ..self.settings.clone()
        };
        if self.log_credentials || self.trace {
            let logs = server.logs.get_or_insert_default();
            logs.should_log_credentials = self.log_credentials;
            logs.trace = self.trace;
        }
    }
}
