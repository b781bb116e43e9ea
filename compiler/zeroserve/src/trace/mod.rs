//! `trace`: which way a request takes through a site, and why.
//!
//! The code that `build` translates is interpreted instead, over the runtime's
//! own request, helpers and connection; a socket without a network carries the
//! request and its answer. What the steps were is read off the program that the
//! code was generated from.

mod engine;
mod matcher;
mod parts;
mod recorder;
mod render;
mod request;
mod site;
mod steps;

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use zs_abi::tables::TlsPolicy;
use zs_io::Address;
use zs_server::{Listening, LoadedSite, Rehearsal, listeners};

use crate::arguments::Trace as Arguments;
use crate::commands::print;
use crate::compile::{Compiler, Decision, Failure};

pub use parts::{Passed, Upstream};
pub use request::Request;
pub use steps::{Step, What};

/// How a request ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client gets these bytes.
    Answered(Vec<u8>),
    /// It waits for an upstream.
    Waits,
    /// Its connection is dropped.
    Dropped,
    /// Nothing listens where it connects.
    Unreachable,
    /// It speaks TLS to a listener that does not.
    NoTls,
    /// No certificate has the name that it asks for.
    NoCertificate,
}

/// What a request has led to.
#[derive(Debug)]
pub struct Trace {
    /// Where it came in.
    pub listener: Option<Listening>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// Requests to upstreams.
    pub passed: Vec<Passed>,
    /// How it ended.
    pub ending: Ending,
}

/// A site whose requests are traced. There is one at a time on a thread.
#[derive(Debug)]
pub struct Tracer {
    site: &'static LoadedSite,
}

impl Tracer {
    /// Makes a decision ready to be traced on this thread.
    ///
    /// # Errors
    /// If the system refuses memory; anything else is a bug.
    pub fn new(decision: Decision, upstream: Upstream) -> Result<Self, Failure> {
        let Decision {
            mut program,
            placed,
        } = decision;
        let site = site::load(&mut program).map_err(Failure::System)?;
        engine::Session::new(placed, program, upstream).begin();
        Ok(Self { site })
    }

    /// Traces a request.
    ///
    /// # Errors
    /// If the system refuses what the request needs.
    pub fn send(&self, request: &Request) -> Result<Trace, Failure> {
        let found = listener(self.site, request);
        let ending = match &found {
            None => Ending::Unreachable,
            Some(listening) if request.tls && !listening.tls => Ending::NoTls,
            Some(listening) if request.tls && !self.has_certificate(listening, &request.host) => {
                Ending::NoCertificate
            }
            Some(listening) => self.answer(listening, request)?,
        };
        let mut recorder = engine::recorded();
        recorder.finish();
        let waits = !recorder.passed.is_empty();
        Ok(Trace {
            listener: found,
            steps: recorder.steps,
            passed: recorder.passed,
            ending: match ending {
                Ending::Dropped if waits => Ending::Waits,
                ending => ending,
            },
        })
    }

    fn answer(&self, listening: &Listening, request: &Request) -> Result<Ending, Failure> {
        parts::connect(request.tls, &request.host);
        let mut at = listening.clone();
        if let Address::Ip(address) = &mut at.address {
            // A listener for all addresses is reached at one of them.
            if address.ip().is_unspecified() {
                let ip = request.host.parse().unwrap_or(request.remote.ip());
                *address = SocketAddr::new(ip, request.port);
            }
        }
        let refused = |error: std::io::Error| {
            Failure::System(format!("the system refuses what a trace needs: {error}"))
        };
        let mut rehearsal = Rehearsal::new(self.site).map_err(refused)?;
        let bytes = rehearsal.exchange(&at, request.remote, &request.bytes);
        let bytes = bytes.map_err(refused)?;
        Ok(if bytes.is_empty() {
            Ending::Dropped
        } else {
            Ending::Answered(bytes)
        })
    }

    /// Whether a server has a certificate for a name that clients ask for. An
    /// address is never asked for.
    fn has_certificate(&self, listening: &Listening, host: &str) -> bool {
        let is_address = host.parse::<IpAddr>().is_ok();
        let asked = if is_address { "" } else { host };
        let policies = self.site.server(listening.server).policies;
        let known: Vec<&[u8]> = self
            .site
            .data
            .range::<TlsPolicy>(policies)
            .map(|policy| self.site.text(policy.name))
            .collect();
        zs_tls::server::covering(asked).any(|name| known.contains(&name.as_bytes()))
    }
}

/// The listener that a request reaches: by its port, and by its address where
/// several have the same port.
fn listener(site: &LoadedSite, request: &Request) -> Option<Listening> {
    let ip = request.host.parse().ok();
    let rank = |listening: &Listening| match &listening.address {
        Address::Ip(address) if address.port() != request.port => None,
        Address::Ip(address) if Some(address.ip()) == ip => Some(0),
        Address::Ip(address) if address.ip().is_unspecified() => Some(1),
        Address::Ip(_) => Some(2),
        Address::Unix(_) => None,
    };
    let found = listeners(site).into_iter();
    let ranked = found.filter_map(|listening| Some((rank(&listening)?, listening)));
    ranked
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, listening)| listening)
}

/// The command.
pub(crate) fn run(
    compiler: &mut Compiler,
    file: &Path,
    request: &Request,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let decision = compiler.decision(file)?;
    let tracer = Tracer::new(decision, arguments.upstream.unwrap_or_default())?;
    let trace = tracer.send(request)?;
    let shown = render::Shown {
        request,
        trace: &trace,
        sources: compiler.sources(),
        listeners: listeners(tracer.site),
    };
    if arguments.json {
        return print(&shown.json());
    }
    print(&shown.text(std::io::stdout().is_terminal()))
}
