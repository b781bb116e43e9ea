//! `<kind> [<arguments...>] { ... }` behind `trust_pool`, `tls_trust_pool`, `source` and `ca`: a set of trusted
//! certificates.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed, suggest};
use crate::model::{
    AuthorityPool, CombinedPool, FilePool, HttpPool, InlinePool, StoragePool, SystemPool,
    TrustPool, UpstreamTls,
};
use crate::options::storage;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::duration::duration;

const KINDS: &[&str] = &[
    "combined",
    "file",
    "http",
    "inline",
    "pki_intermediate",
    "pki_root",
    "storage",
    "system",
];

/// How many pools may lie within each other.
const DEPTH_MAX: usize = 8;

/// The shape of a line whose arguments name a pool.
pub(crate) const fn shape(usage: &'static str) -> Shape {
    Shape::with_block(1, usize::MAX, Block::Maybe, usage)
}

/// Reads the pool that a line's arguments and block describe.
pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<TrustPool> {
    nested(line, 0, cx)
}

fn nested(line: &Line, depth: usize, cx: &mut Context) -> Parsed<TrustPool> {
    let kind = &line.arguments[0];
    if depth > DEPTH_MAX {
        let message = format!("more than {DEPTH_MAX} trust pools lie within each other");
        return Err(cx.fail(
            kind,
            codes::LIMIT_EXCEEDED,
            message,
            "list the sources side by side",
        ));
    }
    let mut pool = Pool {
        depth,
        values: line.arguments[1..]
            .iter()
            .map(|token| token.text.clone())
            .collect(),
        ..Pool::default()
    };
    let takes_arguments = !matches!(kind.text.as_str(), "inline" | "system" | "combined");
    if let Some(token) = line.arguments.get(1).filter(|_| !takes_arguments) {
        let message = format!("the trust pool `{}` takes no arguments", kind.text);
        return Err(cx.fail(
            token,
            codes::WRONG_ARGUMENTS,
            message,
            "use lines in its block",
        ));
    }
    match kind.text.as_str() {
        "combined" => read(&COMBINED, &mut pool, line, cx)?,
        "file" => read(&FILE, &mut pool, line, cx)?,
        "http" => read(&HTTP, &mut pool, line, cx)?,
        "inline" => read(&INLINE, &mut pool, line, cx)?,
        "pki_intermediate" | "pki_root" => read(&AUTHORITY, &mut pool, line, cx)?,
        "storage" => read(&STORAGE, &mut pool, line, cx)?,
        "system" => read(&SYSTEM, &mut pool, line, cx)?,
        other => {
            let help = suggest(
                other,
                KINDS.iter().copied(),
                &format!("one of {}", KINDS.join(", ")),
            );
            let message = format!("unknown trust pool `{other}`");
            return Err(cx.fail(kind, codes::BAD_VALUE, message, help));
        }
    }
    pool.finish(kind, cx)
}

/// What the lines of a pool's block say.
#[derive(Debug, Default)]
struct Pool {
    depth: usize,
    values: Vec<String>,
    sources: Vec<TrustPool>,
    storage: Option<crate::model::Storage>,
    tls: Option<UpstreamTls>,
}

impl Pool {
    fn finish(self, kind: &Token, cx: &mut Context) -> Parsed<TrustPool> {
        let optional = matches!(kind.text.as_str(), "http" | "storage" | "system");
        if !optional && self.values.is_empty() && self.sources.is_empty() {
            let message = format!("the trust pool `{}` is empty", kind.text);
            let help = "name at least one source of certificates";
            return Err(cx.fail(kind, codes::WRONG_ARGUMENTS, message, help));
        }
        let values = self.values;
        Ok(match kind.text.as_str() {
            "combined" => TrustPool::Combined(CombinedPool {
                sources: self.sources,
            }),
            "file" => TrustPool::File(FilePool { pem_files: values }),
            "http" => TrustPool::Http(Box::new(HttpPool {
                endpoints: values,
                tls: self.tls,
            })),
            "inline" => TrustPool::Inline(InlinePool {
                trusted_ca_certs: values,
            }),
            "pki_intermediate" => TrustPool::PkiIntermediate(AuthorityPool { authority: values }),
            "pki_root" => TrustPool::PkiRoot(AuthorityPool { authority: values }),
            "storage" => TrustPool::Storage(StoragePool {
                storage: self.storage,
                pem_keys: values,
            }),
            _ => TrustPool::System(SystemPool {}),
        })
    }
}

