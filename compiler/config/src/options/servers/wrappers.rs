//! `listener_wrappers` and `packet_conn_wrappers` of a server.

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::ServerOptions;
use crate::context::{Context, Parsed, suggest};
use crate::model::{ListenerWrapper, ProxyProtocolPolicy, ProxyProtocolWrapper};
use crate::plugins;
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary, list_word, value_word};
use crate::values::duration::duration;

pub(super) const ENTRIES: &[Entry<ServerOptions>] = &[
    Entry::many(
        "listener_wrappers",
        Shape::with_block(0, 0, Block::Maybe, "listener_wrappers { ... }"),
        |options, line, cx| {
            let wrappers = &mut options.settings.listener_wrappers;
            WRAPPERS.apply_all(line.lines(), wrappers, cx)
        },
    ),
    Entry::many(
        "packet_conn_wrappers",
        Shape::with_block(0, 0, Block::Maybe, "packet_conn_wrappers { ... }"),
        |_, line, cx| match line.lines().first() {
            Some(wrapper) => {
                let kind = "wrapper of packet connections";
                Err(plugins::refuse(wrapper.name(), kind, cx))
            }
            None => Ok(()),
        },
    ),
];

pub(crate) const WRAPPERS: Grammar<Vec<ListenerWrapper>> = Grammar {
    vocabulary: Vocabulary::Module("listener wrapper"),
    entries: &[&[
        Entry::unbuilt(Entry::many("http_redirect", ALONE, |wrappers, _, _| {
            wrappers.push(ListenerWrapper::HttpRedirect);
            Ok(())
        })),
        Entry::unbuilt(Entry::many(
            "proxy_protocol",
            Shape::with_block(0, 0, Block::Maybe, "proxy_protocol { ... }"),
            |wrappers, line, cx| {
                let mut wrapper = ProxyProtocolWrapper::default();
                PROXY_PROTOCOL.apply_all(line.lines(), &mut wrapper, cx)?;
                wrappers.push(ListenerWrapper::ProxyProtocol(wrapper));
                Ok(())
            },
        )),
        Entry::many("tls", ALONE, |wrappers, _, _| {
            wrappers.push(ListenerWrapper::Tls);
            Ok(())
        }),
    ]],
    other: None,
};

const ALONE: Shape = Shape::arguments(0, 0, "http_redirect|tls");

const PROXY_PROTOCOL: Grammar<ProxyProtocolWrapper> = Grammar {
    vocabulary: Vocabulary::Subdirective("proxy_protocol"),
    entries: &[&[
        value_word!("timeout", "<length of time>", duration => timeout),
        list_word!("allow", 0, "<ranges...>" => allow),
        list_word!("deny", 0, "<ranges...>" => deny),
        value_word!("fallback_policy", "ignore|use|reject|require|skip", policy => fallback_policy),
    ]],
    other: None,
};

/// The policy for peers that no list names; `ignore`, which is what happens without any, is none.
fn policy(token: &Token, cx: &mut Context) -> Parsed<Option<ProxyProtocolPolicy>> {
    const POLICIES: &[&str] = &["ignore", "use", "reject", "require", "skip"];
    Ok(match token.text.to_lowercase().as_str() {
        "ignore" => None,
        "use" => Some(ProxyProtocolPolicy::Use),
        "reject" => Some(ProxyProtocolPolicy::Reject),
        "require" => Some(ProxyProtocolPolicy::Require),
        "skip" => Some(ProxyProtocolPolicy::Skip),
        other => {
            let help = suggest(
                other,
                POLICIES.iter().copied(),
                &format!("one of {}", POLICIES.join(", ")),
            );
            let message = format!("`{}` is no policy", token.text);
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
    })
}
