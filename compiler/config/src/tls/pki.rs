//! The local certificate authorities.

use std::collections::BTreeMap;

use crate::assemble::site::Site;
use crate::context::Context;
use crate::model::{CertificateAuthority, InternalIssuer, Issuer, PkiApp};
use crate::options::pki::LOCAL;

/// The authorities of the global options and of `acme_server` directives. Where roots are to stay out of the trust store,
/// also those that would come to be without being named.
pub(crate) fn app(sites: &[Site], cx: &Context) -> Option<PkiApp> {
    let options = &cx.options;
    let mut authorities: BTreeMap<String, CertificateAuthority> = options.authorities.clone();
    for name in &cx.acme_authorities {
        authorities.entry(name.clone()).or_default();
    }
    if options.skip_install_trust {
        if authorities.is_empty() && !options.auto_https_has("off") {
            authorities.entry(LOCAL.to_owned()).or_default();
        }
        let directives = sites.iter().flat_map(|site| &site.tls);
        for issuer in directives.flat_map(|tls| &tls.issuers) {
            if let Issuer::Internal(InternalIssuer { ca, .. }) = issuer {
                let name = if ca.is_empty() { LOCAL } else { ca };
                authorities.entry(name.to_owned()).or_default();
            }
        }
        for authority in authorities.values_mut() {
            authority.install_trust = Some(false);
        }
    }
    Some(PkiApp {
        certificate_authorities: authorities,
    })
    .filter(|app| !app.certificate_authorities.is_empty())
}
