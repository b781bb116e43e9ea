//! Query strings, as Go's `url.ParseQuery` and `Values.Encode` treat them.

use crate::percent;

/// The decoded name-value pairs of a query, in order.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Names and values.
    pub pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether a pair was malformed (and left out).
    pub malformed: bool,
}

impl Query {
    /// Reads a query. Pairs that hold a semicolon or a malformed escape are
    /// left out and noted.
    pub fn parse(text: &[u8]) -> Self {
        let mut query = Self::default();
        for raw in raw_pairs(text) {
            let (mut name, mut value) = (Vec::new(), Vec::new());
            if raw.decode(&mut name, &mut value) {
                query.pairs.push((name, value));
            } else {
                query.malformed = true;
            }
        }
        query
    }

    /// Replaces all values of a name by one.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Adds a value after the present ones.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.pairs.push((name.to_vec(), value.to_vec()));
    }

    /// Removes a name with its values.
    pub fn remove(&mut self, name: &[u8]) {
        self.pairs.retain(|(other, _)| other != name);
    }

    /// Gives the values of `from` to `to`, replacing what that had.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) {
        if from == to || !self.pairs.iter().any(|(name, _)| name == from) {
            return;
        }
        self.remove(to);
        for (name, _) in &mut self.pairs {
            if name == from {
                name.clear();
                name.extend_from_slice(to);
            }
        }
    }

    /// Appends the pairs, escaped and sorted by name; values of one name keep
    /// their order.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let mut order: Vec<_> = self.pairs.iter().collect();
        order.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (number, (name, value)) in order.into_iter().enumerate() {
            if number > 0 {
                out.push(b'&');
            }
            percent::encode_query(name, out);
            out.push(b'=');
            percent::encode_query(value, out);
        }
    }
}

/// A pair as it stands in the query.
#[derive(Clone, Copy, Debug)]
pub struct RawPair<'a> {
    text: &'a [u8],
}

impl RawPair<'_> {
    /// Appends the decoded name and value; false if the pair is malformed.
    pub fn decode(self, name: &mut Vec<u8>, value: &mut Vec<u8>) -> bool {
        if self.text.contains(&b';') {
            return false;
        }
        let (raw_name, raw_value) = match self.text.iter().position(|b| *b == b'=') {
            Some(at) => (&self.text[..at], &self.text[at + 1..]),
            None => (self.text, &b""[..]),
        };
        percent::decode_query(raw_name, name) && percent::decode_query(raw_value, value)
    }
}

/// The pairs of a query as they stand; empty ones are left out.
pub fn raw_pairs(text: &[u8]) -> impl Iterator<Item = RawPair<'_>> {
    text.split(|byte| *byte == b'&')
        .filter(|text| !text.is_empty())
        .map(|text| RawPair { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(query: &Query) -> String {
        let mut out = Vec::new();
        query.encode_into(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parses_and_encodes_sorted() {
        let query = Query::parse(b"b=2&a=x+y&&b=1&c");
        assert!(!query.malformed);
        assert_eq!(encoded(&query), "a=x+y&b=2&b=1&c=");
        assert!(Query::parse(b"a=1;b=2").malformed);
        assert!(Query::parse(b"a=%z").malformed);
    }

    #[test]
    fn operations() {
        let mut query = Query::parse(b"a=1&b=2&a=3");
        query.rename(b"a", b"b");
        assert_eq!(encoded(&query), "b=1&b=3");
        query.rename(b"x", b"b");
        query.set(b"b", b"&");
        query.add(b"b", b"");
        assert_eq!(encoded(&query), "b=%26&b=");
    }
}
