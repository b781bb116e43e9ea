//! Handshakes between the server's side and a client, in memory: which
//! certificate a name gets, what is refused, and any split of the bytes.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};
use zs_tls::authority::{Authority, Issued};
use zs_tls::certificate::Source;
use zs_tls::server::{AcceptFailure, Acceptor, Fact, Policy, Session, unix_now};

/// A directory of the test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zs-tls-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A policy for all names, with the standard for everything.
fn policy() -> Policy {
    Policy {
        name: String::new(),
        nameless: false,
        source: Source::Local(String::new()),
        tls12: true,
        tls13: true,
        suites: Vec::new(),
        groups: Vec::new(),
        protocols: Vec::new(),
    }
}

/// Names with certificates in files, and what to trust.
fn acceptor(directory: &Directory, names: &[&str]) -> (Arc<Acceptor>, RootCertStore) {
    let mut authority = Authority::new(Some(directory.0.clone()));
    let policies: Vec<Policy> = names
        .iter()
        .map(|name| {
            let issue = if name.is_empty() {
                "default.test"
            } else {
                name
            };
            authority.certificate(issue, unix_now()).unwrap();
            let safe = issue.replace('*', "wildcard_");
            let at = directory.0.join(format!("certificates/local/{safe}"));
            Policy {
                name: name.to_string(),
                source: Source::Files {
                    chain: at.join(format!("{safe}.crt")),
                    key: at.join(format!("{safe}.key")),
                },
                protocols: vec![b"http/1.1".to_vec()],
                ..policy()
            }
        })
        .collect();
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(&authority.root().unwrap()).unwrap();
    roots.add(root).unwrap();
    (Arc::new(Acceptor::new(&policies, None).unwrap()), roots)
}

fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn client(config: &Arc<ClientConfig>, name: &str) -> ClientConnection {
    let name = ServerName::try_from(name.to_string()).unwrap();
    ClientConnection::new(Arc::clone(config), name).unwrap()
}

