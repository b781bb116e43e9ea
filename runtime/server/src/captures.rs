//! What the groups of regular expressions matched last, for templates.

use zs_abi::CAPTURE_APART;
use zs_abi::tables::RegexId;
use zs_proto::regex_replace::{group_text, groups_of};

use crate::limits::CAPTURE_NAMES_MAX;
use crate::site::LoadedSite;

/// The captures of an exchange.
#[derive(Debug, Default)]
pub struct Captures {
    /// By capture name.
    named: Vec<Option<Match>>,
    /// The name whose expression matched last.
    latest: Option<usize>,
}

#[derive(Debug)]
struct Match {
    regex: RegexId,
    text: Vec<u8>,
    slots: Vec<u32>,
}

impl Captures {
    /// Forgets all captures.
    pub fn clear(&mut self) {
        self.named.clear();
        self.latest = None;
    }

    /// Keeps a match under a capture name. Returns false if there is no such
    /// name.
    pub fn store(&mut self, name: u32, regex: RegexId, text: &[u8], slots: &[u32]) -> bool {
        let is_apart = name & CAPTURE_APART != 0;
        let name = (name & !CAPTURE_APART) as usize;
        if name >= CAPTURE_NAMES_MAX {
            return false;
        }
        if self.named.len() <= name {
            self.named.resize_with(name + 1, || None);
        }
        self.named[name] = Some(Match {
            regex,
            text: text.to_vec(),
            slots: slots.to_vec(),
        });
        if !is_apart {
            self.latest = Some(name);
        }
        true
    }

    /// The text of a group under a capture name.
    pub fn named(&self, site: &LoadedSite, name: u32, group: &[u8]) -> &[u8] {
        self.find(site, name, group).unwrap_or(b"")
    }

    /// As [`Self::named`]; none if nothing matched or there is no such group.
    pub fn find(&self, site: &LoadedSite, name: u32, group: &[u8]) -> Option<&[u8]> {
        let found = self.named.get(name as usize).and_then(Option::as_ref);
        found.and_then(|found| found.group(site, group))
    }

    /// The text of a group of the expression that matched last.
    pub fn latest(&self, site: &LoadedSite, group: &[u8]) -> &[u8] {
        self.find_latest(site, group).unwrap_or(b"")
    }

    /// As [`Self::latest`]; none if nothing matched or there is no such group.
    pub fn find_latest(&self, site: &LoadedSite, group: &[u8]) -> Option<&[u8]> {
        self.latest
            .and_then(|name| self.find(site, name as u32, group))
    }
}

impl Match {
    /// A group that took no part in the match is empty.
    fn group(&self, site: &LoadedSite, group: &[u8]) -> Option<&[u8]> {
        let program = site.regex(self.regex)?;
        let groups = groups_of(program, site.data.bytes(), group)
            .filter(|group| *group < self.slots.len() / 2);
        let mut texts = groups.map(|group| group_text(&self.text, &self.slots, group));
        let first = texts.next()?;
        Some(first.or_else(|| texts.flatten().next()).unwrap_or(b""))
    }
}
