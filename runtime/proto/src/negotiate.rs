//! Which encodings a client accepts (RFC 9110 §12.5.3), weighed as Caddy weighs them: `*` means nothing, and what starts a
//! WebSocket is not encoded.

use crate::Head;

/// Of some encodings, most wanted first, the numbers of those that a request accepts, best first: by the client's weight,
/// then by ours.
pub fn accepted(request: &Head, ours: &[&[u8]]) -> Vec<usize> {
    let field = request.first(b"Accept-Encoding").unwrap_or(b"");
    if field.is_empty()
        || request
            .first(b"Sec-Websocket-Key")
            .is_some_and(|key| !key.is_empty())
    {
        return Vec::new();
    }
    let mut found: Vec<(u32, usize)> = Vec::new();
    let fields = request.values(b"Accept-Encoding");
    for element in fields.flat_map(|field| field.split(|byte| *byte == b',')) {
        let mut parameters = element.split(|byte| *byte == b';');
        let name = parameters.next().unwrap_or(b"").trim_ascii();
        let weight = parameters.next().map_or(WHOLE, weight);
        let number = ours.iter().position(|own| own.eq_ignore_ascii_case(name));
        if let Some(number) = number
            && weight > 0
        {
            found.push((weight, number));
        }
    }
    found.sort_by_key(|(weight, number)| (std::cmp::Reverse(*weight), *number));
    found.into_iter().map(|(_, number)| number).collect()
}

/// The weight of what has none, in hundred thousandths.
const WHOLE: u32 = 100_000;

/// A weight in hundred thousandths; what is no weight from 0 to 1 counts as 1.
fn weight(parameter: &[u8]) -> u32 {
    let text = parameter.trim_ascii();
    let digits = match text {
        [b'q' | b'Q', b'=', digits @ ..] => str::from_utf8(digits).ok(),
        _ => None,
    };
    match digits.and_then(|digits| digits.parse::<f32>().ok()) {
        Some(weight) if (0.0..=1.0).contains(&weight) => (weight * WHOLE as f32).round() as u32,
        _ => WHOLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_then_order() {
        for (field, expected) in [
            ("gzip, zstd", &[0, 2][..]),
            ("gzip;q=0.5, br;q=0.6", &[1, 2]),
            ("gzip;q=0, br", &[1]),
            ("GZIP ; Q=1", &[2]),
            ("gzip;q=2, zstd;q=x", &[0, 2]),
            ("*", &[]),
            ("identity", &[]),
            ("", &[]),
            ("gzip;x=1;q=0", &[2]),
        ] {
            let mut head = Head::new();
            head.push(b"Accept-Encoding", field.as_bytes());
            assert_eq!(
                accepted(&head, &[b"zstd", b"br", b"gzip"]),
                expected,
                "{field}"
            );
        }
    }
}
