//! How certificates are obtained: one policy per site, joined where they are the same.

use std::collections::BTreeSet;

use zs_diagnostics::{Diagnostic, codes};

use super::consolidate::consolidate;
use super::{acme, names};
use crate::assemble::server::uses_other_port;
use crate::assemble::site::Site;
use crate::assemble::{Pairing, SitePart};
use crate::context::{Context, Parsed};
use crate::model::{
    AcmeIssuer, AutomationPolicy, CertificateFiles, Certificates, InternalIssuer, Issuer, TlsApp,
    TlsAutomation,
};
use crate::options::Options;

/// A policy that is being built.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    /// What it is so far.
    pub(crate) model: AutomationPolicy,
    /// Its issuer was derived from its names and is not to be touched by global options.
    pub(crate) derived_issuer: bool,
}

/// Names a policy. The one for all names may belong to several sites, so policies are shared by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PolicyId(usize);

#[derive(Default)]
struct Builder {
    policies: Vec<Policy>,
    /// The policies in the order in which they are added; one may stand here twice.
    list: Vec<PolicyId>,
    catch_all: Option<PolicyId>,
    files: Vec<CertificateFiles>,
    forced: BTreeSet<String>,
}

/// Builds the TLS application, if there is anything to say.
pub(crate) fn app(
    pairings: &[Pairing],
    sites: &[Site],
    cx: &mut Context,
) -> Parsed<Option<TlsApp>> {
    let mut builder = Builder::default();
    if let Some(policy) = base_policy(&cx.options) {
        let id = builder.add(policy);
        builder.catch_all = Some(id);
        builder.list.push(id);
    }
    let http_port = cx.options.http_port();
    for pairing in pairings
        .iter()
        .filter(|pairing| uses_other_port(&pairing.listen, http_port))
    {
        for part in &pairing.parts {
            if part.keys(sites).any(|key| !key.address.is_http()) {
                builder.add_part(part, sites, cx)?;
            }
        }
    }
    let shared = hosts_beside_catch_all(pairings, sites, &cx.options);
    let mut automate: Vec<String> = Vec::new();
    if !cx.options.auto_https_has("off") && !cx.options.auto_https_has("disable_certs") {
        let internal: Vec<String> = shared
            .iter()
            .filter(|host| !names::is_public(host))
            .cloned()
            .collect();
        automate.extend(shared);
        if !internal.is_empty() {
            let id = builder.add(internal_policy(internal));
            builder.list.push(id);
        }
    }
    let forced = std::mem::take(&mut builder.forced);
    automate.extend(
        forced
            .into_iter()
            .filter(|name| !automate.contains(name))
            .collect::<Vec<_>>(),
    );
    automate.sort();
    let automation = builder.finish(&cx.options);
    if let Some(automation) = &automation {
        check_overlap(automation, sites, cx)?;
    }
    let app = TlsApp {
        certificates: Certificates {
            automate,
            load_files: builder.files,
        },
        automation,
    };
    Ok(Some(app).filter(|app| *app != TlsApp::default()))
}

impl Builder {
    fn add(&mut self, policy: Policy) -> PolicyId {
        self.policies.push(policy);
        PolicyId(self.policies.len() - 1)
    }

    /// Adds the policy of a site, or of those of its keys that are served together.
    fn add_part(&mut self, part: &SitePart, sites: &[Site], cx: &mut Context) -> Parsed<()> {
        let site = &sites[part.site];
        let hosts = part.hosts(sites);
        let id = match self.catch_all {
            Some(id) if hosts.is_empty() => id,
            _ => self.add(base_policy(&cx.options).unwrap_or_default()),
        };
        let issuers: Vec<Issuer> = site
            .tls
            .iter()
            .flat_map(|tls| tls.issuers.iter().cloned())
            .collect();
        if site.tls.iter().any(|tls| tls.force_automate) {
            self.forced.extend(hosts.iter().cloned());
        }
        if !issuers.is_empty() {
            let shared = self.catch_all == Some(id) && self.policies[id.0].model.issuers != issuers;
            if shared && let Some(key) = part.keys(sites).find(|key| key.address.host.is_empty()) {
                let message = "this site is for all hosts, and its issuer differs from that of the other such site";
                let help = "name the hosts, or say the same in both sites";
                return Err(cx.fail(&key.token, codes::CONFLICT, message, help));
            }
            self.policies[id.0].model.issuers = issuers;
        }
        for bind in &site.binds {
            for issuer in &mut self.policies[id.0].model.issuers {
                bind_challenges(issuer, bind.host());
            }
        }
        if hosts.is_empty() && self.catch_all.is_none() {
            self.catch_all = Some(id);
        }
        let subjects = subjects(part, sites, &cx.options);
        self.policies[id.0].model.subjects.clone_from(&subjects);
        let internal = if self.policies[id.0].model.issuers.is_empty() {
            self.split(id, &subjects, part, sites, cx)?
        } else {
            None
        };
        self.list.push(id);
        self.list.extend(internal);
        self.files
            .extend(site.tls.iter().flat_map(|tls| tls.files.iter().cloned()));
        Ok(())
    }

