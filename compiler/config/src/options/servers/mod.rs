//! `servers [<listener address>] { ... }`: settings of the servers that listen on an address, or of all others.

mod apply;
mod timeouts;
mod wrappers;

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Options;
use crate::context::{Context, Parsed, suggest};
use crate::differences;
use crate::model::{IpSource, Metrics, Server, StaticIpRanges};
use crate::plugins;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, flag_word, value_word};
use crate::values::duration::duration;
use crate::values::ip::ranges;
use crate::values::number::integer;
use crate::values::size::signed_size;

pub(crate) use self::apply::apply;
pub(crate) use self::timeouts::GRAMMAR as TIMEOUTS;
pub(crate) use self::wrappers::WRAPPERS;

/// What one `servers` block says.
#[derive(Clone, Debug)]
pub(crate) struct ServerOptions {
    /// The word `servers`.
    token: Token,
    /// For the servers that listen on this address; for all others when empty.
    listener: String,
    /// The new name of such a server.
    name: String,
    /// The settings; what comes from sites is empty here.
    settings: Server,
    /// What is counted.
    metrics: Option<Metrics>,
    log_credentials: bool,
    trace: bool,
}

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::many(
    "servers",
    Shape::with_block(0, 1, Block::Maybe, "servers [<listener address>] { ... }"),
    servers,
)];

pub(crate) const GRAMMAR: Grammar<ServerOptions> = Grammar {
    vocabulary: Vocabulary::Subdirective("servers"),
    entries: &[
        NAMES,
        timeouts::ENTRIES,
        wrappers::ENTRIES,
        CONNECTIONS,
        CLIENTS,
        OBSERVING,
    ],
    other: None,
};

const NAMES: &[Entry<ServerOptions>] = &[Entry::last(
    "name",
    Shape::arguments(1, 1, "name <name>"),
    name,
)];

const CONNECTIONS: &[Entry<ServerOptions>] = &[
    value_word!("keepalive_interval", "<length of time>", duration => settings.keepalive_interval),
    value_word!("keepalive_idle", "<length of time>", duration => settings.keepalive_idle),
    value_word!("keepalive_count", "<number>", integer => settings.keepalive_count),
    value_word!("max_header_size", "<size>", signed_size => settings.max_header_bytes),
    flag_word!("enable_full_duplex" => settings.enable_full_duplex),
    Entry::many(
        "protocols",
        Shape::arguments(0, usize::MAX, "protocols h1|h2|h2c|h3 ..."),
        protocols,
    ),
    Entry::last(
        "strict_sni_host",
        Shape::arguments(0, 1, "strict_sni_host [on|insecure_off]"),
        strict_sni_host,
    ),
    Entry::last("0rtt", Shape::arguments(1, 1, "0rtt off"), early_data),
];

const CLIENTS: &[Entry<ServerOptions>] = &[
    Entry::last(
        "trusted_proxies",
        Shape::with_block(
            1,
            usize::MAX,
            Block::Maybe,
            "trusted_proxies static <ranges...>",
        ),
        trusted_proxies,
    ),
    Entry::many(
        "trusted_proxies_strict",
        Shape::arguments(0, 0, "trusted_proxies_strict"),
        |options, _, _| {
            options.settings.trusted_proxies_strict = 1;
            Ok(())
        },
    ),
    flag_word!("trusted_proxies_unix" => settings.trusted_proxies_unix),
    Entry::many(
        "client_ip_headers",
        Shape::arguments(0, usize::MAX, "client_ip_headers <fields...>"),
        client_ip_headers,
    ),
    Entry::unbuilt(Entry::last(
        "expected_underscore_headers",
        Shape::arguments(1, usize::MAX, "expected_underscore_headers <fields...>"),
        |options, line, _| {
            options.settings.expected_underscore_headers = line.texts();
            Ok(())
        },
    )),
    Entry::unbuilt(Entry::last(
        "expected_dot_headers",
        Shape::arguments(1, usize::MAX, "expected_dot_headers <fields...>"),
        |options, line, _| {
            options.settings.expected_dot_headers = line.texts();
            Ok(())
        },
    )),
];

const OBSERVING: &[Entry<ServerOptions>] = &[
    Entry::unbuilt(flag_word!("log_credentials" => log_credentials)),
    Entry::with_status(flag_word!("trace" => trace), differences::TRACE),
    Entry::with_status(
        Entry::last(
            "metrics",
            Shape::with_block(0, usize::MAX, Block::Maybe, "metrics { per_host }"),
            |options, line, cx| {
                let mut metrics = Metrics::default();
                SERVER_METRICS.apply_all(line.lines(), &mut metrics, cx)?;
                let message = "`metrics` inside `servers` is deprecated";
                let help = "use the global option `metrics`";
                cx.warn(line.name, codes::DEPRECATED, message, help);
                options.metrics = Some(metrics);
                Ok(())
            },
        ),
        differences::METRICS,
    ),
];

