//! How certificates and the storage are looked after: `ocsp_stapling`, `ocsp_interval`, `renew_interval`,
//! `renewal_window_ratio`, `storage_check`, `storage_clean_interval`, `tls_resolvers`.

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::Duration;
use crate::spec::{Entry, Line, Shape, value_word};
use crate::values::duration::duration;
use crate::values::number::ratio;

/// How often the storage is cleaned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum StorageClean {
    /// Never.
    Off,
    /// Once in this time.
    Every(Duration),
}

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::with_status(
        Entry::last(
            "ocsp_stapling",
            Shape::arguments(1, 1, "ocsp_stapling off"),
            |options, line, cx| {
                only_off(line, cx)?;
                options.ocsp_stapling_off = true;
                Ok(())
            },
        ),
        differences::OCSP,
    ),
    Entry::with_status(
        value_word!("ocsp_interval", "<length of time>", duration => ocsp_interval),
        differences::OCSP,
    ),
    Entry::with_status(
        value_word!("renew_interval", "<length of time>", duration => renew_interval),
        differences::RENEW_INTERVAL,
    ),
    Entry::with_status(
        value_word!("renewal_window_ratio", "<fraction>", ratio => renewal_window_ratio),
        differences::RENEWAL,
    ),
    Entry::with_status(
        Entry::last(
            "storage_check",
            Shape::arguments(1, 1, "storage_check off"),
            |options, line, cx| {
                only_off(line, cx)?;
                options.storage_check_off = true;
                Ok(())
            },
        ),
        differences::STORAGE_CARE,
    ),
    Entry::with_status(
        Entry::last(
            "storage_clean_interval",
            Shape::arguments(1, 1, "storage_clean_interval off|<length of time>"),
            |options, line, cx| {
                options.storage_clean = Some(match line.text(0) {
                    "off" => StorageClean::Off,
                    _ => StorageClean::Every(duration(&line.arguments[0], cx)?),
                });
                Ok(())
            },
        ),
        differences::STORAGE_CARE,
    ),
    Entry::with_status(
        Entry::last(
            "tls_resolvers",
            Shape::arguments(1, usize::MAX, "tls_resolvers <name servers...>"),
            |options, line, _| {
                options.tls_resolvers = line.texts();
                Ok(())
            },
        ),
        differences::ACME,
    ),
];

/// Refuses any value but `off`.
pub(super) fn only_off(line: &Line, cx: &mut Context) -> Parsed<()> {
    if line.text(0) == "off" {
        return Ok(());
    }
    let message = format!("`{}` cannot be `{}`", line.name.text, line.text(0));
    let help = "the only value is `off`";
    Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help))
}
