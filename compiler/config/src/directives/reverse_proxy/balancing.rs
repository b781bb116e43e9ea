//! `lb_policy` and the other words that say which upstream gets a request.

use zs_diagnostics::codes;
use zs_syntax::{Segment, Token};

use super::Proxy;
use crate::context::{Context, Parsed, suggest};
use crate::matchers::anonymous_set;
use crate::model::{Duration, LoadBalancing, SelectionPolicy};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::duration::duration;
use crate::values::number::integer;

pub(super) const ENTRIES: &[Entry<Proxy>] = &[
    Entry::<Proxy>::once(
        "lb_policy",
        Shape::with_block(1, usize::MAX, Block::Maybe, "lb_policy <policy> ..."),
        |proxy, line, cx| {
            let policy = policy(line.arguments, line.lines(), 0, cx)?;
            balancing(proxy).selection_policy = Some(policy);
            Ok(())
        },
    ),
    Entry::<Proxy>::last(
        "lb_retries",
        Shape::arguments(1, 1, "lb_retries <number>"),
        |proxy, line, cx| {
            balancing(proxy).retries = integer(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::<Proxy>::last(
        "lb_try_duration",
        Shape::arguments(1, 1, "lb_try_duration <length of time>"),
        |proxy, line, cx| {
            balancing(proxy).try_duration = duration(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::<Proxy>::last(
        "lb_try_interval",
        Shape::arguments(1, 1, "lb_try_interval <length of time>"),
        |proxy, line, cx| {
            balancing(proxy).try_interval = duration(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::<Proxy>::many(
        "lb_retry_match",
        Shape::with_block(0, usize::MAX, Block::Maybe, "lb_retry_match <matcher> ..."),
        |proxy, line, cx| {
            let set = anonymous_set(line, cx)?;
            balancing(proxy).retry_match.push(set);
            Ok(())
        },
    ),
];

fn balancing(proxy: &mut Proxy) -> &mut LoadBalancing {
    proxy.proxy.load_balancing.get_or_insert_default()
}

const POLICIES: &[&str] = &[
    "client_ip_hash",
    "cookie",
    "first",
    "header",
    "ip_hash",
    "least_conn",
    "query",
    "random",
    "random_choose",
    "round_robin",
    "uri_hash",
    "weighted_round_robin",
];

/// How many policies may be the fallback of each other.
const FALLBACKS_MAX: usize = 8;

/// The policy that some words and lines describe; the first word is its name.
fn policy(
    words: &[Token],
    lines: &[Segment],
    depth: usize,
    cx: &mut Context,
) -> Parsed<SelectionPolicy> {
    let (name, arguments) = (&words[0], &words[1..]);
    if depth > FALLBACKS_MAX {
        let message = format!("more than {FALLBACKS_MAX} fallbacks lie within each other");
        return Err(cx.fail(
            name,
            codes::LIMIT_EXCEEDED,
            message,
            "the last one decides; remove those between",
        ));
    }
    let (min, max, usage) = match name.text.as_str() {
        "weighted_round_robin" => (1, usize::MAX, "lb_policy weighted_round_robin <weights...>"),
        "random_choose" => (1, 1, "lb_policy random_choose <number>"),
        "query" => (1, 1, "lb_policy query <key> { fallback <policy> }"),
        "header" => (1, 1, "lb_policy header <field> { fallback <policy> }"),
        "cookie" => (0, 2, "lb_policy cookie [<name> [<secret>]] { ... }"),
        _ => (0, 0, "lb_policy <policy>"),
    };
    let line = Line {
        name,
        arguments,
        block: None,
    };
    Shape::arguments(min, max, usage).check(&line, cx)?;
    let mut options = Options {
        depth,
        ..Options::default()
    };
    match name.text.as_str() {
        "query" | "header" => WITH_FALLBACK.apply_all(lines, &mut options, cx)?,
        "cookie" => COOKIE.apply_all(lines, &mut options, cx)?,
        _ => WITHOUT_LINES.apply_all(lines, &mut options, cx)?,
    }
    let text = |index: usize| line.text(index).to_owned();
    let fallback = options.fallback.map(Box::new);
    Ok(match name.text.as_str() {
        "client_ip_hash" => SelectionPolicy::ClientIpHash,
        "cookie" => SelectionPolicy::Cookie {
            name: text(0),
            secret: text(1),
            max_age: options.max_age,
            fallback,
        },
        "first" => SelectionPolicy::First,
        "header" => SelectionPolicy::Header {
            field: text(0),
            fallback,
        },
        "ip_hash" => SelectionPolicy::IpHash,
        "least_conn" => SelectionPolicy::LeastConn,
        "query" => SelectionPolicy::Query {
            key: text(0),
            fallback,
        },
        "random" => SelectionPolicy::Random,
        "random_choose" => SelectionPolicy::RandomChoose {
            choose: integer(&arguments[0], cx)?,
        },
        "round_robin" => SelectionPolicy::RoundRobin,
        "uri_hash" => SelectionPolicy::UriHash,
        "weighted_round_robin" => SelectionPolicy::WeightedRoundRobin {
            weights: weights(arguments, cx)?,
        },
        other => {
            let help = suggest(
                other,
                POLICIES.iter().copied(),
                &format!("one of {}", POLICIES.join(", ")),
            );
            let message = format!("unknown policy `{other}`");
            return Err(cx.fail(name, codes::BAD_VALUE, message, help));
        }
    })
}

fn weights(tokens: &[Token], cx: &mut Context) -> Parsed<Vec<i64>> {
    let mut weights = Vec::new();
    for token in tokens {
        let weight = integer(token, cx)?;
        if weight < 0 {
            let message = format!("the weight `{weight}` is negative");
            return Err(cx.fail(token, codes::BAD_VALUE, message, "write 0 for never"));
        }
        weights.push(weight);
    }
    Ok(weights)
}

/// What the lines of a policy's block say.
#[derive(Debug, Default)]
struct Options {
    depth: usize,
    fallback: Option<SelectionPolicy>,
    max_age: Duration,
}

const FALLBACK: Entry<Options> = Entry::<Options>::once(
    "fallback",
    Shape::with_block(1, usize::MAX, Block::Maybe, "fallback <policy> ..."),
    |options, line, cx| {
        let policy = policy(line.arguments, line.lines(), options.depth + 1, cx)?;
        options.fallback = Some(policy);
        Ok(())
    },
);

const fn grammar(entries: &'static [&'static [Entry<Options>]]) -> Grammar<Options> {
    Grammar {
        vocabulary: Vocabulary::Subdirective("lb_policy"),
        entries,
        other: None,
    }
}

const WITHOUT_LINES: Grammar<Options> = grammar(&[]);

const WITH_FALLBACK: Grammar<Options> = grammar(&[&[FALLBACK]]);

const COOKIE: Grammar<Options> = grammar(&[&[
    FALLBACK,
    Entry::<Options>::once(
        "max_age",
        Shape::arguments(1, 1, "max_age <length of time>"),
        |options, line, cx| {
            let token = &line.arguments[0];
            options.max_age = duration(token, cx)?;
            if options.max_age.0 > 0 {
                return Ok(());
            }
            let message = format!("`{}` is no age of a cookie", token.text);
            let help = "leave the line out for a cookie that lasts as long as the browser runs";
            Err(cx.fail(token, codes::BAD_VALUE, message, help))
        },
    ),
]]);
