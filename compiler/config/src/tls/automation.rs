//! How certificates are obtained: one policy per site, joined where they are the same.

use std::collections::{BTreeMap, BTreeSet};

use zs_diagnostics::{Diagnostic, codes};

use super::consolidate::consolidate;
use super::issuers::acme::challenges;
use super::names;
use super::policy::{self, Policy, SharedIssuers};
use crate::assemble::server::uses_other_port;
use crate::assemble::site::Site;
use crate::assemble::{Pairing, SitePart};
use crate::context::{Context, Parsed};
use crate::model::{
    CertificateFiles, Certificates, Duration, EncryptedClientHello, InternalIssuer, Issuer, TlsApp,
    TlsAutomation,
};
use crate::options::Options;
use crate::options::maintenance::StorageClean;

/// Names a policy. The one for all names may belong to several sites, so policies are shared by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PolicyId(usize);

#[derive(Default)]
struct Builder {
    policies: Vec<Policy>,
    /// The policies in the order in which they are added; one may stand here twice.
    list: Vec<PolicyId>,
    catch_all: Option<PolicyId>,
    /// Lists of issuers that several policies share, so that what one site adds to them shows in all: first that of the
    /// global option `cert_issuer`, then those of sites.
    shared: Vec<Vec<Issuer>>,
    /// The shared list of each site that has issuers.
    of_site: BTreeMap<usize, SharedIssuers>,
    files: Vec<CertificateFiles>,
    folders: Vec<String>,
    forced: BTreeSet<String>,
}

