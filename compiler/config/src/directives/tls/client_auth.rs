//! `client_auth { mode ...; trust_pool ...; verifier ... }` and its older words.

use std::path::Path;

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Building;
use crate::context::{Context, Parsed, suggest};
use crate::model::{
    ClientAuthentication, ClientVerifier, InlinePool, LeafCertificates, LeafFiles, LeafFolders,
    LeafLoader, LeafVerifier, TrustPool,
};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, list_word};
use crate::tls::trust_pool;
use crate::values::pem;

pub(super) const ENTRIES: &[Entry<Building>] = &[Entry::unbuilt(Entry::last(
    "client_auth",
    Shape::with_block(0, usize::MAX, Block::Maybe, "client_auth { ... }"),
    |building, line, cx| {
        let mut reading = Reading::default();
        GRAMMAR.apply_all(line.lines(), &mut reading, cx)?;
        building.tls.policy.client_authentication = Some(reading.finish(line.name, cx)?);
        Ok(())
    },
))];

/// A block that is being read.
#[derive(Debug, Default)]
struct Reading {
    asked: ClientAuthentication,
    /// Certificates by the older words.
    authorities: Vec<String>,
}

impl Reading {
    fn finish(self, name: &Token, cx: &mut Context) -> Parsed<ClientAuthentication> {
        let mut asked = self.asked;
        if self.authorities.is_empty() {
            return Ok(asked);
        }
        if asked.ca.is_some() {
            let message = "`trust_pool` and its older words stand in the same block";
            let help = "use `trust_pool` alone";
            return Err(cx.fail(name, codes::CONFLICT, message, help));
        }
        asked.ca = Some(TrustPool::Inline(InlinePool {
            trusted_ca_certs: self.authorities,
        }));
        Ok(asked)
    }
}

const GRAMMAR: Grammar<Reading> = Grammar {
    vocabulary: Vocabulary::Subdirective("client_auth"),
    entries: &[&[
        Entry::last("mode", Shape::arguments(1, 1, "mode <mode>"), mode),
        Entry::last(
            "trust_pool",
            trust_pool::shape("trust_pool <kind> ..."),
            |reading, line, cx| {
                reading.asked.ca = Some(trust_pool::parse(line, cx)?);
                Ok(())
            },
        ),
        Entry::many(
            "verifier",
            Shape::with_block(1, usize::MAX, Block::Maybe, "verifier leaf ..."),
            |reading, line, cx| VERIFIERS.apply(&line.inner(), &mut reading.asked.verifiers, cx),
        ),
        Entry::many("trusted_ca_cert", CERTIFICATE, |reading, line, cx| {
            deprecated(line, cx);
            reading.authorities.push(line.text(0).to_owned());
            Ok(())
        }),
        Entry::many("trusted_ca_cert_file", FILE, |reading, line, cx| {
            deprecated(line, cx);
            let certificates = certificates(&line.arguments[0], cx)?;
            reading.authorities.extend(certificates);
            Ok(())
        }),
        list_word!("trusted_leaf_cert", 1, "<certificate>" => asked.trusted_leaf_certs),
        Entry::many("trusted_leaf_cert_file", FILE, |reading, line, cx| {
            let certificates = certificates(&line.arguments[0], cx)?;
            reading.asked.trusted_leaf_certs.extend(certificates);
            Ok(())
        }),
    ]],
    other: None,
};

const CERTIFICATE: Shape = Shape::arguments(1, 1, "trusted_ca_cert <DER in Base64>");
const FILE: Shape = Shape::arguments(
    1,
    1,
    "trusted_ca_cert_file|trusted_leaf_cert_file <PEM file>",
);

fn mode(reading: &mut Reading, line: &Line, cx: &mut Context) -> Parsed<()> {
    const MODES: &[&str] = &[
        "request",
        "require",
        "verify_if_given",
        "require_and_verify",
    ];
    if !MODES.contains(&line.text(0)) {
        let otherwise = format!("one of {}", MODES.join(", "));
        let help = suggest(line.text(0), MODES.iter().copied(), &otherwise);
        let message = format!("`{}` is no mode of client authentication", line.text(0));
        return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
    }
    line.text(0).clone_into(&mut reading.asked.mode);
    Ok(())
}

fn deprecated(line: &Line, cx: &mut Context) {
    let message = format!("`{}` is deprecated", line.name.text);
    cx.warn(line.name, codes::DEPRECATED, message, "use `trust_pool`");
}

/// The certificates of a PEM file, which stand in the configuration themselves.
fn certificates(path: &Token, cx: &mut Context) -> Parsed<Vec<String>> {
    let help = "write the path of a file with certificates in PEM form";
    let bytes = match cx.host.read(Path::new(&path.text)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", path.text);
            return Err(cx.fail(path, codes::UNREADABLE_FILE, message, help));
        }
    };
    pem::certificates(&bytes).map_err(|problem| {
        let message = format!("`{}` {problem}", path.text);
        cx.fail(path, codes::BAD_VALUE, message, help)
    })
}

const VERIFIERS: Grammar<Vec<ClientVerifier>> = Grammar {
    vocabulary: Vocabulary::Module("verifier of client certificates"),
    entries: &[&[Entry::many(
        "leaf",
        Shape::with_block(
            0,
            usize::MAX,
            Block::Maybe,
            "verifier leaf file|folder|pem ...",
        ),
        |verifiers, line, cx| {
            let mut leaf = LeafVerifier::default();
            let loaders = &mut leaf.leaf_certs_loaders;
            if line.arguments.is_empty() {
                LOADERS.apply_all(line.lines(), loaders, cx)?;
            } else {
                LOADERS.apply(&line.inner(), loaders, cx)?;
            }
            verifiers.push(ClientVerifier::Leaf(leaf));
            Ok(())
        },
    )]],
    other: None,
};

const LOADERS: Grammar<Vec<LeafLoader>> = Grammar {
    vocabulary: Vocabulary::Module("source of client certificates"),
    entries: &[&[
        Entry::many(
            "file",
            Shape::arguments(1, usize::MAX, "file <paths...>"),
            |loaders, line, _| {
                let files = line.texts();
                loaders.push(LeafLoader::File(LeafFiles { files }));
                Ok(())
            },
        ),
        Entry::many(
            "folder",
            Shape::arguments(1, usize::MAX, "folder <paths...>"),
            |loaders, line, _| {
                let folders = line.texts();
                loaders.push(LeafLoader::Folder(LeafFolders { folders }));
                Ok(())
            },
        ),
        Entry::many(
            "pem",
            Shape::arguments(1, usize::MAX, "pem <texts...>"),
            |loaders, line, _| {
                let certificates = line.texts();
                loaders.push(LeafLoader::Pem(LeafCertificates { certificates }));
                Ok(())
            },
        ),
    ]],
    other: None,
};
