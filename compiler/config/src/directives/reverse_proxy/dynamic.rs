//! `dynamic a|srv|multi ...`: upstreams that are looked up while requests come in.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed, suggest};
use crate::model::{AddressRecords, Duration, DynamicUpstreams, Resolver, ServiceRecords};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::duration::duration;

/// The sources that a line's arguments and block describe; the first argument is the kind.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<DynamicUpstreams> {
    nested(
        &Line {
            name: &line.arguments[0],
            arguments: &line.arguments[1..],
            block: line.block,
        },
        0,
        cx,
    )
}

/// How many `multi` may lie within each other.
const DEPTH_MAX: usize = 8;

/// The sources of a line that begins with the kind.
fn nested(line: &Line, depth: usize, cx: &mut Context) -> Parsed<DynamicUpstreams> {
    if depth > DEPTH_MAX {
        let message = format!("more than {DEPTH_MAX} `multi` lie within each other");
        return Err(cx.fail(
            line.name,
            codes::LIMIT_EXCEEDED,
            message,
            "list the sources side by side",
        ));
    }
    match line.name.text.as_str() {
        "a" => {
            Shape::with_block(0, 2, Block::Maybe, "dynamic a [<name> [<port>]] { ... }")
                .check(line, cx)?;
            let mut records = AddressRecords {
                name: line.text(0).to_owned(),
                port: line.text(1).to_owned(),
                ..AddressRecords::default()
            };
            ADDRESSES.apply_all(line.lines(), &mut records, cx)?;
            Ok(DynamicUpstreams::A(records))
        }
        "srv" => {
            Shape::with_block(0, 1, Block::Maybe, "dynamic srv [<name>] { ... }")
                .check(line, cx)?;
            let mut records = ServiceRecords {
                name: line.text(0).to_owned(),
                ..ServiceRecords::default()
            };
            SERVICES.apply_all(line.lines(), &mut records, cx)?;
            Ok(DynamicUpstreams::Srv(records))
        }
        "multi" => {
            Shape::with_block(0, 0, Block::Maybe, "dynamic multi { <source> ... }")
                .check(line, cx)?;
            let mut sources = Vec::new();
            for segment in line.lines() {
                sources.push(nested(&Line::new(segment), depth + 1, cx)?);
            }
            Ok(DynamicUpstreams::Multi { sources })
        }
        other => {
            let help = suggest(other, ["a", "srv", "multi"], "write `a`, `srv` or `multi`");
            let message = format!("unknown source of upstreams `{other}`");
            Err(cx.fail(line.name, codes::BAD_VALUE, message, help))
        }
    }
}

pub(in crate::directives) const ADDRESSES: Grammar<AddressRecords> = Grammar {
    vocabulary: Vocabulary::Subdirective("dynamic a"),
    entries: &[&[
        Entry::<AddressRecords>::many("name", one("name <name>"), |records, line, cx| {
            set_once(&mut records.name, line, cx)
        })
        .unbuilt(),
        Entry::<AddressRecords>::many("port", one("port <port>"), |records, line, cx| {
            set_once(&mut records.port, line, cx)
        })
        .unbuilt(),
        Entry::<AddressRecords>::last("refresh", one(REFRESH), |records, line, cx| {
            set(&mut records.refresh, line, cx)
        })
        .unbuilt(),
        Entry::<AddressRecords>::last("resolvers", RESOLVERS, |records, line, _| {
            records.resolver = Some(resolver(line));
            Ok(())
        })
        .unbuilt(),
        Entry::<AddressRecords>::last("dial_timeout", one(DIAL_TIMEOUT), |records, line, cx| {
            set(&mut records.dial_timeout, line, cx)
        })
        .unbuilt(),
        Entry::<AddressRecords>::last(
            "dial_fallback_delay",
            one(FALLBACK_DELAY),
            |records, line, cx| set(&mut records.dial_fallback_delay, line, cx),
        )
        .unbuilt(),
        Entry::<AddressRecords>::many(
            "versions",
            Shape::arguments(1, 2, "versions ipv4|ipv6"),
            versions,
        )
        .unbuilt(),
    ]],
    other: None,
};

