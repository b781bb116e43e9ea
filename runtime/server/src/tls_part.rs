//! TLS towards clients: the table that sites with HTTPS refer to.
//!
//! What is opaque to connections is a [`zs_tls::server::Session`] behind a
//! pointer, and an acceptor is a leaked `Arc`.
#![expect(unsafe_code, reason = "gives opaque pointers out and takes them back")]

use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use zs_abi::Capability;
use zs_abi::tables::{
    ALPN_HTTP2, ALPN_HTTP11, CERTIFICATE_LOCAL, Certificate, ServerId, TLS12, TLS13, TlsPolicy,
};
use zs_tls::authority::AuthorityTable;
use zs_tls::certificate::Source;
use zs_tls::server::{AcceptFailure, Acceptor, Fact, Policy, Session, unix_now};

use crate::capability::{Opaque, TlsFact, TlsFailure, TlsTable};
use crate::log;
use crate::site::LoadedSite;

/// The part's functions.
pub(crate) const TABLE: TlsTable = TlsTable {
    prepare,
    accept,
    feed,
    put_plaintext,
    take_ciphertext,
    close,
    fact,
    free,
};

fn prepare(site: &LoadedSite, server: ServerId) -> Result<Opaque, String> {
    let policies: Result<Vec<Policy>, String> = site
        .data
        .range(site.server(server).policies)
        .map(|record: TlsPolicy| policy(site, &record))
        .collect();
    let policies = policies?;
    let authority = site.capability(Capability::LocalAuthority);
    // SAFETY: the site's descriptor refers to the table of this build, as it
    // promised when it was loaded.
    let authority = authority.map(|table| unsafe { table.cast::<AuthorityTable>().as_ref() });
    let acceptor = Acceptor::new(&policies, authority.map(|table| table.issue));
    let acceptor = Arc::new(acceptor.map_err(|error| error.to_string())?);
    let (first, _) = acceptor.renew(i64::MIN);
    if first.is_some() || acceptor.has_files() {
        start_keeper(Arc::clone(&acceptor), first)?;
    }
    // It lives as long as the process.
    let leaked = Arc::into_raw(acceptor).cast_mut();
    NonNull::new(leaked.cast()).ok_or_else(|| "no memory".to_string())
}

fn policy(site: &LoadedSite, record: &TlsPolicy) -> Result<Policy, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let certificate: Certificate = site
        .data
        .record(record.certificate.0)
        .ok_or_else(|| format!("{} does not exist", record.certificate))?;
    let source = if certificate.kind == CERTIFICATE_LOCAL {
        Source::Local(text(site.text(certificate.chain)))
    } else {
        Source::Files {
            chain: PathBuf::from(text(site.text(certificate.chain))),
            key: PathBuf::from(text(site.text(certificate.key))),
        }
    };
    let offered = [(ALPN_HTTP2, &b"h2"[..]), (ALPN_HTTP11, &b"http/1.1"[..])];
    let numbers = |bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2);
        pairs
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    };
    Ok(Policy {
        name: text(site.text(record.name)),
        nameless: record.nameless != 0,
        source,
        tls12: record.versions & TLS12 != 0,
        tls13: record.versions & TLS13 != 0,
        suites: numbers(site.text(record.suites)),
        groups: numbers(site.text(record.groups)),
        protocols: offered
            .iter()
            .filter(|(bit, _)| record.alpn & bit != 0)
            .map(|(_, name)| name.to_vec())
            .collect(),
    })
}

