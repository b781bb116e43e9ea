//! HTTPS as clients see it, and HTTPS to upstreams.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::{SiteBuilder, action, connect, on_each_driver, respond, talk, without_date};
use zs_abi::tables::{
    ALPN_HTTP11, CERTIFICATE_FILES, Certificate, CertificateId, LISTEN_TCP, PROXY_HOST_UPSTREAM,
    PROXY_TLS, PROXY_TLS_INSECURE, Proxy, TLS12, TLS13, TlsPolicy, Upstream,
};
use zs_abi::{ActionKind, Capability, Source, Text};
use zs_server::LoadedSite;
use zs_tls::authority::Authority;
use zs_tls::server::unix_now;

/// A directory with an authority of the test's own, removed at its end.
struct Directory(PathBuf, Authority);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zs-server-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&path);
        let authority = Authority::new(Some(path.clone()));
        Self(path, authority)
    }

    fn config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(&self.1.root().unwrap()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A site that answers with what it knows of TLS, for `localhost`.
fn site(directory: &mut Directory) -> &'static LoadedSite {
    directory.1.certificate("localhost", unix_now()).unwrap();
    let at = directory.0.join("certificates/local/localhost");
    let mut site = SiteBuilder::new();
    site.capability(Capability::Tls);
    let certificate = Certificate {
        kind: CERTIFICATE_FILES,
        chain: site.data.text(at.join("localhost.crt").to_str().unwrap()),
        key: site.data.text(at.join("localhost.key").to_str().unwrap()),
    };
    let policy = TlsPolicy {
        name: site.data.text("localhost"),
        certificate: CertificateId(site.data.push(&certificate)),
        alpn: ALPN_HTTP11,
        nameless: 0,
        versions: TLS12 | TLS13,
        suites: Text::EMPTY,
        groups: Text::EMPTY,
    };
    let policies = site.data.extend(&[policy]);
    let body = site.template(&[
        (Source::TlsVersion, "", 0),
        (Source::Constant, " ", 0),
        (Source::TlsServerName, "", 0),
        (Source::Constant, " ", 0),
        (Source::TlsResumed, "", 0),
        (Source::Constant, " ", 0),
        (Source::HostPort, "", 0),
    ]);
    site.response_with(200, |response| response.body = body);
    let entry = site.entry("main", respond::<0>);
    site.server_on(entry, true, |server| server.policies = policies);
    site.load()
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn open(config: &Arc<ClientConfig>, address: SocketAddr, name: &str) -> Stream {
    let name = ServerName::try_from(name.to_string()).unwrap();
    let client = ClientConnection::new(Arc::clone(config), name).unwrap();
    StreamOwned::new(client, connect(address))
}

#[test]
fn requests_over_tls() {
    let mut directory = Directory::new("requests");
    let site = site(&mut directory);
    let config = directory.config();
    on_each_driver(site, |address| {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut stream = open(&config, address, "localhost");
            // Two requests in one record, a third byte by byte.
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n")
                .unwrap();
            for byte in b"GET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n" {
                stream.write_all(&[*byte]).unwrap();
            }
            let mut answer = Vec::new();
            // The end is told by TLS, or this would be an error.
            stream.read_to_end(&mut answer).unwrap();
            let answer = without_date(&answer);
            assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 3);
            seen.push(answer.rsplit("\r\n\r\n").next().unwrap().to_string());
        }
        assert!(seen[0].starts_with("tls1.3 localhost "), "{}", seen[0]);
        assert_eq!(seen[1], "tls1.3 localhost true c");
    });
}

#[test]
fn clients_that_are_not_served() {
    let mut directory = Directory::new("unserved");
    let site = site(&mut directory);
    let config = directory.config();
    on_each_driver(site, |address| {
        let plain = talk(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(
            plain,
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        );
        let mut stream = open(&config, address, "other.test");
        let error = stream.write_all(b"x").unwrap_err().to_string();
        assert!(error.contains("UnrecognisedName"), "{error}");
        let mut stream = connect(address);
        stream.write_all(b"\x16\x03\x01\x00\x05nonsense").unwrap();
        let mut alert = Vec::new();
        stream.read_to_end(&mut alert).unwrap();
        assert!(alert.first().is_none_or(|kind| *kind == 21));
    });
}

extern "C" fn pass_on(_: u64, _: u64) -> u64 {
    action(ActionKind::Proxy, 0, None)
}

fn proxy(upstream: SocketAddr, name: &str, flags: u32, handshake_ms: u32) -> &'static LoadedSite {
    let mut site = SiteBuilder::new();
    site.capability(Capability::Proxy);
    site.capability(Capability::ProxyTls);
    let (host, port) = (
        site.text(upstream.ip().to_string()),
        site.text(upstream.port().to_string()),
    );
    let upstreams = site.data.extend(&[Upstream {
        kind: LISTEN_TCP,
        host,
        port,
    }]);
    let server_name = site.text(name);
    site.data.push(&Proxy {
        upstreams,
        request_entry: None,
        response_entry: None,
        dial_ms: 3_000,
        handshake_ms,
        response_header_ms: 0,
        read_ms: 0,
        write_ms: 0,
        flags: PROXY_TLS | PROXY_HOST_UPSTREAM | flags,
        server_name,
        keepalive_ms: 120_000,
        idle_max: 32,
        balance: None,
    });
    let entry = site.entry("main", pass_on);
    site.server(entry);
    site.load()
}

#[test]
fn upstreams_are_spoken_to_over_tls() {
    let mut directory = Directory::new("upstream");
    let upstream = site(&mut directory);
    on_each_driver(upstream, |upstream| {
        let site = proxy(upstream, "localhost", PROXY_TLS_INSECURE, 10_000);
        on_each_driver(site, |address| {
            let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\
                Connection: close\r\n\r\n";
            let answer = talk(address, request);
            let body = format!("tls1.3 localhost false {upstream}");
            assert_eq!(answer.matches(&body).count(), 2, "{body}: {answer}");
            assert!(answer.contains("Via: 1.1 zeroserve\r\nServer: zeroserve\r\n"));
        });
        // The authority is in nobody's trust store.
        on_each_driver(proxy(upstream, "localhost", 0, 10_000), |address| {
            let answer = talk(
                address,
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            );
            assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        });
        // The upstream knows no such name.
        on_each_driver(
            proxy(upstream, "x.test", PROXY_TLS_INSECURE, 10_000),
            |address| {
                let answer = talk(
                    address,
                    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                );
                assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
            },
        );
    });
}

#[test]
fn an_upstream_that_does_not_shake_hands() {
    // Connections wait to be accepted, which the other side takes for silence.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    on_each_driver(proxy(upstream, "localhost", 0, 150), |address| {
        let answer = talk(
            address,
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    });
}
