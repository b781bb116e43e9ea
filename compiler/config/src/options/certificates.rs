//! `local_certs`, `skip_install_trust`, `key_type`, `default_sni`, `fallback_sni`

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed, suggest};
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::once(
        "local_certs",
        Shape::arguments(0, 0, "local_certs"),
        |options, _, _| {
            options.local_certs = true;
            Ok(())
        },
    ),
    Entry::once(
        "skip_install_trust",
        Shape::arguments(0, 0, "skip_install_trust"),
        |options, _, _| {
            options.skip_install_trust = true;
            Ok(())
        },
    ),
    Entry::once(
        "key_type",
        Shape::arguments(1, 1, "key_type ed25519|p256|p384|rsa2048|rsa4096"),
        key_type,
    ),
    Entry::once(
        "default_sni",
        Shape::arguments(1, 1, "default_sni <host>"),
        |options, line, _| {
            line.text(0).clone_into(&mut options.default_sni);
            Ok(())
        },
    ),
    Entry::once(
        "fallback_sni",
        Shape::arguments(1, 1, "fallback_sni <host>"),
        |options, line, _| {
            line.text(0).clone_into(&mut options.fallback_sni);
            Ok(())
        },
    ),
];

fn key_type(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    const KINDS: &[&str] = &["ed25519", "p256", "p384", "rsa2048", "rsa4096"];
    if !KINDS.contains(&line.text(0)) {
        let help = suggest(
            line.text(0),
            KINDS.iter().copied(),
            &format!("one of {}", KINDS.join(", ")),
        );
        return Err(cx.fail(
            &line.arguments[0],
            codes::BAD_VALUE,
            format!("`{}` is no kind of key", line.text(0)),
            help,
        ));
    }
    options.key_type = Some(line.text(0).to_owned());
    Ok(())
}
