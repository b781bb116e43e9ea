//! Modules that no Caddy has without a plugin.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Reported};
use crate::third_party::{self, Place};

/// Refuses a module of a kind of which Caddy has none, or none of that name, by itself. Well-known ones are named.
pub(crate) fn refuse(token: &Token, kind: &str, cx: &mut Context) -> Reported {
    let known = Place::named(kind).and_then(|place| third_party::explain(place, token, cx));
    if let Some(reported) = known {
        return reported;
    }
    let message = format!("{kind} `{}` is no part of Caddy itself", token.text);
    let help = "it needs a plugin, and plugins for Caddy cannot be built in; serve this with a Caddy that has it";
    cx.fail(token, codes::UNSUPPORTED, message, help)
}