fn read(grammar: &Grammar<Pool>, pool: &mut Pool, line: &Line, cx: &mut Context) -> Parsed<()> {
    grammar.apply_all(line.lines(), pool, cx)
}

const fn grammar(entries: &'static [&'static [Entry<Pool>]]) -> Grammar<Pool> {
    Grammar {
        vocabulary: Vocabulary::Subdirective("trust_pool"),
        entries,
        other: None,
    }
}

const fn values(name: &'static str, usage: &'static str) -> Entry<Pool> {
    Entry::many(
        name,
        Shape::arguments(1, usize::MAX, usage),
        |pool, line, _| {
            pool.values.extend(line.texts());
            Ok(())
        },
    )
}

const FILE: Grammar<Pool> = grammar(&[&[values("pem_file", "pem_file <paths...>")]]);

const INLINE: Grammar<Pool> = grammar(&[&[values("trust_der", "trust_der <base64...>")]]);

const AUTHORITY: Grammar<Pool> = grammar(&[&[values("authority", "authority <names...>")]]);

const SYSTEM: Grammar<Pool> = grammar(&[]);

const COMBINED: Grammar<Pool> = grammar(&[&[Entry::many(
    "source",
    shape("source <kind> ..."),
    |pool, line, cx| {
        pool.sources.push(nested(line, pool.depth + 1, cx)?);
        Ok(())
    },
)]]);

const STORAGE: Grammar<Pool> = grammar(&[&[
    values("keys", "keys <keys...>"),
    Entry::once("storage", storage::SHAPE, |pool, line, cx| {
        pool.storage = Some(storage::parse(line, cx)?);
        Ok(())
    }),
]]);

const HTTP: Grammar<Pool> = grammar(&[&[
    values("endpoints", "endpoints <urls...>"),
    Entry::once(
        "tls",
        Shape::with_block(0, 0, Block::Maybe, "tls { ... }"),
        |pool, line, cx| {
            let mut fetch = Fetch {
                depth: pool.depth,
                tls: UpstreamTls::default(),
            };
            FETCH_TLS.apply_all(line.lines(), &mut fetch, cx)?;
            pool.tls = Some(fetch.tls);
            Ok(())
        },
    ),
]]);

/// TLS to a server that pools are fetched from.
#[derive(Debug)]
struct Fetch {
    depth: usize,
    tls: UpstreamTls,
}

const FETCH_TLS: Grammar<Fetch> = Grammar {
    vocabulary: Vocabulary::Subdirective("tls"),
    entries: &[&[
        Entry::last("ca", shape("ca <kind> ..."), |fetch, line, cx| {
            fetch.tls.ca = Some(nested(line, fetch.depth + 1, cx)?);
            Ok(())
        }),
        Entry::many(
            "insecure_skip_verify",
            Shape::arguments(0, 0, "insecure_skip_verify"),
            |fetch, _, _| {
                fetch.tls.insecure_skip_verify = true;
                Ok(())
            },
        ),
        Entry::last(
            "handshake_timeout",
            Shape::arguments(1, 1, "handshake_timeout <length of time>"),
            |fetch, line, cx| {
                fetch.tls.handshake_timeout = duration(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::last(
            "server_name",
            Shape::arguments(1, 1, "server_name <name>"),
            |fetch, line, _| {
                line.text(0).clone_into(&mut fetch.tls.server_name);
                Ok(())
            },
        ),
        Entry::last(
            "renegotiation",
            Shape::arguments(1, 1, "renegotiation never|once|freely"),
            |fetch, line, cx| {
                fetch.tls.renegotiation = renegotiation(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
    ]],
    other: None,
};

/// How far a server may ask for another handshake.
pub(crate) fn renegotiation(token: &Token, cx: &mut Context) -> Parsed<String> {
    const LEVELS: [&str; 3] = ["never", "once", "freely"];
    if LEVELS.contains(&token.text.as_str()) {
        return Ok(token.text.clone());
    }
    let message = format!("`{}` is no level of renegotiation", token.text);
    let help = suggest(&token.text, LEVELS, "write `never`, `once` or `freely`");
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}
