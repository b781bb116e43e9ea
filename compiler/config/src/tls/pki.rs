//! The local certificate authority.

use crate::context::Context;
use crate::model::{CertificateAuthority, PkiApp};

/// The authority, as far as the options say anything about it.
pub(crate) fn app(cx: &Context) -> Option<PkiApp> {
    let options = &cx.options;
    if !options.skip_install_trust || options.auto_https_has("off") {
        return None;
    }
    let local = CertificateAuthority {
        install_trust: Some(false),
    };
    Some(PkiApp {
        certificate_authorities: [("local".to_owned(), local)].into(),
    })
}
