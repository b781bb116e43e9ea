//! The fields of a head: one buffer of bytes and an index of names and values.
//!
//! Order is kept, names keep the case they came with and are compared without
//! regard to it, and are written in the canonical form that Go uses (`X-Foo`).

use crate::ascii;

/// A piece of a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Index of the first byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// The piece from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            len: (end - start) as u32,
        }
    }

    /// The bytes of the piece; empty if it reaches past the buffer.
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        let start = self.start as usize;
        buffer.get(start..start + self.len as usize).unwrap_or(&[])
    }
}

/// The fields of a request or response head.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: Span,
    value: Span,
    /// Whether the name is in canonical form.
    canonical: bool,
}

impl Head {
    /// A head without fields.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Removes all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
    }

    /// Replaces everything by `raw`, a received head whose fields are added
    /// with [`Self::index`].
    pub(crate) fn load(&mut self, raw: &[u8]) {
        self.clear();
        self.bytes.extend_from_slice(raw);
    }

    /// Adds a field whose name and value lie in the loaded bytes.
    pub(crate) fn index(&mut self, name: Span, value: Span) {
        self.fields.push(Field {
            name,
            value,
            canonical: false,
        });
    }

    /// A piece of the loaded bytes.
    pub fn piece(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Bytes of all names and values, with what earlier changes left behind.
    pub fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory that the head holds.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.fields.capacity() * size_of::<Field>()
    }

    /// Every field as name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .map(|field| (field.name.of(&self.bytes), field.value.of(&self.bytes)))
    }

    /// The values of a field, in order.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The first value of a field.
    pub fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether the field is there.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.first(name).is_some()
    }

    /// Whether a comma-separated field holds the element, whatever its case.
    pub fn lists(&self, name: &[u8], element: &[u8]) -> bool {
        self.values(name)
            .any(|value| ascii::list(value).any(|item| item.eq_ignore_ascii_case(element)))
    }

    /// Appends the values of a field, joined by commas. Returns whether there
    /// was one.
    pub fn join_into(&self, name: &[u8], out: &mut Vec<u8>) -> bool {
        let mut found = false;
        for value in self.values(name) {
            if found {
                out.push(b',');
            }
            out.extend_from_slice(value);
            found = true;
        }
        found
    }

    /// Adds a field after the present ones.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let at = self.bytes.len();
        push_canonical(&mut self.bytes, name);
        let name = Span::new(at, self.bytes.len());
        let value = self.store_value(value);
        self.fields.push(Field {
            name,
            value,
            canonical: true,
        });
    }

    /// As [`Self::push`], for a name that is in canonical form already.
    pub fn push_canonical(&mut self, name: &[u8], value: &[u8]) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let name = Span::new(at, self.bytes.len());
        let value = self.store_value(value);
        self.fields.push(Field {
            name,
            value,
            canonical: true,
        });
    }

    /// Replaces all values of a field by one, at the place of the first.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let Some(first) = self.position(name) else {
            self.push(name, value);
            return;
        };
        let value = self.store_value(value);
        self.fields[first].value = value;
        let bytes = &self.bytes;
        let mut at = 0;
        self.fields.retain(|field| {
            at += 1;
            at <= first + 1 || !field.name.of(bytes).eq_ignore_ascii_case(name)
        });
    }

    /// Removes a field; returns whether it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.fields.len();
        self.retain(|other, _| !other.eq_ignore_ascii_case(name));
        self.fields.len() != before
    }

    /// Removes the fields whose name `drops` says. Costs one look at each name
    /// if there are none.
    pub fn remove_where(&mut self, drops: impl Fn(&[u8]) -> bool) {
        if self.iter().any(|(name, _)| drops(name)) {
            self.retain(|name, _| !drops(name));
        }
    }

    /// Keeps the fields for which `keep` is true of name and value.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        let bytes = &self.bytes;
        self.fields
            .retain(|field| keep(field.name.of(bytes), field.value.of(bytes)));
    }

    /// Replaces values: `change` is given name and value and appends the new
    /// value to the buffer, or returns false to leave it.
    pub fn change_values(&mut self, mut change: impl FnMut(&[u8], &[u8], &mut Vec<u8>) -> bool) {
        let mut scratch = Vec::new();
        for at in 0..self.fields.len() {
            let field = self.fields[at];
            scratch.clear();
            let (name, value) = (field.name.of(&self.bytes), field.value.of(&self.bytes));
            if change(name, value, &mut scratch) {
                self.fields[at].value = self.store_value(&scratch);
            }
        }
    }

    /// Becomes a copy of another head and keeps its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.fields.clear();
        self.fields.extend_from_slice(&other.fields);
    }

    /// Appends the fields as lines with canonical names (RFC 9112 §5).
    pub fn write_into(&self, out: &mut Vec<u8>) {
        for field in &self.fields {
            let name = field.name.of(&self.bytes);
            if field.canonical {
                out.extend_from_slice(name);
            } else {
                push_canonical(out, name);
            }
            out.extend_from_slice(b": ");
            // A received value has no line breaks: its parser refuses them.
            out.extend_from_slice(field.value.of(&self.bytes));
            out.extend_from_slice(b"\r\n");
        }
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.iter()
            .position(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Stores a value. One that a template made may hold line breaks, which
    /// would let it add fields: they become spaces, as in Go.
    fn store_value(&mut self, value: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        if ascii::field_value_len(value) < value.len() {
            for byte in &mut self.bytes[start..] {
                if matches!(*byte, b'\r' | b'\n' | 0) {
                    *byte = b' ';
                }
            }
        }
        Span::new(start, self.bytes.len())
    }
}

/// Appends a field name as Go writes it: the first letter and each letter
/// after a hyphen in upper case, the others in lower case. A name that is no
/// token is written as it is.
pub fn push_canonical(out: &mut Vec<u8>, name: &[u8]) {
    let start = out.len();
    out.extend_from_slice(name);
    if !name.iter().all(|byte| ascii::is_token(*byte)) {
        return;
    }
    let mut upper = true;
    for byte in &mut out[start..] {
        *byte = if upper {
            byte.to_ascii_uppercase()
        } else {
            byte.to_ascii_lowercase()
        };
        upper = *byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(head: &Head) -> String {
        let mut out = Vec::new();
        head.write_into(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keeps_order_and_writes_canonical_names() {
        let mut head = Head::new();
        head.push(b"x-fOO-bar", b"1");
        head.push(b"etag", b"2");
        head.push(b"X-Foo-Bar", b"3");
        assert_eq!(
            written(&head),
            "X-Foo-Bar: 1\r\nEtag: 2\r\nX-Foo-Bar: 3\r\n"
        );
        head.set(b"X-FOO-BAR", b"4\r\nEvil: yes");
        assert_eq!(written(&head), "X-Foo-Bar: 4  Evil: yes\r\nEtag: 2\r\n");
        assert!(head.remove(b"ETAG"));
        assert!(!head.remove(b"ETAG"));
        assert_eq!(head.len(), 1);
    }

    #[test]
    fn lists_and_joins() {
        let mut head = Head::new();
        head.push(b"Connection", b"a, , Upgrade");
        head.push(b"connection", b"b");
        assert!(head.lists(b"Connection", b"upgrade"));
        assert!(head.lists(b"Connection", b"B"));
        assert!(!head.lists(b"Connection", b"c"));
        let mut out = Vec::new();
        head.join_into(b"Connection", &mut out);
        assert_eq!(out, b"a, , Upgrade,b");
    }
}
