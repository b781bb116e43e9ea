//! The local certificate authorities.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::model::{CertificateAuthority, PkiApp};
use crate::options::pki::LOCAL;

/// The authorities of the global options and of `acme_server` directives. Where there are none, only the options can be a
/// reason to say anything about the default one.
pub(crate) fn app(cx: &Context) -> Option<PkiApp> {
    let options = &cx.options;
    let mut authorities: BTreeMap<String, CertificateAuthority> = options.authorities.clone();
    for name in &cx.acme_authorities {
        authorities.entry(name.clone()).or_default();
    }
    let automatic = options.skip_install_trust && !options.auto_https_has("off");
    if authorities.is_empty() && automatic {
        authorities.insert(LOCAL.to_owned(), CertificateAuthority::default());
    }
    if options.skip_install_trust {
        for authority in authorities.values_mut() {
            authority.install_trust = Some(false);
        }
    }
    Some(PkiApp {
        certificate_authorities: authorities,
    })
    .filter(|app| !app.certificate_authorities.is_empty())
}
