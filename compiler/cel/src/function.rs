//! The functions and operators by name.

use std::fmt;

macro_rules! functions {
    ($($variant:ident $name:literal,)*) => {
        /// A function, a method or an operator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Function {
            /// All functions and operators.
            pub const ALL: &[Function] = &[$(Function::$variant,)*];

            /// How it is written.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => $name,)*
                }
            }
        }
    };
}

functions! {
    Negate "-",
    Not "!",
    Index "[]",
    Equal "==",
    NotEqual "!=",
    Less "<",
    LessEqual "<=",
    Greater ">",
    GreaterEqual ">=",
    In "in",
    Add "+",
    Subtract "-",
    Multiply "*",
    Divide "/",
    Modulo "%",

    ToBool "bool",
    ToBytes "bytes",
    ToDouble "double",
    ToDuration "duration",
    ToDynamic "dyn",
    ToInt "int",
    ToString "string",
    ToTimestamp "timestamp",
    ToUint "uint",
    TypeOf "type",

    Size "size",
    Contains "contains",
    EndsWith "endsWith",
    Matches "matches",
    StartsWith "startsWith",

    Date "getDate",
    DayOfMonth "getDayOfMonth",
    DayOfWeek "getDayOfWeek",
    DayOfYear "getDayOfYear",
    FullYear "getFullYear",
    Hours "getHours",
    Milliseconds "getMilliseconds",
    Minutes "getMinutes",
    Month "getMonth",
    Seconds "getSeconds",

    CharAt "charAt",
    Format "format",
    IndexOf "indexOf",
    Join "join",
    LastIndexOf "lastIndexOf",
    LowerAscii "lowerAscii",
    Quote "strings.quote",
    Replace "replace",
    Reverse "reverse",
    Split "split",
    Substring "substring",
    Trim "trim",
    UpperAscii "upperAscii",

    Distinct "distinct",
    Flatten "flatten",
    ListRange "lists.range",
    Slice "slice",
    Sort "sort",

    Abs "math.abs",
    BitAnd "math.bitAnd",
    BitNot "math.bitNot",
    BitOr "math.bitOr",
    BitShiftLeft "math.bitShiftLeft",
    BitShiftRight "math.bitShiftRight",
    BitXor "math.bitXor",
    Ceil "math.ceil",
    Floor "math.floor",
    Greatest "math.greatest",
    IsFinite "math.isFinite",
    IsInfinite "math.isInf",
    IsNan "math.isNaN",
    Least "math.least",
    Round "math.round",
    Sign "math.sign",
    SquareRoot "math.sqrt",
    Truncate "math.trunc",
}

impl Function {
    /// The function that is called by this name. Operators are not called.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::callable().find(|function| function.name() == name)
    }

    /// The functions that are called by name.
    pub(crate) fn callable() -> impl Iterator<Item = Function> {
        let called = |function: &Function| {
            *function != Function::In
                && function
                    .name()
                    .starts_with(|first: char| first.is_ascii_alphabetic())
        };
        Self::ALL.iter().copied().filter(called)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
