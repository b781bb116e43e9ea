//! Block tree to typed configuration, the Caddy JSON model.
//!
//! Comes in: a [`zs_syntax::Tree`]. Goes out: a [`model::Config`], or diagnostics. Three steps: `options` and
//! `directives` say what each word means and give routes and settings per site; `assemble` sorts and groups routes and
//! puts sites on servers; `tls` derives certificates and connection policies. The rules are those of Caddy's
//! `httpcaddyfile` adapter. Left out on purpose: what only a running server can know. Of
//! files' contents only client certificates are looked at, where Caddy's adapter does so too.

#![forbid(unsafe_code)]

mod assemble;
mod context;
mod differences;
mod directives;
mod json;
mod lint;
mod logging;
mod matchers;
pub mod model;
mod options;
mod plugins;
mod shorthand;
mod site_files;
mod spec;
mod support;
mod third_party;
mod tls;
mod values;

use zs_diagnostics::Sink;
use zs_syntax::{Host, SystemHost, Tree};

pub use context::Purpose;
pub use json::{Places, from_json};
pub use lint::lint;
pub use shorthand::placeholder_names;
pub use support::{Kind, Status, SupportRow, support_table};

/// Turns a tree into a configuration. All errors that can be found in one go are reported; none is returned then.
#[must_use]
pub fn adapt(tree: &Tree, purpose: Purpose, sink: &mut Sink) -> Option<model::Config> {
    adapt_with(tree, purpose, &SystemHost, sink)
}

/// The same, with another source of the few files whose contents stand in the configuration.
#[must_use]
pub fn adapt_with(
    tree: &Tree,
    purpose: Purpose,
    host: &dyn Host,
    sink: &mut Sink,
) -> Option<model::Config> {
    let errors_before = sink.error_count();
    let config = assemble::config(tree, purpose, host, sink);
    if sink.error_count() > errors_before {
        None
    } else {
        config.ok()
    }
}
