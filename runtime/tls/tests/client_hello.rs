//! Our reader of the client's first message against that of rustls: what
//! rustls would go on with, ours reads as well and finds the same name in,
//! whole, in pieces, in small records, and spoiled at random.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use zs_proto::client_hello::Reader;

/// Messages of a client that asks for a name or for none, that offers a
/// protocol or none.
fn hellos() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        for (name, protocols) in [("a.test", 2), ("127.0.0.1", 0), (&"long.".repeat(40), 1)] {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(versions)
                .unwrap()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            config.alpn_protocols = vec![b"h2".to_vec(); protocols];
            let name = ServerName::try_from(name.trim_end_matches('.').to_owned()).unwrap();
            let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut hello = Vec::new();
            client.write_tls(&mut hello).unwrap();
            found.push(hello);
        }
    }
    found
}

/// The same message in records of a size.
fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
    let records = hello[5..].chunks(size).flat_map(|content| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&hello[..3], &length, content].concat()
    });
    records.collect()
}

/// What a reader makes of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Name(Option<String>),
    More,
    Refused,
}

fn ours(bytes: &[u8], size: usize) -> Outcome {
    let mut reader = Reader::default();
    for piece in bytes.chunks(size) {
        match reader.feed(piece) {
            Ok(Some(hello)) => {
                let name = hello.server_name.map(String::from_utf8_lossy);
                // Policies are found without the dot of the root.
                let name = name.map(|name| name.strip_suffix('.').unwrap_or(&name).to_owned());
                return Outcome::Name(name.map(|name| name.to_ascii_lowercase()));
            }
            Ok(None) => {}
            Err(_) => return Outcome::Refused,
        }
    }
    Outcome::More
}

fn theirs(mut bytes: &[u8]) -> Outcome {
    let mut acceptor = Acceptor::default();
    while !bytes.is_empty() {
        if acceptor.read_tls(&mut bytes).is_err() {
            return Outcome::Refused;
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let name = accepted.client_hello().server_name().map(str::to_owned);
                return Outcome::Name(name.map(|name| name.to_ascii_lowercase()));
            }
            Ok(None) => {}
            Err(_) => return Outcome::Refused,
        }
    }
    Outcome::More
}

#[test]
fn the_same_name_is_found() {
    for hello in hellos() {
        let expected = theirs(&hello);
        assert!(matches!(expected, Outcome::Name(_)));
        for size in [1, 3, 64, hello.len()] {
            assert_eq!(ours(&hello, size), expected);
            let records = in_records(&hello, size);
            assert_eq!(theirs(&records), expected);
            assert_eq!(ours(&records, 50), expected);
        }
    }
}

#[test]
fn what_rustls_accepts_is_read_the_same() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut accepted, mut refused) = (0, 0);
    let hellos = hellos();
    for round in 0..60_000 {
        let mut bytes = hellos[round % hellos.len()].clone();
        if random.below(4) == 0 {
            bytes = in_records(&bytes, 1 + random.below(60));
        }
        spoil(&mut bytes, &mut random);
        let (expected, found) = (theirs(&bytes), ours(&bytes, 1 + random.below(bytes.len())));
        match (&expected, &found) {
            // rustls looks into more extensions, and at what a name is.
            (Outcome::Refused, _) => refused += 1,
            // It looks at whole records only.
            (Outcome::More, _) => {}
            // It takes an address for no name.
            (Outcome::Name(None), Outcome::Name(Some(name))) => {
                assert!(name.parse::<std::net::IpAddr>().is_ok(), "{name}");
            }
            _ => {
                accepted += usize::from(matches!(expected, Outcome::Name(_)));
                assert_eq!(expected, found, "{}", bytes.escape_ascii());
            }
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} {refused}");
}

/// Changes, removes, repeats or adds a few bytes.
fn spoil(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.remove(at)),
            _ => bytes.insert(at, random.next() as u8),
        }
    }
}

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
