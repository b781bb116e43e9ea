//! Numbers as Go reads and writes them.

/// A double in Go's `%g` form with as few digits as tell it from its
/// neighbours: `1.5`, `1e+06`, `+Inf`.
pub fn shortest(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go chooses by the exponent of the decimal form.
    if (-4..6).contains(&exponent) {
        return plain(value);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A double in Go's `%f` form with as few digits as are needed.
pub fn plain(value: f64) -> String {
    format!("{value}")
}

/// A double as `strconv.ParseFloat` reads one, but for hexadecimal ones.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let named = ["inf", "infinity", "nan"]
        .iter()
        .any(|name| bare.eq_ignore_ascii_case(name));
    let value: f64 = text.parse().ok()?;
    // What is too large for a double is an error, not infinity.
    (named || value.is_finite()).then_some(value)
}

/// An integer in decimal digits.
pub fn parse_int(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An integer in decimal digits without a sign.
pub fn parse_uint(text: &[u8]) -> Option<u64> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What Go takes for a truth value.
pub fn parse_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Some(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Some(false),
        _ => None,
    }
}