const SERVER_METRICS: Grammar<Metrics> = Grammar {
    vocabulary: Vocabulary::Subdirective("metrics"),
    entries: &[&[flag_word!("per_host" => per_host)]],
    other: None,
};

fn servers(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let listener = line.text(0);
    if options
        .servers
        .iter()
        .any(|other| other.listener == listener)
    {
        let message = match listener {
            "" => "two `servers` blocks are for all servers".to_owned(),
            _ => format!("two `servers` blocks are for `{listener}`"),
        };
        return Err(cx.fail(line.name, codes::CONFLICT, message, "join the two blocks"));
    }
    let mut servers = ServerOptions {
        token: line.name.clone(),
        listener: listener.to_owned(),
        name: String::new(),
        settings: Server::default(),
        metrics: None,
        log_credentials: false,
        trace: false,
    };
    GRAMMAR.apply_all(line.lines(), &mut servers, cx)?;
    options.servers.push(servers);
    Ok(())
}

fn name(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    if options.listener.is_empty() {
        let message = "a name needs the address of its server";
        let help = format!(
            "write `servers <listener address> {{ name {} }}`",
            line.text(0)
        );
        return Err(cx.fail(line.name, codes::BAD_VALUE, message, help));
    }
    line.text(0).clone_into(&mut options.name);
    Ok(())
}

fn protocols(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    const PROTOCOLS: &[&str] = &["h1", "h2", "h2c", "h3"];
    let known = &mut options.settings.protocols;
    for token in line.arguments {
        let protocol = token.text.as_str();
        if !PROTOCOLS.contains(&protocol) {
            let help = suggest(
                protocol,
                PROTOCOLS.iter().copied(),
                "one of h1, h2, h2c, h3",
            );
            let message = format!("`{protocol}` is no protocol");
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
        if known.iter().any(|other| other == protocol) {
            let message = format!("`{protocol}` stands here twice");
            return Err(cx.fail(
                token,
                codes::DUPLICATE_SETTING,
                message,
                "remove one of them",
            ));
        }
        known.push(protocol.to_owned());
    }
    let has = |name: &str| known.iter().any(|other| other == name);
    if has("h2c") || !(known.is_empty() || has("h1")) {
        let message = "a server without HTTP/1.1, or with HTTP/2 without TLS, is not supported yet";
        let help = "write `protocols h1`";
        cx.refuse_building(line.name, codes::UNSUPPORTED_SUBDIRECTIVE, message, help);
    } else if has("h2") || has("h3") {
        let code = codes::UNSUPPORTED_SUBDIRECTIVE;
        cx.tell(line.name, code, "this", differences::PROTOCOLS);
    }
    Ok(())
}

fn strict_sni_host(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    let strict = match line.text(0) {
        "" | "on" => true,
        "insecure_off" => false,
        other => {
            let message = format!("`strict_sni_host` knows no `{other}`");
            let help = "write `on` or `insecure_off`";
            return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
        }
    };
    options.settings.strict_sni_host = Some(strict);
    Ok(())
}

fn early_data(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    if line.text(0) != "off" {
        let message = format!("`0rtt` cannot be `{}`", line.text(0));
        let help = "the only value is `off`";
        return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
    }
    options.settings.allow_0rtt = Some(false);
    Ok(())
}

fn trusted_proxies(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    let source = line.inner();
    if source.name.text != "static" {
        return Err(plugins::refuse(source.name, "source of addresses", cx));
    }
    Shape::arguments(0, usize::MAX, "trusted_proxies static <ranges...>").check(&source, cx)?;
    let ranges = ranges(source.arguments, cx)?;
    options.settings.trusted_proxies = Some(IpSource::Static(StaticIpRanges { ranges }));
    Ok(())
}

fn client_ip_headers(options: &mut ServerOptions, line: &Line, cx: &mut Context) -> Parsed<()> {
    for token in line.arguments {
        let fields = &mut options.settings.client_ip_headers;
        if fields.contains(&token.text) {
            let message = format!("`{}` stands here twice", token.text);
            return Err(cx.fail(
                token,
                codes::DUPLICATE_SETTING,
                message,
                "remove one of them",
            ));
        }
        fields.push(token.text.clone());
    }
    Ok(())
}
