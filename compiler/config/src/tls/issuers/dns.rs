//! The words about names that are proved by DNS records.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed, Reported};
use crate::model::{DnsChallenge, Duration};
use crate::plugins;
use crate::spec::{Entry, Line, Shape};
use crate::values::duration::duration;

/// Something that may have names proved by DNS records.
pub(crate) trait DnsProved {
    /// How they are, as a word says.
    fn dns(&mut self, word: &Token) -> &mut DnsChallenge;
}

/// The words that every such thing has.
pub(crate) const fn words<T: DnsProved>() -> [Entry<T>; 4] {
    [
        Entry::last(
            "propagation_delay",
            Shape::arguments(1, 1, "propagation_delay <length of time>"),
            |target, line, cx| {
                target.dns(line.name).propagation_delay = duration(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::last(
            "propagation_timeout",
            Shape::arguments(1, 1, "propagation_timeout <length of time>|-1"),
            |target, line, cx| {
                target.dns(line.name).propagation_timeout = limit(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::last(
            "resolvers",
            Shape::arguments(1, usize::MAX, "resolvers <name servers...>"),
            |target, line, _| {
                target.dns(line.name).resolvers = line.texts();
                Ok(())
            },
        ),
        Entry::last(
            "dns_ttl",
            Shape::arguments(1, 1, "dns_ttl <length of time>"),
            |target, line, cx| {
                target.dns(line.name).ttl = duration(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
    ]
}

/// The word for another name of the record.
pub(crate) const fn override_domain<T: DnsProved>() -> Entry<T> {
    Entry::last(
        "dns_challenge_override_domain",
        Shape::arguments(1, 1, "dns_challenge_override_domain <domain>"),
        |target, line, _| {
            line.text(0)
                .clone_into(&mut target.dns(line.name).override_domain);
            Ok(())
        },
    )
}

/// Refuses the DNS provider that a line names, or the line when it names none: every provider is a plugin.
pub(crate) fn refuse_provider(line: &Line, cx: &mut Context) -> Reported {
    match line.arguments.first() {
        Some(provider) => plugins::refuse(provider, "DNS provider", cx),
        None => {
            let message = format!("`{}` names no DNS provider", line.name.text);
            let help = "DNS providers are plugins, which cannot be built in; remove the line";
            cx.fail(line.name, codes::WRONG_ARGUMENTS, message, help)
        }
    }
}

/// A length of time; -1 turns the looks off.
fn limit(token: &Token, cx: &mut Context) -> Parsed<Duration> {
    if token.text == "-1" {
        Ok(Duration(-1))
    } else {
        duration(token, cx)
    }
}
