//! `email`, `acme_ca`, `acme_ca_root`

use zs_diagnostics::codes;

use super::Options;
use crate::context::Context;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::once(
        "email",
        Shape::arguments(1, 1, "email <address>"),
        |options, line, cx| {
            options.email = Some(account_value(line, cx));
            Ok(())
        },
    ),
    Entry::once(
        "acme_ca",
        Shape::arguments(1, 1, "acme_ca <directory URL>"),
        |options, line, cx| {
            options.acme_ca = Some(account_value(line, cx));
            Ok(())
        },
    ),
    Entry::once(
        "acme_ca_root",
        Shape::arguments(1, 1, "acme_ca_root <PEM file>"),
        |options, line, cx| {
            options.acme_ca_root = Some(account_value(line, cx));
            Ok(())
        },
    ),
];

fn account_value(line: &Line, cx: &mut Context) -> String {
    let message = format!(
        "`{}` has no effect yet, since a built server gets no certificates by ACME",
        line.name.text
    );
    let help = "give public sites a certificate with `tls <certificate> <key>`";
    cx.warn(line.name, codes::NO_EFFECT, message, help);
    line.text(0).to_owned()
}
