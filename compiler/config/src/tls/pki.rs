//! The local certificate authority.

use crate::assemble::site::Site;
use crate::context::Context;
use crate::model::{CertificateAuthority, Issuer, PkiApp};

/// The authority, as far as the options say anything about it. Without automatic HTTPS there is one only where a site asks
/// for it.
pub(crate) fn app(sites: &[Site], cx: &Context) -> Option<PkiApp> {
    let issuers = sites
        .iter()
        .flat_map(|site| &site.tls)
        .flat_map(|tls| &tls.issuers);
    let asked_for = issuers
        .into_iter()
        .any(|issuer| matches!(issuer, Issuer::Internal(_)));
    if !cx.options.skip_install_trust || (cx.options.auto_https_has("off") && !asked_for) {
        return None;
    }
    let local = CertificateAuthority {
        install_trust: Some(false),
    };
    Some(PkiApp {
        certificate_authorities: [("local".to_owned(), local)].into(),
    })
}
