//! Handshakes: what the connection policies of a server say besides which
//! certificates there are.

use zs_abi::tables::{TLS12, TLS13};
use zs_config::model::{ConnectionPolicy, Server};

use super::provision::{PolicyPlan, covers};

/// What a handshake may come to; empty lists for the standard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handshake {
    /// `TLS12` and `TLS13` bits.
    pub versions: u32,
    /// Cipher suites of TLS 1.2, by their numbers.
    pub suites: Vec<u16>,
    /// Groups for the exchange of keys, by their numbers, the preferred first.
    pub groups: Vec<u16>,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            versions: TLS12 | TLS13,
            suites: Vec::new(),
            groups: Vec::new(),
        }
    }
}

impl Handshake {
    /// What a policy says of it. What cannot be had has been refused.
    fn of(policy: &ConnectionPolicy) -> Self {
        let mut versions = TLS12 | TLS13;
        if policy.protocol_min == "tls1.3" {
            versions &= !TLS12;
        }
        if policy.protocol_max == "tls1.2" {
            versions &= !TLS13;
        }
        let numbers = |names: &[String], table: &[(&str, u16)]| -> Vec<u16> {
            names
                .iter()
                .filter_map(|name| number(name, table))
                .collect()
        };
        let suites = numbers(&policy.cipher_suites, SUITES);
        if suites.is_empty() && !policy.cipher_suites.is_empty() {
            // The suites of TLS 1.3 cannot be chosen, and none is left for 1.2.
            versions &= !TLS12;
        }
        Self {
            versions,
            suites,
            groups: numbers(&policy.curves, GROUPS),
        }
    }
}

/// The number of a group that there is.
pub fn group(name: &str) -> Option<u16> {
    number(name, GROUPS)
}

/// Whether there is a cipher suite, be it of TLS 1.2 or 1.3.
pub fn has_suite(name: &str) -> bool {
    number(name, SUITES).is_some() || SUITES_OF_13.contains(&name)
}

fn number(name: &str, table: &[(&str, u16)]) -> Option<u16> {
    let known = table.iter().find(|(other, _)| *other == name);
    known.map(|(_, number)| *number)
}

/// Suites of TLS 1.2 (RFC 5289, RFC 7905).
const SUITES: &[(&str, u16)] = &[
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9),
];

/// Suites of TLS 1.3, all of which are always there, as in Go.
const SUITES_OF_13: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// Groups (RFC 8446 §4.2.7).
const GROUPS: &[(&str, u16)] = &[("secp256r1", 0x17), ("secp384r1", 0x18), ("x25519", 0x1d)];

