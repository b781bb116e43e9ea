//! The long story of every code, one file each, with an example where one can be given.

use crate::Code;

macro_rules! explanations {
    ($($number:literal => $name:literal,)*) => {
        const TEXTS: &[(u16, &str)] = &[$(($number, include_str!(concat!("explanations/", $name, ".txt")))),*];
    };
}

explanations! {
    1 => "ZS0001", 2 => "ZS0002", 3 => "ZS0003", 4 => "ZS0004", 5 => "ZS0005", 6 => "ZS0006", 7 => "ZS0007",
    8 => "ZS0008", 9 => "ZS0009", 10 => "ZS0010", 11 => "ZS0011",
    101 => "ZS0101", 102 => "ZS0102", 103 => "ZS0103", 104 => "ZS0104", 105 => "ZS0105", 106 => "ZS0106",
    107 => "ZS0107", 108 => "ZS0108", 109 => "ZS0109", 110 => "ZS0110", 111 => "ZS0111", 112 => "ZS0112",
    113 => "ZS0113", 114 => "ZS0114", 115 => "ZS0115", 116 => "ZS0116", 117 => "ZS0117",
    118 => "ZS0118",
    120 => "ZS0120", 121 => "ZS0121", 122 => "ZS0122",
    130 => "ZS0130", 131 => "ZS0131",
    201 => "ZS0201", 202 => "ZS0202", 203 => "ZS0203", 204 => "ZS0204", 205 => "ZS0205",
    206 => "ZS0206",
    301 => "ZS0301", 302 => "ZS0302", 303 => "ZS0303", 304 => "ZS0304", 305 => "ZS0305", 306 => "ZS0306",
    307 => "ZS0307", 308 => "ZS0308",
}

/// The long story of a code: what it means, why it is so, what to do, and where it helps an example of the mistake
/// ("Wrong:") and of its remedy ("Right:"), each indented by four spaces.
#[must_use]
pub fn explanation(code: Code) -> &'static str {
    let found = TEXTS.iter().find(|(number, _)| *number == code.number());
    found.map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn every_code_has_its_story() {
        for (code, ..) in codes::ALL {
            let text = explanation(*code);
            assert!(text.starts_with(&format!("{code}: ")), "{code}");
            assert!(
                text.ends_with('\n') && text.lines().all(|line| line.len() <= 90),
                "{code}"
            );
        }
        assert_eq!(TEXTS.len(), codes::ALL.len());
    }
}
