//! `http_port`, `https_port`, `default_bind`, `auto_https`

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed, suggest};
use crate::directives::Bind;
use crate::spec::{Block, Entry, Line, Shape};
use crate::values::number::port;

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::last(
        "http_port",
        Shape::arguments(1, 1, "http_port <port>"),
        |options, line, cx| {
            options.http_port = Some(port(&line.arguments[0], cx)?);
            Ok(())
        },
    ),
    Entry::last(
        "https_port",
        Shape::arguments(1, 1, "https_port <port>"),
        |options, line, cx| {
            options.https_port = Some(port(&line.arguments[0], cx)?);
            Ok(())
        },
    ),
    Entry::many(
        "default_bind",
        Shape::with_block(0, usize::MAX, Block::Maybe, "default_bind <addresses...>"),
        default_bind,
    ),
    Entry::last(
        "auto_https",
        Shape::arguments(
            1,
            4,
            "auto_https off|disable_redirects|disable_certs|ignore_loaded_certs",
        ),
        auto_https,
    ),
];

fn default_bind(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut bind = Bind::parse(line, cx)?;
    if bind.addresses.is_empty() {
        let mut every = line.name.clone();
        every.text.clear();
        bind.addresses.push(every);
    }
    options.default_bind.push(bind);
    Ok(())
}

fn auto_https(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    const WORDS: &[&str] = &[
        "off",
        "disable_redirects",
        "disable_certs",
        "ignore_loaded_certs",
    ];
    for token in line.arguments {
        if !WORDS.contains(&token.text.as_str()) {
            let help = suggest(
                &token.text,
                WORDS.iter().copied(),
                &format!("one of {}", WORDS.join(", ")),
            );
            return Err(cx.fail(
                token,
                codes::BAD_VALUE,
                format!("`auto_https` knows no `{}`", token.text),
                help,
            ));
        }
    }
    options.auto_https = line.texts();
    Ok(())
}