/// Adds what a server's connection policies say to its certificates: how hands
/// are shaken, and whose certificate clients get that ask for no name, or for
/// an unknown one.
pub fn complete(server: &Server, policies: &mut Vec<PolicyPlan>) {
    let all = &server.tls_connection_policies;
    let names_of = |policy: &'_ ConnectionPolicy| {
        let names = policy.matchers.as_ref().map(|matcher| matcher.sni.clone());
        names.unwrap_or_default()
    };
    let for_name = |name: &str| {
        all.iter().find(|policy| {
            let names = names_of(policy);
            names.is_empty() || names.iter().any(|pattern| covers(pattern, name))
        })
    };
    let for_others = all.iter().find(|policy| names_of(policy).is_empty());
    let certified = |policies: &[PolicyPlan], name: &str| {
        let known = policies.iter().find(|plan| covers(&plan.name, name));
        known.map(|plan| plan.certificate.clone())
    };
    // A name with a policy of its own needs one here too, if the certificate
    // is that of a pattern.
    for name in all.iter().flat_map(names_of) {
        let exact = policies.iter().any(|plan| plan.name == name);
        if !exact && let Some(certificate) = certified(policies, &name) {
            policies.push(PolicyPlan::new(name, certificate));
        }
    }
    let nameless = |plan: &PolicyPlan| plan.nameless;
    if let Some(policy) = for_name("")
        && !policies.iter().any(nameless)
        && let Some(certificate) = [&policy.default_sni, &policy.fallback_sni]
            .into_iter()
            .filter(|name| !name.is_empty())
            .find_map(|name| certified(policies, name))
    {
        policies.push(PolicyPlan {
            nameless: true,
            ..PolicyPlan::new(String::new(), certificate)
        });
    }
    let others = |plan: &PolicyPlan| plan.name.is_empty() && !plan.nameless;
    if let Some(policy) = for_others
        && !policy.fallback_sni.is_empty()
        && !policies.iter().any(others)
        && let Some(certificate) = certified(policies, &policy.fallback_sni)
    {
        policies.push(PolicyPlan::new(String::new(), certificate));
    }
    for plan in policies {
        let policy = if others(plan) {
            for_others
        } else {
            for_name(&plan.name)
        };
        plan.handshake = policy.map(Handshake::of).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use zs_config::Purpose;
    use zs_diagnostics::{Sink, SourceMap};
    use zs_open::OpenValues;
    use zs_syntax::SystemHost;

    use super::super::provision::{CertificatePlan, provision};

    /// The policies of a Caddyfile's server, a line each.
    fn policies(caddyfile: &str) -> Vec<String> {
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let file = sources.add("Caddyfile".to_owned(), caddyfile.to_owned());
        let tree = zs_syntax::parse(&mut sources, file, &SystemHost, &mut sink).unwrap();
        let config = zs_config::adapt(&tree, Purpose::Build, &mut sink).unwrap();
        let plans = provision(&config, &OpenValues::default(), &mut sink);
        let policies = plans[0].policies.iter().map(|plan| {
            let name = match (plan.name.as_str(), plan.nameless) {
                ("", true) => "nameless",
                ("", false) => "others",
                (name, _) => name,
            };
            let certificate = match &plan.certificate {
                CertificatePlan::Files { chain, .. } => chain,
                CertificatePlan::Local { name } => name,
            };
            let how = &plan.handshake;
            format!(
                "{name}: {certificate} {} {:x?} {:x?}",
                how.versions, how.suites, how.groups
            )
        });
        policies.collect()
    }

    #[test]
    fn the_first_policy_for_a_name_counts() {
        let found = policies(
            "*.c.example {\n\ttls /c /k {\n\t\tprotocols tls1.3\n\t}\n}\n\
             d.c.example {\n\ttls {\n\t\tciphers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n\
             \t\tcurves secp384r1 x25519\n\t}\n}\n\
             e.example {\n\ttls /e /k {\n\t\tprotocols tls1.2 tls1.2\n\t}\n}\n\
             f.example {\n\ttls /f /k {\n\t\tciphers TLS_AES_128_GCM_SHA256\n\t}\n}\n",
        );
        let expected = [
            "e.example: /e 1 [] []",
            "f.example: /f 2 [] []",
            "*.c.example: /c 2 [] []",
            "d.c.example: /c 3 [c02f] [18, 1d]",
        ];
        assert_eq!(sorted(found), sorted(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn clients_without_a_name_and_with_an_unknown_one() {
        let sites = "a.example {\n\ttls /a /k\n}\nb.example {\n\ttls /b /k\n}\n";
        for (options, expected) in [
            ("", &[][..]),
            ("default_sni b.example", &["nameless: /b 3 [] []"]),
            (
                "fallback_sni a.example",
                &["nameless: /a 3 [] []", "others: /a 3 [] []"],
            ),
            ("default_sni x.example", &[]),
            (
                "default_sni b.example\n\tfallback_sni a.example",
                &["nameless: /a 3 [] []", "others: /a 3 [] []"],
            ),
        ] {
            let found = policies(&format!("{{\n\t{options}\n}}\n{sites}"));
            let found = found.into_iter().filter(|line| !line.contains("example:"));
            let found: Vec<String> = sorted(found.collect());
            assert_eq!(found, expected, "{options}");
        }
    }

    fn sorted(mut lines: Vec<String>) -> Vec<String> {
        lines.sort();
        lines
    }
}
