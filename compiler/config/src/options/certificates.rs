//! `local_certs`, `skip_install_trust`, `key_type`, `default_sni`, `fallback_sni`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Options;
use crate::context::{Context, Parsed, suggest};
use crate::differences;
use crate::spec::{Entry, Shape, flag_word, list_word};
use crate::support::Status;

pub(super) const ENTRIES: &[Entry<Options>] = &[
    flag_word!("local_certs" => local_certs),
    Entry::unbuilt(list_word!("tls_automate_names", 1, "<names...>" => automate_names)),
    flag_word!("skip_install_trust" => skip_install_trust),
    Entry::last(
        "key_type",
        Shape::arguments(1, 1, "key_type ed25519|p256|p384|rsa2048|rsa4096"),
        |options, line, cx| {
            options.key_type = Some(key_type(&line.arguments[0], cx)?);
            Ok(())
        },
    ),
    Entry::<Options>::last(
        "default_sni",
        Shape::arguments(1, 1, "default_sni <host>"),
        |options, line, _| {
            line.text(0).clone_into(&mut options.default_sni);
            Ok(())
        },
    ),
    Entry::<Options>::last(
        "fallback_sni",
        Shape::arguments(1, 1, "fallback_sni <host>"),
        |options, line, _| {
            line.text(0).clone_into(&mut options.fallback_sni);
            Ok(())
        },
    ),
];

/// A kind of key.
pub(crate) fn key_type(token: &Token, cx: &mut Context) -> Parsed<String> {
    const KINDS: &[&str] = &["ed25519", "p256", "p384", "rsa2048", "rsa4096"];
    if KINDS.contains(&token.text.as_str()) {
        if token.text != "p256"
            && let Status::Differs(message) = differences::KEY_TYPE
        {
            let help = "give certificates of another kind with `tls <certificate> <key>`";
            cx.warn(token, codes::DIFFERENT, message, help);
        }
        return Ok(token.text.clone());
    }
    let otherwise = format!("one of {}", KINDS.join(", "));
    let help = suggest(&token.text, KINDS.iter().copied(), &otherwise);
    let message = format!("`{}` is no kind of key", token.text);
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}
