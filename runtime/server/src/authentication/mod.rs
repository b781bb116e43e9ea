//! `basic_auth`: who asks is told by a name and a password in each request.
//!
//! What is known of a request is looked at by its worker; passwords, whose
//! check takes a tenth of a second and more, are checked by threads of their
//! own ([`check`]), and what they found is kept for a while.

mod check;
mod password;

use zs_abi::tables::{Account, AuthenticationId, BasicAuth, EntryId};
use zs_io::Key;
use zs_proto::base64::{self, Padding};

use crate::capability::{AuthenticationTable, Verdict};
use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;
use crate::worker::Worker;

use check::{Check, Found};
use password::Algorithm;

/// What a site that asks for passwords refers to.
pub(crate) const TABLE: AuthenticationTable = AuthenticationTable { start };

/// What a request waits with.
#[derive(Clone, Debug)]
struct Ticket {
    exchange: Key,
    resume: EntryId,
    number: AuthenticationId,
    /// The name; none if no account has it.
    name: Option<Vec<u8>>,
}

/// Looks at a request's name and password.
fn start(worker: &mut Worker, key: Key, number: AuthenticationId, resume: EntryId) -> Verdict {
    let site = worker.site();
    let clock = worker.io.clock();
    let Some(record) = site.data.record::<BasicAuth>(number.0) else {
        return Verdict::Failed("an authentication without a record");
    };
    let Some(exchange) = worker.exchange_mut(key) else {
        return Verdict::Waits;
    };
    let header = exchange.request.head.values(b"Authorization").next();
    let Some((name, password)) = header.and_then(credentials) else {
        return refuse(site, exchange, &record);
    };
    let expander = Expander {
        site,
        exchange,
        clock,
    };
    let Some((known, hash)) = account(&expander, &record, &name) else {
        return refuse(site, exchange, &record);
    };
    let check = Check {
        algorithm: Algorithm::of(record.algorithm),
        hash,
        password,
        kept: record.kept != 0,
    };
    let ticket = Ticket {
        exchange: key,
        resume,
        number,
        name: known.then_some(name),
    };
    let desk = match worker.desk() {
        Ok(desk) => desk,
        Err(_) => return Verdict::Failed("no descriptor to wait for a password's check with"),
    };
    match check::begin(check, &desk, ticket) {
        Ok(Found::Yet(ticket, fits)) => settle(worker, ticket, fits),
        Ok(Found::Later) => Verdict::Waits,
        Err(reason) => Verdict::Failed(reason),
    }
}

/// Goes on with a request whose password has been checked.
fn finish(worker: &mut Worker, ticket: Ticket, fits: bool) {
    let (exchange, resume) = (ticket.exchange, ticket.resume);
    match settle(worker, ticket, fits) {
        Verdict::Passed => worker.resume(exchange, resume, 0),
        Verdict::Refused => worker.raise(exchange, 401, NOT_AUTHENTICATED),
        Verdict::Failed(_) | Verdict::Waits => {}
    }
}

/// What the error says.
pub(crate) const NOT_AUTHENTICATED: &[u8] = b"not authenticated";

/// Notes in the exchange what a check has found.
fn settle(worker: &mut Worker, ticket: Ticket, fits: bool) -> Verdict {
    let site = worker.site();
    let record = site.data.record::<BasicAuth>(ticket.number.0);
    let (Some(record), Some(exchange)) = (record, worker.exchange_mut(ticket.exchange)) else {
        // The client has not waited.
        return Verdict::Waits;
    };
    match ticket.name.filter(|_| fits) {
        Some(name) => {
            exchange.user = Some(name);
            Verdict::Passed
        }
        None => refuse(site, exchange, &record),
    }
}

fn refuse(site: &'static LoadedSite, exchange: &mut Exchange, record: &BasicAuth) -> Verdict {
    let challenge = site.text(record.challenge);
    exchange.response.head.set(b"Www-Authenticate", challenge);
    Verdict::Refused
}

/// Name and password of a field's value.
fn credentials(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, text) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let mut name = base64::decode(text, Padding::Full)?;
    let colon = name.iter().position(|byte| *byte == b':')?;
    let password = name.split_off(colon + 1);
    name.truncate(colon);
    Some((name, password))
}

const SCHEME: &[u8] = b"Basic ";

/// Whether an account has the name, and the hash to check with: for a name
/// that no account has, one that costs as much as the first account's. None
/// if there are no accounts.
fn account(expander: &Expander<'_>, record: &BasicAuth, name: &[u8]) -> Option<(bool, Vec<u8>)> {
    let mut first = None;
    let mut buffer = Vec::new();
    for account in expander.site.data.range::<Account>(record.accounts) {
        let known = expander.value(&account.name, &mut buffer) == name;
        if known || first.is_none() {
            let hash = plain(expander.value(&account.hash, &mut buffer));
            if known {
                return Some((true, hash));
            }
            first = Some(hash);
        }
    }
    let algorithm = Algorithm::of(record.algorithm);
    first.map(|hash| (false, algorithm.unknown(&hash)))
}

/// A hash that may be written in base64; what is neither fits no password.
fn plain(hash: &[u8]) -> Vec<u8> {
    if hash.starts_with(b"$") {
        return hash.to_vec();
    }
    base64::decode(hash, Padding::Full).unwrap_or_default()
}