pub(in crate::directives) const SERVICES: Grammar<ServiceRecords> = Grammar {
    vocabulary: Vocabulary::Subdirective("dynamic srv"),
    entries: &[&[
        Entry::<ServiceRecords>::many("service", one("service <service>"), |records, line, cx| {
            set_once(&mut records.service, line, cx)
        })
        .unbuilt(),
        Entry::<ServiceRecords>::many("proto", one("proto <protocol>"), |records, line, cx| {
            set_once(&mut records.proto, line, cx)
        })
        .unbuilt(),
        Entry::<ServiceRecords>::many("name", one("name <name>"), |records, line, cx| {
            set_once(&mut records.name, line, cx)
        })
        .unbuilt(),
        Entry::<ServiceRecords>::last("refresh", one(REFRESH), |records, line, cx| {
            set(&mut records.refresh, line, cx)
        })
        .unbuilt(),
        Entry::<ServiceRecords>::last("resolvers", RESOLVERS, |records, line, _| {
            records.resolver = Some(resolver(line));
            Ok(())
        })
        .unbuilt(),
        Entry::<ServiceRecords>::last("dial_timeout", one(DIAL_TIMEOUT), |records, line, cx| {
            set(&mut records.dial_timeout, line, cx)
        })
        .unbuilt(),
        Entry::<ServiceRecords>::last(
            "dial_fallback_delay",
            one(FALLBACK_DELAY),
            |records, line, cx| set(&mut records.dial_fallback_delay, line, cx),
        )
        .unbuilt(),
        Entry::<ServiceRecords>::last(
            "grace_period",
            one("grace_period <length of time>"),
            |records, line, cx| set(&mut records.grace_period, line, cx),
        )
        .unbuilt(),
    ]],
    other: None,
};

const REFRESH: &str = "refresh <length of time>";
const DIAL_TIMEOUT: &str = "dial_timeout <length of time>";
const FALLBACK_DELAY: &str = "dial_fallback_delay <length of time>";
const RESOLVERS: Shape = Shape::arguments(1, usize::MAX, "resolvers <addresses...>");

const fn one(usage: &'static str) -> Shape {
    Shape::arguments(1, 1, usage)
}

fn set(field: &mut Duration, line: &Line, cx: &mut Context) -> Parsed<()> {
    *field = duration(&line.arguments[0], cx)?;
    Ok(())
}

/// Sets a text that may be given on the first line as well, but not twice.
fn set_once(field: &mut String, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !field.is_empty() {
        let message = format!("`{}` is given twice", line.name.text);
        return Err(cx.fail(
            line.name,
            codes::DUPLICATE_SETTING,
            message,
            "keep one of the two",
        ));
    }
    line.text(0).clone_into(field);
    Ok(())
}

fn resolver(line: &Line) -> Resolver {
    Resolver {
        addresses: line.texts(),
    }
}

fn versions(records: &mut AddressRecords, line: &Line, cx: &mut Context) -> Parsed<()> {
    let versions = records.versions.get_or_insert_default();
    for token in line.arguments {
        match token.text.as_str() {
            "ipv4" => versions.ipv4 = Some(true),
            "ipv6" => versions.ipv6 = Some(true),
            _ => return Err(bad_version(token, cx)),
        }
    }
    Ok(())
}

fn bad_version(token: &Token, cx: &mut Context) -> crate::context::Reported {
    let message = format!("`{}` is no kind of addresses", token.text);
    let help = suggest(&token.text, ["ipv4", "ipv6"], "write `ipv4` or `ipv6`");
    cx.fail(token, codes::BAD_VALUE, message, help)
}
