//! What the system says about names: `/etc/hosts` and `/etc/resolv.conf`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses of `/etc/hosts`, by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Hosts(Vec<(Vec<u8>, IpAddr)>);

impl Hosts {
    /// Reads the system's file; without one there are no names.
    pub fn from_system() -> Self {
        Self::parse(&fs::read("/etc/hosts").unwrap_or_default())
    }

    fn parse(text: &[u8]) -> Self {
        let mut hosts = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or(b"");
            let mut words = words(line);
            let Some(address) = words.next().and_then(address) else {
                continue;
            };
            hosts.extend(words.map(|name| (name.to_ascii_lowercase(), address)));
        }
        Self(hosts)
    }

    /// The addresses of a lower-case name.
    pub fn addresses(&self, name: &[u8]) -> Vec<IpAddr> {
        let same = self.0.iter().filter(|(other, _)| other == name);
        same.map(|(_, address)| *address).collect()
    }
}

/// How names are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Name servers, in order.
    pub servers: Vec<SocketAddr>,
    /// Domains that are tried behind short names.
    pub search: Vec<String>,
    /// Dots from which on a name is tried as it is first.
    pub dots: usize,
    /// How often each server is asked.
    pub attempts: usize,
}

/// Name servers that are used at most; as in C libraries.
const SERVERS_MAX: usize = 3;

/// Domains that are searched at most.
const SEARCH_MAX: usize = 6;

impl Settings {
    /// Reads the system's file; without one, or without a server in it, the
    /// machine's own server is asked, as Go does.
    pub fn from_system() -> Self {
        Self::parse(&fs::read("/etc/resolv.conf").unwrap_or_default())
    }

    fn parse(text: &[u8]) -> Self {
        let mut settings = Self {
            servers: Vec::new(),
            search: Vec::new(),
            dots: 1,
            attempts: 2,
        };
        for line in text.split(|byte| *byte == b'\n') {
            let mut words = words(line);
            match words.next() {
                Some(b"nameserver") => settings.server(words.next()),
                Some(b"domain" | b"search") => {
                    let names = words.map(|name| String::from_utf8_lossy(name).into_owned());
                    settings.search = names.take(SEARCH_MAX).collect();
                }
                Some(b"options") => words.for_each(|option| settings.option(option)),
                _ => {}
            }
        }
        if settings.servers.is_empty() {
            settings.servers = vec![
                (Ipv4Addr::LOCALHOST, DNS_PORT).into(),
                (Ipv6Addr::LOCALHOST, DNS_PORT).into(),
            ];
        }
        settings
    }

    fn server(&mut self, word: Option<&[u8]>) {
        if let Some(address) = word.and_then(address)
            && self.servers.len() < SERVERS_MAX
        {
            self.servers.push((address, DNS_PORT).into());
        }
    }

    fn option(&mut self, option: &[u8]) {
        let text = String::from_utf8_lossy(option);
        let Some((name, value)) = text.split_once(':') else {
            return;
        };
        let Ok(value) = value.parse::<usize>() else {
            return;
        };
        match name {
            "ndots" => self.dots = value.min(15),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The full names to ask for, in order, for a lower-case name.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(full) = name.strip_suffix('.') {
            return vec![full.to_string()];
        }
        let mut names: Vec<String> = self
            .search
            .iter()
            .map(|domain| format!("{name}.{}", domain.trim_end_matches('.')))
            .collect();
        let dots = name.bytes().filter(|byte| *byte == b'.').count();
        let at = if dots >= self.dots { 0 } else { names.len() };
        names.insert(at, name.to_string());
        names
    }
}

const DNS_PORT: u16 = 53;

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// An address as text; a zone is dropped.
pub(super) fn address(word: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(word).ok()?;
    text.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let text = b"127.0.0.1\tlocalhost  me # no\n#1.1.1.1 x\n::1 ME\nbad x\n10.0.0.1 a.b\n";
        let hosts = Hosts::parse(text);
        let own: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        assert_eq!(hosts.addresses(b"me"), own);
        assert_eq!(hosts.addresses(b"x"), [] as [IpAddr; 0]);
        assert_eq!(hosts.addresses(b"a.b").len(), 1);
    }

    #[test]
    fn settings() {
        let text = b"# c\nnameserver 10.0.0.2\nnameserver fe80::1%eth0\nsearch a.test b.test.\n\
            options ndots:2 attempts:9 edns0\n";
        let settings = Settings::parse(text);
        assert_eq!(settings.servers.len(), 2);
        assert_eq!(settings.attempts, 5);
        let short = ["x.y.a.test", "x.y.b.test", "x.y"];
        assert_eq!(settings.candidates("x.y"), short);
        assert_eq!(settings.candidates("x.y.z")[0], "x.y.z");
        assert_eq!(settings.candidates("x."), ["x"]);
        assert_eq!(Settings::parse(b"").servers.len(), 2);
    }
}
