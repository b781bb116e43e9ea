//! Layouts of times: texts in which a NUL byte and the number of a part stand for that part of the time.

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// A part of a time, in UTC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum TimePart { $($(#[$doc])* $name = $number,)* }

        impl TimePart {
            /// The part with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

parts! {
    /// `2006`
    Year = 1,
    /// `06`
    ShortYear = 2,
    /// `January`
    MonthName = 3,
    /// `Jan`
    ShortMonthName = 4,
    /// `01`
    Month = 5,
    /// `1`
    PlainMonth = 6,
    /// `Monday`
    Weekday = 7,
    /// `Mon`
    ShortWeekday = 8,
    /// `02`
    Day = 9,
    /// `2`
    PlainDay = 10,
    /// `_2`
    SpacedDay = 11,
    /// `15`
    Hour = 12,
    /// `03`
    HalfDayHour = 13,
    /// `3`
    PlainHalfDayHour = 14,
    /// `04`
    Minute = 15,
    /// `4`
    PlainMinute = 16,
    /// `05`
    Second = 17,
    /// `5`
    PlainSecond = 18,
    /// `PM`
    HalfOfDay = 19,
    /// `pm`
    LowerHalfOfDay = 20,
    /// The digits of the fraction of a second, as many as the next byte says.
    Fraction = 21,
    /// As [`TimePart::Fraction`] with its mark, which is the byte after that, and without zeros at the end; nothing if
    /// there are only zeros.
    TrimmedFraction = 22,
    /// `002`
    DayOfYear = 23,
}