/// Renews certificates, and looks for new ones in files, in a thread of its
/// own, because that waits for files.
fn start_keeper(acceptor: Arc<Acceptor>, first: Option<i64>) -> Result<(), String> {
    let has_files = acceptor.has_files();
    let keep = move || {
        // Signals are for the main thread.
        zs_io::block_signals(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1]);
        let mut next = first;
        loop {
            // Not longer at a time than a clock may jump unnoticed.
            let until = next.map_or(RENEWAL_LOOK_SECONDS, |next| next - unix_now());
            let longest = if has_files {
                FILES_LOOK_SECONDS
            } else {
                RENEWAL_LOOK_SECONDS
            };
            thread::sleep(Duration::from_secs(until.clamp(1, longest).unsigned_abs()));
            if has_files {
                look_at_files(&acceptor);
            }
            let (at, errors) = acceptor.renew(unix_now());
            for error in errors {
                log::line(format_args!("cannot renew a certificate: {error}"));
            }
            next = at;
        }
    };
    let thread = thread::Builder::new().name("certificates".to_string());
    match thread.spawn(keep) {
        Ok(_detached) => Ok(()),
        Err(error) => Err(format!("cannot start a thread for certificates: {error}")),
    }
}

fn look_at_files(acceptor: &Acceptor) {
    let (taken, errors) = acceptor.reload();
    for file in taken {
        log::line(format_args!("new certificate: {}", file.display()));
    }
    for error in errors {
        log::line(format_args!("the certificate in use stays: {error}"));
    }
}

/// Longest time between two looks at the clock.
const RENEWAL_LOOK_SECONDS: i64 = 600;

/// Time between two looks at files of certificates.
const FILES_LOOK_SECONDS: i64 = 2;

/// # Safety
/// The acceptor is from [`prepare`].
unsafe fn accept(acceptor: Opaque) -> Opaque {
    let acceptor = acceptor.cast::<Acceptor>().as_ptr();
    // SAFETY: `prepare` leaked an `Arc`, so that there is one count more than
    // there are holders.
    let acceptor = unsafe {
        Arc::increment_strong_count(acceptor);
        Arc::from_raw(acceptor)
    };
    let session = Box::into_raw(Box::new(Session::new(acceptor)));
    // SAFETY: a box is not null.
    unsafe { NonNull::new_unchecked(session.cast()) }
}

/// # Safety
/// The session is from [`accept`], was not freed and is used by nobody else
/// for as long as the reference lives.
unsafe fn session<'a>(session: Opaque) -> &'a mut Session {
    // SAFETY: the caller's promise. No function below calls back.
    unsafe { session.cast().as_mut() }
}

/// # Safety
/// As [`session`].
unsafe fn feed(
    opaque: Opaque,
    ciphertext: &[u8],
    plaintext: &mut Vec<u8>,
) -> Result<bool, TlsFailure> {
    // SAFETY: the caller's promise.
    let session = unsafe { session(opaque) };
    session
        .feed(ciphertext, plaintext)
        .map_err(|failure| match failure {
            AcceptFailure::PlainHttp => TlsFailure::PlainHttp,
            AcceptFailure::Protocol => TlsFailure::Protocol,
        })
}

/// # Safety
/// As [`session`].
unsafe fn put_plaintext(opaque: Opaque, plaintext: &[u8]) {
    // SAFETY: the caller's promise.
    unsafe { session(opaque) }.put(plaintext);
}

/// # Safety
/// As [`session`].
unsafe fn take_ciphertext(opaque: Opaque, out: &mut Vec<u8>) {
    // SAFETY: the caller's promise.
    unsafe { session(opaque) }.take(out);
}

/// # Safety
/// As [`session`].
unsafe fn close(opaque: Opaque) {
    // SAFETY: the caller's promise.
    unsafe { session(opaque) }.close();
}

/// # Safety
/// As [`session`].
unsafe fn fact(opaque: Opaque, fact: TlsFact, out: &mut Vec<u8>) {
    let fact = match fact {
        TlsFact::Version => Fact::Version,
        TlsFact::CipherSuite => Fact::CipherSuite,
        TlsFact::ServerName => Fact::ServerName,
        TlsFact::Protocol => Fact::Protocol,
        TlsFact::Resumed => Fact::Resumed,
    };
    // SAFETY: the caller's promise.
    unsafe { session(opaque) }.fact(fact, out);
}

/// # Safety
/// As [`session`], and this is the last use.
unsafe fn free(opaque: Opaque) {
    // SAFETY: `accept` made the box, and nobody uses it any more.
    drop(unsafe { Box::from_raw(opaque.cast::<Session>().as_ptr()) });
}
