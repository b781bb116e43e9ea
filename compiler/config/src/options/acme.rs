//! `email`, `acme_ca`, `acme_ca_root`

use super::Options;
use crate::context::Context;
use crate::spec::{Entry, Line, Shape};
use crate::tls::acme;

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
    acme::warn_no_effect(line.name, cx);
    line.text(0).to_owned()
}