/// Builds the TLS application, if there is anything to say.
pub(crate) fn app(
    pairings: &[Pairing],
    sites: &[Site],
    cx: &mut Context,
) -> Parsed<Option<TlsApp>> {
    let mut builder = Builder {
        shared: vec![policy::global_issuers(cx)?],
        ..Builder::default()
    };
    if let Some(policy) = Policy::base(&cx.options) {
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
    builder.add_shown_names(&cx.options);
    let automate = builder.automate(pairings, sites, &cx.options);
    let automation = builder.finish(cx)?;
    if let Some(automation) = &automation {
        check_overlap(automation, sites, cx)?;
    }
    let options = &cx.options;
    let app = TlsApp {
        certificates: Certificates {
            automate: automate.into_iter().collect(),
            load_files: builder.files,
            load_folders: builder.folders,
        },
        automation,
        disable_ocsp_stapling: options.ocsp_stapling_off,
        disable_storage_check: options.storage_check_off,
        disable_storage_clean: options.storage_clean == Some(StorageClean::Off),
        encrypted_client_hello: (!options.ech.is_empty()).then(|| EncryptedClientHello {
            configs: options.ech.clone(),
        }),
        resolvers: options.tls_resolvers.clone(),
    };
    Ok(Some(app).filter(|app| *app != TlsApp::default()))
}

impl Builder {
    fn add(&mut self, policy: Policy) -> PolicyId {
        self.policies.push(policy);
        PolicyId(self.policies.len() - 1)
    }

    /// The names that get certificates although no route's host says so: those that share a site with an address for all
    /// hosts, and those that are asked for by `force_automate`.
    fn automate(
        &mut self,
        pairings: &[Pairing],
        sites: &[Site],
        options: &Options,
    ) -> BTreeSet<String> {
        let mut automate = std::mem::take(&mut self.forced);
        let mut internal = BTreeSet::new();
        if !options.auto_https_has("off") && !options.auto_https_has("disable_certs") {
            let beside = hosts_beside_catch_all(pairings, sites, options);
            let beside_internal = beside.iter().filter(|host| !names::is_public(host));
            internal.extend(beside_internal.cloned());
            automate.extend(beside);
        }
        let mut public = Vec::new();
        for name in &options.automate_names {
            if !automate.insert(name.clone()) || self.names(|subject| subject == name) {
                continue;
            }
            if names::is_public(name) {
                public.push(name.clone());
            } else {
                internal.insert(name.clone());
            }
        }
        let base = Policy::base(options);
        let wanted = base.is_some() || options.email.is_some();
        if !public.is_empty() && wanted {
            let mut policy = base.unwrap_or_default();
            policy.model.subjects = public;
            self.push(policy);
        }
        if !internal.is_empty() {
            self.push(Policy::internal(internal.into_iter().collect()));
        }
        automate
    }

    /// Adds a policy at the end of the list.
    fn push(&mut self, policy: Policy) {
        let id = self.add(policy);
        self.list.push(id);
    }

    /// Whether any policy names a subject of some kind.
    fn names(&self, mut kind: impl FnMut(&String) -> bool) -> bool {
        let mut listed = self.list.iter().map(|id| &self.policies[id.0]);
        listed.any(|policy| policy.model.subjects.iter().any(&mut kind))
    }

    /// The names that are shown instead of hidden ones need certificates too, unless a site has them anyway.
    fn add_shown_names(&mut self, options: &Options) {
        let shown = options.ech.iter().map(|name| name.public_name.clone());
        let missing: Vec<String> = shown
            .filter(|name| {
                let plain = name.trim();
                !name.is_empty() && !self.names(|subject| names::matches_wildcard(plain, subject))
            })
            .collect();
        if !missing.is_empty() {
            let mut policy = Policy::base(options).unwrap_or_default();
            policy.model.subjects = missing;
            self.push(policy);
        }
    }

    /// The issuers of a policy.
    fn issuers(&mut self, id: PolicyId) -> &mut Vec<Issuer> {
        let policy = &mut self.policies[id.0];
        match policy.shared {
            Some(SharedIssuers(list)) => &mut self.shared[list],
            None => &mut policy.model.issuers,
        }
    }

    /// The issuers of a site, which all policies of the site share.
    fn site_issuers(&mut self, number: usize, site: &Site) -> Option<SharedIssuers> {
        if let Some(list) = self.of_site.get(&number) {
            return Some(*list);
        }
        let own = site.tls.iter().flat_map(|tls| tls.issuers.iter().cloned());
        let own: Vec<Issuer> = own.collect();
        if own.is_empty() {
            return None;
        }
        let list = SharedIssuers(self.shared.len());
        self.shared.push(own);
        self.of_site.insert(number, list);
        Some(list)
    }

    /// Adds the policy of a site, or of those of its keys that are served together.
    fn add_part(&mut self, part: &SitePart, sites: &[Site], cx: &mut Context) -> Parsed<()> {
        let site = &sites[part.site];
        let hosts = part.hosts(sites);
        let id = match self.catch_all {
            Some(id) if hosts.is_empty() => id,
            _ => self.add(Policy::base(&cx.options).unwrap_or_default()),
        };
        self.policies[id.0].add_settings(&site.tls, &cx.options);
        if site.tls.iter().any(|tls| tls.force_automate) {
            self.forced.extend(hosts.iter().cloned());
        }
        self.add_issuers(id, part, sites, cx)?;
        if hosts.is_empty() && self.catch_all.is_none() {
            self.catch_all = Some(id);
        }
        let subjects = subjects(part, sites, &cx.options);
        self.policies[id.0].model.subjects.clone_from(&subjects);
        let internal = if self.issuers(id).is_empty() {
            self.split(id, &subjects, part, sites, cx)?
        } else {
            None
        };
        self.list.push(id);
        self.list.extend(internal);
        for tls in &site.tls {
            self.files.extend(tls.files.iter().cloned());
            self.folders.extend(tls.folders.iter().cloned());
        }
        Ok(())
    }

    /// Gives a policy the issuers of a site, and lets them answer challenges where the site listens.
    fn add_issuers(
        &mut self,
        id: PolicyId,
        part: &SitePart,
        sites: &[Site],
        cx: &mut Context,
    ) -> Parsed<()> {
        let site = &sites[part.site];
        if let Some(list) = self.site_issuers(part.site, site) {
            let contradicts =
                self.catch_all == Some(id) && self.issuers(id).clone() != self.shared[list.0];
            if contradicts
                && let Some(key) = part.keys(sites).find(|key| key.address.host.is_empty())
            {
                let message = "this site is for all hosts, and its issuer differs from that of the other such site";
                let help = "name the hosts, or say the same in both sites";
                return Err(cx.fail(&key.token, codes::CONFLICT, message, help));
            }
            self.policies[id.0].shared = Some(list);
        }
        for bind in &site.binds {
            for issuer in self.issuers(id) {
                bind_challenges(issuer, bind.host());
            }
        }
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
            let on_demand = self.policies[id.0].model.on_demand;
            let names = if names::qualifies_for_public(name, on_demand) {
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
    fn finish(&mut self, cx: &mut Context) -> Parsed<Option<TlsAutomation>> {
        for id in &self.list {
            let policy = &mut self.policies[id.0];
            if let Some(SharedIssuers(list)) = policy.shared.take() {
                policy.model.issuers.clone_from(&self.shared[list]);
            }
            policy.fill_in(cx)?;
        }
        let options = &cx.options;
        let policies = self.list.iter();
        let policies = policies.map(|id| self.policies[id.0].clone()).collect();
        let policies = consolidate(policies).into_iter();
        let automation = TlsAutomation {
            policies: policies.map(|policy| policy.model).collect(),
            on_demand: options.on_demand.clone(),
            ocsp_interval: options.ocsp_interval,
            renew_interval: options.renew_interval,
            storage_clean_interval: match options.storage_clean {
                Some(StorageClean::Every(time)) => time,
                Some(StorageClean::Off) | None => Duration::default(),
            },
        };
        Ok(Some(automation).filter(|automation| *automation != TlsAutomation::default()))
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

fn bind_challenges(issuer: &mut Issuer, host: &str) {
    if let Issuer::Acme(acme) = issuer {
        let challenges = challenges(acme);
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
