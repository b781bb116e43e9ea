//! One automation policy while it is built.

use zs_diagnostics::codes;

use super::{TlsDirective, acme, names};
use crate::context::{Context, Parsed};
use crate::model::{AutomationPolicy, InternalIssuer, Issuer};
use crate::options::Options;

/// A policy that is being built.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policy {
    /// What it is so far.
    pub(super) model: AutomationPolicy,
    /// Its issuer was derived from its names and is not to be touched by global options.
    pub(super) derived_issuer: bool,
    /// Its issuers are in this list, which other policies use too.
    pub(super) shared: Option<SharedIssuers>,
}

/// Names a list of issuers that several policies share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharedIssuers(pub(super) usize);

impl SharedIssuers {
    /// The issuers of the global option `cert_issuer`.
    const GLOBAL: SharedIssuers = SharedIssuers(0);
}

/// The issuers that the global options name, with what the options say about ACME.
pub(super) fn global_issuers(cx: &mut Context) -> Parsed<Vec<Issuer>> {
    if let Some(token) = cx.options.cert_issuer_token.clone()
        && cx.options.local_certs
    {
        let message = "`cert_issuer` and `local_certs` contradict each other";
        let help = "`local_certs` is the same as `cert_issuer internal`; keep one of the two";
        return Err(cx.fail(&token, codes::CONFLICT, message, help));
    }
    let mut issuers = cx.options.cert_issuers.clone();
    if has_acme_defaults(&cx.options) {
        issuers
            .iter_mut()
            .for_each(|issuer| acme::fill_in(issuer, &cx.options));
    }
    Ok(issuers)
}

/// Whether the options say anything about ACME besides the contact.
fn has_acme_defaults(options: &Options) -> bool {
    options.acme_ca.is_some()
        || options.acme_ca_root.is_some()
        || options.acme_eab.is_some()
        || options.preferred_chains.is_some()
        || options.acme_dns.is_some()
}

impl Policy {
    /// The policy that the global options ask for, if they ask for any.
    pub(super) fn base(options: &Options) -> Option<Self> {
        let shared = Some(SharedIssuers::GLOBAL).filter(|_| !options.cert_issuers.is_empty());
        let asked_for = shared.is_some()
            || options.local_certs
            || options.key_type.is_some()
            || options.ocsp_stapling_off
            || options.renewal_window_ratio != 0.0
            || has_acme_defaults(options);
        let issuers = if options.local_certs {
            vec![Issuer::Internal(InternalIssuer::default())]
        } else {
            Vec::new()
        };
        asked_for.then(|| Policy {
            model: AutomationPolicy {
                issuers,
                key_type: options.key_type.clone().unwrap_or_default(),
                renewal_window_ratio: options.renewal_window_ratio,
                disable_ocsp_stapling: options.ocsp_stapling_off,
                ..AutomationPolicy::default()
            },
            derived_issuer: false,
            shared,
        })
    }

    /// A policy for internal names, whatever the options say.
    pub(super) fn internal(subjects: Vec<String>) -> Self {
        let issuers = vec![Issuer::Internal(InternalIssuer::default())];
        Policy {
            model: AutomationPolicy {
                subjects,
                issuers,
                ..AutomationPolicy::default()
            },
            derived_issuer: true,
            shared: None,
        }
    }

    /// Adds what the `tls` directives of a site say besides issuers. Of several kinds of keys the first counts.
    pub(super) fn add_settings(&mut self, directives: &[TlsDirective], options: &Options) {
        let model = &mut self.model;
        for tls in directives {
            model.on_demand |= tls.on_demand;
            model.reuse_private_keys |= tls.reuse_private_keys;
            model.managers.extend(tls.managers.iter().cloned());
        }
        if let Some(key_type) = directives.iter().find_map(|tls| tls.key_type.clone()) {
            model.key_type = key_type;
        }
        let mut ratios = directives.iter().filter_map(|tls| tls.renewal_window_ratio);
        if let Some(ratio) = ratios.next() {
            model.renewal_window_ratio = ratio;
        } else if options.renewal_window_ratio != 0.0 {
            model.renewal_window_ratio = options.renewal_window_ratio;
        }
    }

    /// Gives a policy for public names issuers when the options say something about them, and puts that into all ACME
    /// issuers.
    pub(super) fn fill_in(&mut self, cx: &mut Context) -> Parsed<()> {
        let options = &cx.options;
        let model = &mut self.model;
        let public = |name: &String| {
            names::qualifies_for_public(name, model.on_demand) && !names::is_tailscale(name)
        };
        let has_defaults = options.email.is_some() || has_acme_defaults(options);
        if has_defaults && model.issuers.is_empty() && model.subjects.iter().all(public) {
            // One authority was chosen, so there is no second one to fall back to.
            model.issuers = if options.acme_ca.is_some() {
                vec![Issuer::Acme(Box::default())]
            } else {
                acme::default_issuers(options.email.as_deref().unwrap_or_default())
            };
        }
        if self.derived_issuer {
            return Ok(());
        }
        for issuer in &mut model.issuers {
            if let (Issuer::Acme(_), Some(token)) = (&issuer, cx.options.acme_dns.clone()) {
                let message = "`acme_dns` names no DNS provider, and neither does the option `dns`";
                let help = "DNS providers are plugins, which cannot be built in; remove the line";
                return Err(cx.fail(&token, codes::WRONG_ARGUMENTS, message, help));
            }
            acme::fill_in(issuer, &cx.options);
        }
        Ok(())
    }
}
