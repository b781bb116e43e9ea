//! A check whether a text is valid JSON (RFC 8259), as Go's `json.Valid`.

/// Whether the text, without surrounding blanks, is a JSON object or array of
/// more than two bytes: what `respond` labels `application/json`.
pub fn is_object_or_array(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let shape =
        text.len() > 2 && matches!((text[0], text[text.len() - 1]), (b'{', b'}') | (b'[', b']'));
    shape && is_valid(text)
}

/// Whether the text is one valid JSON value.
pub fn is_valid(text: &[u8]) -> bool {
    let mut reader = Reader { text, at: 0 };
    reader.value(0) && {
        reader.blanks();
        reader.at == text.len()
    }
}

/// Nesting at which a body is no longer taken for JSON (Go: 10,000): recursion
/// stays within a small part of a worker's stack.
const DEPTH_MAX: usize = 512;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> bool {
        self.blanks();
        match self.peek() {
            _ if depth > DEPTH_MAX => false,
            Some(b'{') => self.members(b'}', depth, true),
            Some(b'[') => self.members(b']', depth, false),
            Some(b'"') => self.string(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn members(&mut self, close: u8, depth: usize, named: bool) -> bool {
        self.at += 1;
        self.blanks();
        if self.take(close) {
            return true;
        }
        loop {
            self.blanks();
            if named
                && !(self.string() && {
                    self.blanks();
                    self.take(b':')
                })
            {
                return false;
            }
            if !self.value(depth + 1) {
                return false;
            }
            self.blanks();
            if self.take(close) {
                return true;
            }
            if !self.take(b',') {
                return false;
            }
        }
    }

    fn string(&mut self) -> bool {
        if !self.take(b'"') {
            return false;
        }
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return true,
                b'\\' if !self.escape() => return false,
                b'\\' => {}
                0..=0x1f => return false,
                _ => {}
            }
        }
        false
    }

    fn escape(&mut self) -> bool {
        let Some(byte) = self.peek() else {
            return false;
        };
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
            b'u' => (0..4).all(|_| {
                let hex = self.peek().is_some_and(|byte| byte.is_ascii_hexdigit());
                self.at += usize::from(hex);
                hex
            }),
            _ => false,
        }
    }

    fn number(&mut self) -> bool {
        self.take(b'-');
        let whole = self.take(b'0') || self.digits();
        let fraction = !self.take(b'.') || self.digits();
        let exponent = !(self.take(b'e') || self.take(b'E')) || {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()
        };
        whole && fraction && exponent
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, expected) in [
            (r#"{"a":1}"#, true),
            (r#" [1, -2.5e+3, "x\n\u00e9", true, null, {}] "#, true),
            ("{}", false),
            ("[1,]", false),
            ("{a:1}", false),
            ("{name}", false),
            (r#"{"a":01}"#, false),
            (r#"{"a":1}{"#, false),
            ("[\"\x01\"]", false),
        ] {
            assert_eq!(is_object_or_array(text.as_bytes()), expected, "{text}");
        }
        assert!(!is_valid(&vec![b'['; 100_000]));
    }
}