    /// Public and internal names of one site get policies of their own, since different authorities sign for them.
    fn split(
        &mut self,
        id: PolicyId,
        subjects: &[String],
        part: &SitePart,
        sites: &[Site],
        cx: &mut Context,
    ) -> Parsed<Option<PolicyId>> {
        let (mut public, mut internal) = (Vec::new(), Vec::new());
        for name in subjects.iter().filter(|name| !names::is_tailscale(name)) {
            if !names::qualifies(name) {
                let message = format!("`{name}` cannot have a certificate");
                let help = "write `http://` before it to serve it without TLS, or a host name without placeholders";
                let token = part
                    .keys(sites)
                    .find(|key| key.address.host == *name)
                    .map(|key| key.token.clone());
                return Err(token.map_or(crate::context::Reported, |token| {
                    cx.fail(&token, codes::BAD_ADDRESS, message, help)
                }));
            }
            let names = if names::qualifies_for_public(name) {
                &mut public
            } else {
                &mut internal
            };
            names.push(name.clone());
        }
        if public.is_empty() || internal.is_empty() {
            return Ok(None);
        }
        self.policies[id.0].model.subjects = public;
        let mut other = self.policies[id.0].clone();
        other.model.subjects = internal;
        other.model.issuers = vec![Issuer::Internal(InternalIssuer::default())];
        other.derived_issuer = true;
        Ok(Some(self.add(other)))
    }

    /// Puts global options into the policies and joins them.
    fn finish(&mut self, options: &Options) -> Option<TlsAutomation> {
        for id in self.list.clone() {
            fill_in(&mut self.policies[id.0], options);
        }
        let policies = self
            .list
            .iter()
            .map(|id| self.policies[id.0].clone())
            .collect();
        let policies: Vec<AutomationPolicy> = consolidate(policies)
            .into_iter()
            .map(|policy| policy.model)
            .collect();
        Some(TlsAutomation { policies })
            .filter(|automation| *automation != TlsAutomation::default())
    }
}

/// Refuses two ways of getting a certificate for one name.
fn check_overlap(automation: &TlsAutomation, sites: &[Site], cx: &mut Context) -> Parsed<()> {
    let mut seen = BTreeSet::new();
    let Some(name) = automation
        .policies
        .iter()
        .flat_map(|policy| &policy.subjects)
        .find(|name| !seen.insert(*name))
    else {
        return Ok(());
    };
    let keys: Vec<_> = sites
        .iter()
        .flat_map(|site| &site.keys)
        .filter(|key| key.address.host == *name)
        .collect();
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
        return Ok(());
    };
    let message = format!("the certificate of `{name}` would be obtained in two ways");
    let mut diagnostic = Diagnostic::error(codes::CONFLICT, last.token.span, message);
    if keys.len() > 1 {
        diagnostic = diagnostic.secondary(first.token.span, "the other way is here");
    }
    let help = "say the same in the `tls` directives of all its sites, and keep it apart from addresses for all hosts";
    Err(cx.report(&last.token, diagnostic.help(help)))
}

/// The policy that the global options ask for, if they ask for any.
fn base_policy(options: &Options) -> Option<Policy> {
    let acme_defaults = options.acme_ca.is_some() || options.acme_ca_root.is_some();
    if !options.local_certs && options.key_type.is_none() && !acme_defaults {
        return None;
    }
    let issuers = if options.local_certs {
        vec![Issuer::Internal(InternalIssuer::default())]
    } else {
        Vec::new()
    };
    let key_type = options.key_type.clone().unwrap_or_default();
    Some(Policy {
        model: AutomationPolicy {
            issuers,
            key_type,
            ..AutomationPolicy::default()
        },
        derived_issuer: false,
    })
}

fn internal_policy(subjects: Vec<String>) -> Policy {
    let issuers = vec![Issuer::Internal(InternalIssuer::default())];
    Policy {
        model: AutomationPolicy {
            subjects,
            issuers,
            ..AutomationPolicy::default()
        },
        derived_issuer: true,
    }
}

fn bind_challenges(issuer: &mut Issuer, host: &str) {
    if let Issuer::Acme(acme) = issuer {
        let challenges = acme.challenges.get_or_insert_default();
        if challenges.bind_host.is_empty() {
            host.clone_into(&mut challenges.bind_host);
        }
    }
}

/// The hosts of a site that are served over TLS, in alphabetical order.
fn subjects(part: &SitePart, sites: &[Site], options: &Options) -> Vec<String> {
    let hosts: BTreeSet<&String> = part
        .keys(sites)
        .map(|key| &key.address)
        .filter(|address| {
            !address.host.is_empty()
                && !address.is_http()
                && address.port != Some(options.http_port())
        })
        .map(|address| &address.host)
        .collect();
    hosts.into_iter().cloned().collect()
}

/// Hosts that share a site with an address for all hosts: no route's matcher names them, so they must be named here.
fn hosts_beside_catch_all(
    pairings: &[Pairing],
    sites: &[Site],
    options: &Options,
) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    if options.auto_https_has("off") {
        return hosts;
    }
    for part in pairings.iter().flat_map(|pairing| &pairing.parts) {
        if part.keys(sites).any(|key| key.address.host.is_empty()) {
            hosts.extend(subjects(part, sites, options));
        }
    }
    hosts
}

/// Gives a policy for public names issuers when the options say something about them, and puts that into all ACME issuers.
fn fill_in(policy: &mut Policy, options: &Options) {
    let has_defaults =
        options.email.is_some() || options.acme_ca.is_some() || options.acme_ca_root.is_some();
    let model = &mut policy.model;
    let all_public = model
        .subjects
        .iter()
        .all(|name| names::qualifies_for_public(name) && !names::is_tailscale(name));
    if has_defaults && model.issuers.is_empty() && all_public {
        // One authority was chosen, so there is no second one to fall back to.
        model.issuers = if options.acme_ca.is_some() {
            vec![Issuer::Acme(AcmeIssuer::default())]
        } else {
            acme::default_issuers(options.email.as_deref().unwrap_or_default())
        };
    }
    if !policy.derived_issuer {
        model
            .issuers
            .iter_mut()
            .for_each(|issuer| acme::fill_in(issuer, options));
    }
}