/// Passes bytes to and fro until both are quiet, in pieces of `size`; what the
/// server has received in plain.
fn talk(
    client: &mut ClientConnection,
    server: &mut Session,
    size: usize,
) -> Result<Vec<u8>, AcceptFailure> {
    let mut plain = Vec::new();
    loop {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let quiet = bytes.is_empty();
        let mut outcome = Ok(false);
        for piece in bytes.chunks(size) {
            outcome = server.feed(piece, &mut plain);
            if outcome.is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        server.take(&mut answer);
        let mut rest = &answer[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            if client.process_new_packets().is_err() {
                return Err(outcome.err().unwrap_or(AcceptFailure::Protocol));
            }
        }
        outcome?;
        if quiet && answer.is_empty() {
            return Ok(plain);
        }
    }
}

fn fact(session: &Session, fact: Fact) -> String {
    let mut out = Vec::new();
    session.fact(fact, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn names_choose_certificates() {
    let directory = Directory::new("names");
    let names = ["a.test", "*.a.test"];
    let (acceptor, roots) = acceptor(&directory, &names);
    let config = config(roots);
    for (name, found) in [
        ("a.test", true),
        ("A.TEST", true),
        ("b.a.test", true),
        ("c.b.a.test", false),
        ("b.test", false),
    ] {
        let mut server = Session::new(Arc::clone(&acceptor));
        let mut client = client(&config, name);
        let outcome = talk(&mut client, &mut server, 100_000);
        assert_eq!(outcome.is_ok(), found, "{name}");
        if found {
            // The client has verified the name by now.
            assert!(!client.is_handshaking());
            assert_eq!(fact(&server, Fact::ServerName), name.to_lowercase());
            assert_eq!(fact(&server, Fact::Version), "tls1.3");
        } else {
            assert_eq!(fact(&server, Fact::Version), "");
        }
    }
}

#[test]
fn clients_without_a_name_get_the_default_or_an_alert() {
    let directory = Directory::new("default");
    let (with, roots) = acceptor(&directory, &["a.test", ""]);
    let (without, _) = acceptor(&directory, &["a.test"]);
    let config = config(roots);
    let mut server = Session::new(with);
    // An address is not sent as a name; the certificate is another's then.
    let mut anonymous = client(&config, "127.0.0.1");
    assert!(talk(&mut anonymous, &mut server, 100_000).is_err());
    assert!(anonymous.peer_certificates().is_some() || !fact(&server, Fact::Version).is_empty());
    let mut server = Session::new(without);
    let mut anonymous = client(&config, "127.0.0.1");
    let mut hello = Vec::new();
    anonymous.write_tls(&mut hello).unwrap();
    let outcome = server.feed(&hello, &mut Vec::new());
    assert_eq!(outcome, Err(AcceptFailure::Protocol));
    let mut alert = Vec::new();
    server.take(&mut alert);
    assert_eq!(alert, [21, 3, 3, 0, 2, 2, 112]);
}

#[test]
fn bytes_may_be_split_anywhere() {
    let directory = Directory::new("split");
    let (acceptor, roots) = acceptor(&directory, &["a.test"]);
    let config = config(roots);
    for size in [1, 2, 3, 5, 7, 64, 4096, 100_000] {
        let mut server = Session::new(Arc::clone(&acceptor));
        let mut client = client(&config, "a.test");
        talk(&mut client, &mut server, size).unwrap();
        let sent: Vec<u8> = (0..70_000).map(|n| n as u8).collect();
        std::io::Write::write_all(&mut client.writer(), &sent[..60_000]).unwrap();
        let mut plain = talk(&mut client, &mut server, size).unwrap();
        std::io::Write::write_all(&mut client.writer(), &sent[60_000..]).unwrap();
        plain.extend(talk(&mut client, &mut server, size).unwrap());
        assert!(plain == sent, "{size}");
        client.send_close_notify();
        let mut end = Vec::new();
        client.write_tls(&mut end).unwrap();
        let mut ended = false;
        for piece in end.chunks(size) {
            ended |= server.feed(piece, &mut plain).unwrap();
        }
        assert!(ended);
    }
}

#[test]
fn sessions_are_resumed() {
    let directory = Directory::new("resumed");
    let (acceptor, roots) = acceptor(&directory, &["a.test"]);
    let config = config(roots);
    for number in 0..3 {
        let mut server = Session::new(Arc::clone(&acceptor));
        let mut client = client(&config, "a.test");
        talk(&mut client, &mut server, 100_000).unwrap();
        let resumed = client.handshake_kind() == Some(HandshakeKind::Resumed);
        assert_eq!(resumed, number > 0);
        assert_eq!(fact(&server, Fact::Resumed), resumed.to_string());
    }
}

#[test]
fn what_is_no_handshake() {
    let directory = Directory::new("nonsense");
    let (acceptor, _) = acceptor(&directory, &["a.test"]);
    for (bytes, failure) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], AcceptFailure::PlainHttp),
        (
            b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
            AcceptFailure::Protocol,
        ),
        (b"\x17\x03\x03\x00\x01x", AcceptFailure::Protocol),
        (b"\x00\x00\x00\x00\x00\x00", AcceptFailure::Protocol),
        (b"\x16\x03\x01\xff\xff", AcceptFailure::Protocol),
    ] {
        let mut server = Session::new(Arc::clone(&acceptor));
        let outcome = server.feed(bytes, &mut Vec::new());
        assert_eq!(outcome, Err(failure), "{}", bytes.escape_ascii());
        assert!(server.feed(b"more", &mut Vec::new()).is_err());
    }
}

