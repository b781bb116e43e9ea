//! Loggers: those of the whole configuration, and which of them a server's requests go to.

use std::collections::{BTreeMap, BTreeSet};

use super::pairing::{Pairing, SitePart};
use super::site::Site;
use crate::context::Context;
use crate::logging::NamedLog;
use crate::model::{CustomLog, Logging, ServerLogs};
use crate::options::log::DEFAULT;
use crate::values::network::{join_host_port, split_host_port};

/// All loggers, if any is configured.
pub(super) fn logging(pairings: &[Pairing], sites: &[Site], cx: &Context) -> Option<Logging> {
    let options = &cx.options;
    let mut all: Vec<NamedLog> = options.logs.clone();
    if options.debug && all.iter().all(|log| log.name != DEFAULT) {
        all.push(NamedLog {
            name: DEFAULT.to_owned(),
            log: Some(CustomLog::default()),
            hostnames: Vec::new(),
            no_hostname: false,
        });
    }
    let parts = pairings.iter().flat_map(|pairing| &pairing.parts);
    all.extend(parts.flat_map(|part| sites[part.site].logs.iter().cloned()));
    let mut named: Vec<(String, CustomLog)> = all
        .into_iter()
        .filter(|named| !named.name.is_empty())
        .filter_map(|named| Some((named.name, named.log?)))
        .collect();
    if options.debug {
        for (_, log) in named.iter_mut().filter(|(_, log)| log.level.is_empty()) {
            "DEBUG".clone_into(&mut log.level);
        }
    }
    let logs = collect(named);
    Some(Logging { logs }).filter(|logging| !logging.logs.is_empty())
}

/// Puts loggers together by name. What a logger takes for itself, the default logger leaves out.
fn collect(named: Vec<(String, CustomLog)>) -> BTreeMap<String, CustomLog> {
    let mut default = named
        .iter()
        .find(|(name, _)| name == DEFAULT)
        .map(|(_, log)| log.clone());
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut logs = BTreeMap::new();
    for (name, log) in named.into_iter().filter(|(name, _)| name != DEFAULT) {
        taken.extend(log.include.iter().cloned());
        logs.insert(name, log);
    }
    if !taken.is_empty() {
        let exclude = &mut default.get_or_insert_default().exclude;
        taken.extend(exclude.drain(..));
        exclude.extend(taken);
    }
    logs.extend(default.map(|log| (DEFAULT.to_owned(), log)));
    logs
}

/// Which loggers the requests of a server go to; none when none of its sites has any.
pub(super) fn server(pairing: &Pairing, sites: &[Site]) -> Option<ServerLogs> {
    let parts = &pairing.parts;
    if parts.iter().all(|part| sites[part.site].logs.is_empty()) {
        return None;
    }
    let mut logs = ServerLogs::default();
    for part in parts {
        add_part(&mut logs, part, sites);
    }
    logs.skip_hosts.sort();
    Some(logs)
}

fn add_part(logs: &mut ServerLogs, part: &SitePart, sites: &[Site]) {
    let site = &sites[part.site];
    let for_all = part.keys(sites).any(|key| key.address.host.is_empty());
    let hosts = hosts(part, sites);
    for log in site.logs.iter().filter(|log| !log.no_hostname) {
        let mut add = |host: &str| {
            let names = logs.logger_names.entry(host.to_owned()).or_default();
            names.push(log.name.clone());
        };
        if !log.hostnames.is_empty() {
            log.hostnames.iter().for_each(|host| add(host));
        } else if for_all {
            logs.default_logger_name.clone_from(&log.name);
        } else {
            for host in &hosts {
                add(split_host_port(host).map_or(host.as_str(), |(host, _)| host));
            }
        }
    }
    if site.logs.is_empty() {
        logs.skip_unmapped_hosts |= for_all;
        logs.skip_hosts.extend(hosts);
    }
}

/// The hosts of a site, with the port where it is not a standard one.
fn hosts(part: &SitePart, sites: &[Site]) -> BTreeSet<String> {
    let addresses = part.keys(sites).map(|key| &key.address);
    addresses
        .filter(|address| !address.host.is_empty())
        .map(|address| match address.port {
            None | Some(80 | 443) => address.host.clone(),
            Some(port) => join_host_port(&address.host, &port.to_string()),
        })
        .collect()
}
