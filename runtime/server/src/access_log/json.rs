//! Writes the fields of a line, as Caddy's log does: JSON, in lines for people with spaces between the parts.

/// Where JSON is appended.
pub(super) struct Json<'a> {
    /// The text so far.
    pub out: &'a mut Vec<u8>,
    /// Whether there are spaces between the parts.
    pub spaced: bool,
}

impl Json<'_> {
    /// Begins an object or a list.
    pub fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
    }

    /// Ends it.
    pub fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
    }

    /// The name of a field.
    pub fn key(&mut self, name: &[u8]) {
        self.text(name);
        self.out.push(b':');
        if self.spaced {
            self.out.push(b' ');
        }
    }

    /// A text as a value.
    pub fn text(&mut self, text: &[u8]) {
        self.separate();
        self.out.push(b'"');
        push_escaped(self.out, text);
        self.out.push(b'"');
    }

    /// A value that needs no escapes: a number, a truth value.
    pub fn plain(&mut self, value: impl std::fmt::Display) {
        self.separate();
        // Memory does not fail.
        let _written = std::io::Write::write_fmt(self.out, format_args!("{value}"));
    }

    /// A field with a text.
    pub fn field(&mut self, name: &[u8], text: &[u8]) {
        self.key(name);
        self.text(text);
    }

    /// A field with a plain value.
    pub fn plain_field(&mut self, name: &[u8], value: impl std::fmt::Display) {
        self.key(name);
        self.plain(value);
    }

    /// Sets the next part apart from the one before it.
    fn separate(&mut self) {
        if !matches!(
            self.out.last(),
            None | Some(b'{' | b'[' | b':' | b' ' | b'\t')
        ) {
            self.out.push(b',');
            if self.spaced {
                self.out.push(b' ');
            }
        }
    }
}

/// Bytes that are no UTF-8 become the mark for that.
fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..0x20 => {
                    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                }
                _ => out.push(byte),
            }
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let mut out = Vec::new();
        push_escaped(&mut out, b"a\"\\\n\x01\xc3\xa9\xff\xfe\x7f");
        assert_eq!(out, b"a\\\"\\\\\\n\\u0001\xc3\xa9\\ufffd\\ufffd\x7f");
    }
}
