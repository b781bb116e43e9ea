//! Questions and answers of the domain name system (RFC 1035 §4), in the
//! codec's terms.

use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    fn record(self) -> RecordType {
        match self {
            Self::V4 => RecordType::A,
            Self::V6 => RecordType::AAAA,
        }
    }
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Addresses, maybe none, and for how many seconds they hold.
    Addresses(Vec<IpAddr>, u32),
    /// The name does not exist.
    NoName,
    /// It was too long for a datagram.
    Truncated,
    /// The server cannot say.
    Failed,
}

/// Writes a question for a name's addresses; `None` if it is no name.
pub(super) fn question(id: u16, name: &str, family: Family) -> Option<Vec<u8>> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, family.record()));
    message.to_vec().ok()
}

/// Reads an answer to a question; `None` if it is not one.
pub(super) fn answer(bytes: &[u8], id: u16, name: &str, family: Family) -> Option<Answer> {
    let message = Message::from_vec(bytes).ok()?;
    let mut asked = Name::from_ascii(name).ok()?;
    asked.set_fqdn(true);
    let metadata = &message.metadata;
    let fits = metadata.id == id
        && metadata.message_type == MessageType::Response
        && message
            .queries
            .iter()
            .any(|query| query.query_type() == family.record() && *query.name() == asked);
    if !fits {
        return None;
    }
    if metadata.truncation {
        return Some(Answer::Truncated);
    }
    match metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return Some(Answer::NoName),
        _ => return Some(Answer::Failed),
    }
    let mut addresses = Vec::new();
    let mut seconds = u32::MAX;
    for record in &message.answers {
        // Aliases on the way to the addresses count for the time too.
        seconds = seconds.min(record.ttl);
        match (&record.data, family) {
            (RData::A(a), Family::V4) => addresses.push(IpAddr::V4(a.0)),
            (RData::AAAA(aaaa), Family::V6) => addresses.push(IpAddr::V6(aaaa.0)),
            _ => {}
        }
    }
    Some(Answer::Addresses(addresses, seconds))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, AAAA};

    /// What a name server answers to a question: these addresses, or that
    /// there is no such name.
    pub fn reply(question: &[u8], addresses: Option<&[IpAddr]>, truncated: bool) -> Vec<u8> {
        let question = Message::from_vec(question).unwrap();
        let id = question.metadata.id;
        let mut message = Message::new(id, MessageType::Response, OpCode::Query);
        message.metadata.truncation = truncated;
        let query = question.queries[0].clone();
        let name = query.name().clone();
        let wanted = query.query_type();
        message.add_query(query);
        match addresses {
            None => message.metadata.response_code = ResponseCode::NXDomain,
            Some(addresses) => {
                for address in addresses {
                    let data = match address {
                        IpAddr::V4(v4) if wanted == RecordType::A => RData::A(A(*v4)),
                        IpAddr::V6(v6) if wanted == RecordType::AAAA => RData::AAAA(AAAA(*v6)),
                        _ => continue,
                    };
                    message.add_answer(Record::from_rdata(name.clone(), 60, data));
                }
            }
        }
        message.to_vec().unwrap()
    }

    #[test]
    fn answers() {
        let asked = question(7, "a.test", Family::V4).unwrap();
        let address: IpAddr = [10, 0, 0, 1].into();
        let told = reply(&asked, Some(&[address]), false);
        let read = |bytes: &[u8], id, name| answer(bytes, id, name, Family::V4);
        let addresses = Answer::Addresses(vec![address], 60);
        assert_eq!(read(&told, 7, "a.test"), Some(addresses));
        assert_eq!(read(&told, 8, "a.test"), None);
        assert_eq!(read(&told, 7, "b.test"), None);
        assert_eq!(answer(&told, 7, "a.test", Family::V6), None);
        assert_eq!(read(&asked, 7, "a.test"), None);
        let nothing = reply(&asked, None, false);
        assert_eq!(read(&nothing, 7, "a.test"), Some(Answer::NoName));
        let cut = reply(&asked, Some(&[]), true);
        assert_eq!(read(&cut, 7, "a.test"), Some(Answer::Truncated));
        for end in 0..told.len() {
            let _any = read(&told[..end], 7, "a.test");
        }
        assert_eq!(question(1, "a..b", Family::V4), None);
    }
}
