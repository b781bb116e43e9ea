//! PEM files (RFC 7468).

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const LABEL: &str = "CERTIFICATE";

/// The certificates of a PEM file, DER in Base64 without line breaks. Text around the blocks does not count.
///
/// # Errors
/// Says what is wrong with the file, as the end of a sentence that begins with its name.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is no text".to_owned())?;
    let mut certificates = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = label(line, BEGIN) {
            if label != LABEL {
                return Err(format!("holds a `{label}`, not only certificates"));
            }
            block = Some(String::new());
        } else if label(line, END).is_some() {
            certificates.extend(block.take());
        } else if let Some(block) = block.as_mut().filter(|_| !line.contains(':')) {
            block.push_str(line);
        }
    }
    if certificates.is_empty() {
        return Err("holds no certificate".to_owned());
    }
    match certificates.iter().all(|text| is_base64(text)) {
        true => Ok(certificates),
        false => Err("holds a certificate that is no Base64".to_owned()),
    }
}

fn label<'l>(line: &'l str, start: &str) -> Option<&'l str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

/// Whether a text is Base64 with padding (RFC 4648 §4).
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn blocks() {
        let file = "x\n-----BEGIN CERTIFICATE-----\nAAAA\nBB==\n-----END CERTIFICATE-----\n";
        let twice = [file, file].concat();
        assert_eq!(
            certificates(file.as_bytes()),
            Ok(vec!["AAAABB==".to_owned()])
        );
        assert_eq!(certificates(twice.as_bytes()).map(|all| all.len()), Ok(2));
        for bad in [
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA",
            "-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert!(certificates(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
