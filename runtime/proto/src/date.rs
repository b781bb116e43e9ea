//! Dates in the form that HTTP uses (RFC 9110 §5.6.7).

/// A date and time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year of the Gregorian calendar.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Day of the week, 0 = Sunday.
    pub weekday: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

impl Civil {
    /// The date of a time in seconds since 1970-01-01T00:00:00Z.
    pub fn from_unix(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400);
        let time = seconds.rem_euclid(86_400);
        // Days are counted from 0000-03-01, so that the leap day ends a year;
        // an era is the 400 years after which the calendar repeats.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: month as u8,
            day: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
            hour: (time / 3_600) as u8,
            minute: (time / 60 % 60) as u8,
            second: (time % 60) as u8,
        }
    }

    /// Seconds since 1970 of a date in one of the three forms that a recipient must read (RFC 9110 §5.6.7): as
    /// [`Self::to_http`] writes it, with a long weekday and a year of two digits (RFC 850), and as C's `asctime`.
    pub fn parse(text: &[u8]) -> Option<i64> {
        let words = text.split(|byte| matches!(byte, b' ' | b'-'));
        let mut words = words.filter(|word| !word.is_empty());
        let weekday = words.next()?;
        let (day, month, year, time) = match weekday.strip_suffix(b",") {
            Some(name) => {
                let (day, month, year) = (words.next()?, words.next()?, words.next()?);
                let time = words.next()?;
                if words.next() != Some(b"GMT") || !is_weekday(name) {
                    return None;
                }
                (day, month, year, time)
            }
            None => {
                let (month, day, time) = (words.next()?, words.next()?, words.next()?);
                is_weekday(weekday).then_some((day, month, words.next()?, time))?
            }
        };
        if words.next().is_some() {
            return None;
        }
        let year = match (decimal(year)?, year.len()) {
            // As Go reads them: the years from 1969 to 2068.
            (year @ 69.., 2) => 1900 + year,
            (year, 2) => 2000 + year,
            (year, 4) => year,
            _ => return None,
        };
        let month = MONTHS
            .iter()
            .position(|name| month.eq_ignore_ascii_case(&name[..]))? as i64;
        let day = decimal(day)?;
        let mut clock = time.split(|byte| *byte == b':');
        let mut two = |most: i64| {
            let part = clock.next().filter(|part| part.len() == 2)?;
            decimal(part).filter(|value| *value <= most)
        };
        let (hour, minute, second) = (two(23)?, two(59)?, two(59)?);
        if clock.next().is_some() || day < 1 || day > days_of(year, month) {
            return None;
        }
        // Days are counted from March, so that the leap day ends a year.
        let (march_year, march_month) = (year - i64::from(month < 2), (month + 10) % 12);
        let era = march_year.div_euclid(400);
        let of_era = march_year.rem_euclid(400);
        let day_of_year = (153 * march_month + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
        Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
    }

    /// The date as HTTP writes it, for years of four digits:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn to_http(self) -> [u8; HTTP_DATE_BYTES] {
        let mut out = *b"Sun, 00 Jan 0000 00:00:00 GMT";
        out[..3].copy_from_slice(WEEKDAYS[usize::from(self.weekday % 7)]);
        put_two(&mut out, 5, self.day);
        out[8..11].copy_from_slice(MONTHS[usize::from((self.month + 11) % 12)]);
        let year = self.year.clamp(0, 9_999);
        put_two(&mut out, 12, (year / 100) as u8);
        put_two(&mut out, 14, (year % 100) as u8);
        put_two(&mut out, 17, self.hour);
        put_two(&mut out, 20, self.minute);
        put_two(&mut out, 23, self.second);
        out
    }
}

/// Length of a date as HTTP writes it.
pub const HTTP_DATE_BYTES: usize = 29;

fn put_two(out: &mut [u8], at: usize, value: u8) {
    out[at] = b'0' + value / 10;
    out[at + 1] = b'0' + value % 10;
}

/// A number of at most four digits.
fn decimal(digits: &[u8]) -> Option<i64> {
    let plain = (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let value = |value, digit: &u8| value * 10 + i64::from(digit - b'0');
    plain.then(|| digits.iter().fold(0, value))
}

/// Whether a word is a weekday, short or long.
fn is_weekday(word: &[u8]) -> bool {
    const LONG: [&[u8]; 7] = [
        b"Sunday",
        b"Monday",
        b"Tuesday",
        b"Wednesday",
        b"Thursday",
        b"Friday",
        b"Saturday",
    ];
    let named = |name: &[u8]| name.eq_ignore_ascii_case(word);
    LONG.iter().any(|long| named(long) || named(&long[..3]))
}

/// Days of a month, counted from 0.
fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 => 28 + i64::from(leap),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

const WEEKDAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(Civil::from_unix(seconds).to_http(), text.as_bytes());
            assert_eq!(Civil::parse(text.as_bytes()), Some(seconds));
        }
    }

    #[test]
    fn three_forms_and_no_other() {
        for (text, seconds) in [
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777)),
            ("Sun Nov  6 08:49:37 1994", Some(784_111_777)),
            ("sun, 06 NOV 1994 08:49:37 GMT", Some(784_111_777)),
            ("Fri, 29 Feb 2019 00:00:00 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT x", None),
            ("Sol, 06 Nov 1994 08:49:37 GMT", None),
            ("784111777", None),
            ("", None),
        ] {
            assert_eq!(Civil::parse(text.as_bytes()), seconds, "{text}");
        }
    }
}
