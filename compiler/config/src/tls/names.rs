//! Which names can have which certificates: the rules of Caddy's certificate library.

use std::net::IpAddr;

use crate::values::ip::is_internal as is_internal_ip;

/// Whether a name can be the subject of a certificate at all.
pub(crate) fn qualifies(name: &str) -> bool {
    !name.trim().is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && (!name.contains('*') || name.starts_with("*.") || name == "*")
        && !name.contains(|character| "()[]{}<> \t\n\"\\!@#$%^&|;'+=".contains(character))
}

/// Whether a public authority signs for a name without more being said. Several stars are fine where the whole name is
/// known at the handshake.
pub(crate) fn qualifies_for_public(name: &str, on_demand: bool) -> bool {
    let stars = name.matches("*.").count();
    name.parse::<IpAddr>().is_err() && !is_internal(name) && (stars < 2 || on_demand)
}

/// Whether a public authority can sign for a name: also no wildcard of a top-level domain.
pub(crate) fn is_public(name: &str) -> bool {
    let wildcard = name.contains('*');
    let stars = name.matches('*').count();
    qualifies(name)
        && !is_internal(name)
        && (!wildcard
            || (stars == 1
                && name.matches('.').count() > 1
                && name.len() > 2
                && name.starts_with("*.")))
}

/// Whether a name belongs to this machine or to a private network.
fn is_internal(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    name == "localhost"
        || [".localhost", ".local", ".internal", ".home.arpa"]
            .iter()
            .any(|suffix| name.ends_with(suffix))
        || name.parse::<IpAddr>().is_ok_and(is_internal_ip)
}

/// Whether a network of its own manages a name's certificate.
pub(crate) fn is_tailscale(name: &str) -> bool {
    name.to_lowercase().ends_with(".ts.net")
}

/// Whether a name is covered by a name that may have a star for one or more of its labels from the left.
pub(crate) fn matches_wildcard(name: &str, wildcard: &str) -> bool {
    if name.is_ascii() && wildcard.is_ascii() && !wildcard.contains('*') {
        return name.eq_ignore_ascii_case(wildcard);
    }
    let (name, wildcard) = (name.to_lowercase(), wildcard.to_lowercase());
    if name == wildcard {
        return true;
    }
    let mut labels: Vec<&str> = name.split('.').collect();
    (0..labels.len())
        .filter(|_| wildcard.contains('*'))
        .any(|index| {
            if labels[index].is_empty() {
                return false;
            }
            labels[index] = "*";
            labels.join(".") == wildcard
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, public) in [
            ("example.com", true),
            ("*.example.com", true),
            ("*.*.example.com", false),
            ("*.com", false),
            ("localhost", false),
            ("a.localhost", false),
            ("10.0.0.1", false),
            ("host.internal", false),
        ] {
            assert_eq!(is_public(name), public, "{name}");
        }
        assert!(!qualifies("{env.X}") && !qualifies("a.*.com") && qualifies("*"));
        assert!(!qualifies_for_public("8.8.8.8", false) && qualifies_for_public("*.com", false));
    }

    #[test]
    fn wildcards() {
        assert!(matches_wildcard("a.example.com", "*.example.com"));
        assert!(matches_wildcard("a.b.example.com", "*.*.example.com"));
        assert!(!matches_wildcard("a.b.example.com", "*.example.com"));
        assert!(matches_wildcard("A.com", "a.com"));
    }
}