#[test]
fn spoiled_hellos_do_no_harm() {
    let directory = Directory::new("spoiled");
    let (acceptor, roots) = acceptor(&directory, &["a.test"]);
    let config = config(roots);
    let mut hello = Vec::new();
    client(&config, "a.test").write_tls(&mut hello).unwrap();
    for at in 0..hello.len() {
        for value in [0, 0xff, hello[at] ^ 1] {
            let mut spoiled = hello.clone();
            spoiled[at] = value;
            let mut server = Session::new(Arc::clone(&acceptor));
            let _any = server.feed(&spoiled, &mut Vec::new());
            server.take(&mut Vec::new());
        }
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let directory = Directory::new("files");
    let mut authority = Authority::new(Some(directory.0.clone()));
    for name in ["a.test", "b.test"] {
        authority.certificate(name, unix_now()).unwrap();
    }
    let at = |name: &str| directory.0.join(format!("certificates/local/{name}"));
    let error = |chain: PathBuf, key: PathBuf| {
        let policy = Policy {
            name: "a.test".to_string(),
            source: Source::Files { chain, key },
            ..policy()
        };
        Acceptor::new(&[policy], None).unwrap_err().to_string()
    };
    let (chain, key) = (at("a.test/a.test.crt"), at("a.test/a.test.key"));
    let missing = error(at("none.crt"), key.clone());
    assert!(missing.contains("none.crt: No such file"), "{missing}");
    let swapped = error(key.clone(), chain.clone());
    assert!(swapped.ends_with("a.test.key: there is no certificate in the file"));
    let keyless = error(chain.clone(), chain.clone());
    assert!(keyless.ends_with("a.test.crt: there is no private key in the file"));
    let other = error(chain, at("b.test/b.test.key"));
    assert!(
        other.ends_with("the private key does not belong to the certificate"),
        "{other}"
    );
}

#[test]
fn certificates_are_kept_and_renewed() {
    let directory = Directory::new("renewed");
    let now = unix_now();
    let first_chain = |issued: &Issued| issued.identity.chain.clone();
    let mut authority = Authority::new(Some(directory.0.clone()));
    let first = authority.certificate("a.test", now).unwrap();
    assert_eq!(first.identity.chain.len(), 2);
    let root = authority.root();
    // Another process, later.
    let mut authority = Authority::new(Some(directory.0.clone()));
    let second = authority.certificate("a.test", now + 3600).unwrap();
    assert_eq!(first_chain(&first), first_chain(&second));
    // With less than a third of its twelve hours left, and with an
    // intermediate that ends.
    let third = authority.certificate("a.test", now + 9 * 3600).unwrap();
    assert_ne!(first.identity.chain[0], third.identity.chain[0]);
    assert_eq!(first.identity.chain[1], third.identity.chain[1]);
    let fourth = authority.certificate("a.test", now + 6 * 86_400).unwrap();
    assert_ne!(first.identity.chain[1], fourth.identity.chain[1]);
    assert_eq!(authority.root(), root);
}

#[test]
fn names_cannot_leave_the_directory() {
    let mut authority = Authority::new(None);
    for name in ["", "../x", "a/b", ".", ".."] {
        assert!(authority.certificate(name, unix_now()).is_err(), "{name}");
    }
    assert!(authority.certificate("10.0.0.1", unix_now()).is_ok());
}

/// Keys of a Caddy are in the form of SEC 1.
#[test]
fn an_authority_of_caddy_is_used() {
    let directory = Directory::new("caddy");
    let at = directory.0.join("pki/authorities/local");
    std::fs::create_dir_all(&at).unwrap();
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/tls/caddy");
    for name in ["root.crt", "root.key"] {
        std::fs::copy(format!("{files}/{name}"), at.join(name)).unwrap();
    }
    let root = std::fs::read(at.join("root.crt")).unwrap();
    let mut authority = Authority::new(Some(directory.0.clone()));
    authority.certificate("a.test", unix_now()).unwrap();
    assert_eq!(authority.root(), Some(root));
    let (acceptor, roots) = acceptor(&directory, &["a.test"]);
    let mut server = Session::new(acceptor);
    talk(&mut client(&config(roots), "a.test"), &mut server, 100_000).unwrap();
}

#[test]
fn new_files_are_taken_and_broken_ones_are_told_once() {
    let directory = Directory::new("reload");
    let mut authority = Authority::new(Some(directory.0.clone()));
    authority.certificate("a.test", unix_now()).unwrap();
    authority.certificate("b.test", unix_now()).unwrap();
    let made = directory.0.join("certificates/local");
    // As certbot has it: names that stay are links to files that do not.
    let live = directory.0.join("live");
    std::fs::create_dir_all(&live).unwrap();
    let link = |file: &str, to: PathBuf| {
        let (name, new) = (live.join(file), live.join("new"));
        std::os::unix::fs::symlink(to, &new).unwrap();
        std::fs::rename(new, name).unwrap();
    };
    let use_files_of = |name: &str| {
        for (file, end) in [("chain.pem", "crt"), ("key.pem", "key")] {
            link(file, made.join(format!("{name}/{name}.{end}")));
        }
    };
    use_files_of("a.test");
    let (chain, key) = (live.join("chain.pem"), live.join("key.pem"));
    let policy = Policy {
        source: Source::Files {
            chain: chain.clone(),
            key: key.clone(),
        },
        ..policy()
    };
    let acceptor = Arc::new(Acceptor::new(&[policy], None).unwrap());
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(&authority.root().unwrap()).unwrap();
    roots.add(root).unwrap();
    let serves = |name: &str| {
        // Without tickets of earlier sessions, which need no certificate.
        let config = config(roots.clone());
        let mut server = Session::new(Arc::clone(&acceptor));
        talk(&mut client(&config, name), &mut server, 4096).is_ok()
    };
    let look = || {
        let (taken, errors) = acceptor.reload();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        (taken, errors.join("\n"))
    };
    assert!(acceptor.has_files());
    assert!(serves("a.test") && !serves("b.test"));
    assert_eq!(look(), (Vec::new(), String::new()));
    use_files_of("b.test");
    assert_eq!(look(), (vec![chain.clone()], String::new()));
    assert!(serves("b.test") && !serves("a.test"));
    // A key of another certificate: perhaps its own is on the way. Told once.
    link("key.pem", made.join("a.test/a.test.key"));
    assert_eq!(look(), (Vec::new(), String::new()));
    let (_, error) = look();
    assert!(
        error.contains("key.pem") && error.contains("does not belong"),
        "{error}"
    );
    assert_eq!(look(), (Vec::new(), String::new()));
    assert!(serves("b.test"));
    std::fs::remove_file(&chain).unwrap();
    assert_eq!(look(), (Vec::new(), String::new()));
    assert!(look().1.contains("chain.pem"));
    use_files_of("a.test");
    assert_eq!(look(), (vec![chain], String::new()));
    assert!(serves("a.test"));
}

/// A client that can do less than all.
fn narrow_client(
    roots: &RootCertStore,
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
    edit: impl FnOnce(&mut rustls::crypto::CryptoProvider),
) -> ClientConnection {
    let mut provider = rustls::crypto::ring::default_provider();
    edit(&mut provider);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.enable_sni = !name.is_empty();
    let name = if name.is_empty() {
        "default.test"
    } else {
        name
    };
    client(&Arc::new(config), name)
}

#[test]
fn versions_suites_and_groups_are_those_allowed() {
    use rustls::version::{TLS12, TLS13};
    let directory = Directory::new("allowed");
    let (_, roots) = acceptor(&directory, &["a.test"]);
    let at = directory.0.join("certificates/local/a.test");
    let begin = |edit: fn(&mut Policy)| {
        let mut policy = Policy {
            source: Source::Files {
                chain: at.join("a.test.crt"),
                key: at.join("a.test.key"),
            },
            ..policy()
        };
        edit(&mut policy);
        Arc::new(Acceptor::new(&[policy], None).unwrap())
    };
    let succeeds = |acceptor: &Arc<Acceptor>, mut client: ClientConnection| {
        let mut server = Session::new(Arc::clone(acceptor));
        talk(&mut client, &mut server, 4096).is_ok()
    };
    let plain = |versions: &[&'static rustls::SupportedProtocolVersion]| {
        narrow_client(&roots, "a.test", versions, |_| {})
    };
    let only13 = begin(|policy| policy.tls12 = false);
    assert!(succeeds(&only13, plain(&[&TLS13])) && !succeeds(&only13, plain(&[&TLS12])));
    let only12 = begin(|policy| policy.tls13 = false);
    assert!(succeeds(&only12, plain(&[&TLS12])) && !succeeds(&only12, plain(&[&TLS13])));
    let suite = begin(|policy| policy.suites = vec![0xc02b]);
    assert!(succeeds(&suite, plain(&[&TLS13])) && succeeds(&suite, plain(&[&TLS12])));
    let other = narrow_client(&roots, "a.test", &[&TLS12], |provider| {
        provider
            .cipher_suites
            .retain(|suite| u16::from(suite.suite()) == 0xc02c);
    });
    assert!(!succeeds(&suite, other));
    let group = begin(|policy| policy.groups = vec![0x18]);
    assert!(succeeds(&group, plain(&[&TLS13])));
    let other = narrow_client(&roots, "a.test", &[&TLS13], |provider| {
        provider
            .kx_groups
            .retain(|group| u16::from(group.name()) == 0x1d);
    });
    assert!(!succeeds(&group, other));
    let nameless = begin(|policy| policy.nameless = true);
    assert!(!succeeds(&nameless, plain(&[&TLS13])));
    let mut client = narrow_client(&roots, "", &[&TLS13], |_| {});
    // The certificate is not for the name that the client checks, but it is sent.
    let mut server = Session::new(nameless);
    assert!(talk(&mut client, &mut server, 4096).is_err());
    assert!(client.peer_certificates().is_none());
    let mut answer = Vec::new();
    server.take(&mut answer);
}
