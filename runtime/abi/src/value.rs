//! Values of expressions: the functions on them, and how constant ones are
//! written in the site data.
//!
//! Values live in registers of the runtime, one set per worker; generated code
//! names registers by number. A register holds a value, an error, or a list
//! that is being gone over. Registers do not outlive the run of an entry.

/// Registers that generated code may name.
pub const REGISTERS_MAX: u32 = 256;

/// What [`crate::Helper::RegisterTruth`] says of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Truth {
    /// It holds `false`.
    False = 0,
    /// It holds `true`.
    True = 1,
    /// It holds an error, or a value that is no truth value.
    Error = 2,
}

/// First byte of a constant: `null`.
pub const NULL: u8 = 0;
/// `false`
pub const FALSE: u8 = 1;
/// `true`
pub const TRUE: u8 = 2;
/// An integer: 8 bytes, little-endian, as all numbers below.
pub const INT: u8 = 3;
/// An unsigned integer: 8 bytes.
pub const UINT: u8 = 4;
/// A number with a fraction: 8 bytes.
pub const DOUBLE: u8 = 5;
/// A text: the rest of the constant.
pub const STRING: u8 = 6;
/// Bytes, as a text.
pub const BYTES: u8 = 7;
/// A type: its name.
pub const TYPE: u8 = 8;
/// The request.
pub const REQUEST: u8 = 9;
/// An error: its message.
pub const ERROR: u8 = 10;

macro_rules! functions {
    ($($(#[$doc:meta])* $group:ident { $($variant:ident $name:literal,)* })*) => {
        /// A function on values: it takes them from neighbouring registers and
        /// leaves its result in the first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum Function {
            $($(#[doc = concat!("`", $name, "`")] $variant,)*)*
        }

        /// Functions that are linked together.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group { $($(#[$doc])* $group,)* }

        impl Function {
            /// Every function, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// How it is written in expressions and in dumps.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// The group it belongs to.
            pub const fn group(self) -> Group {
                match self { $($(Self::$variant)|* => Group::$group,)* }
            }
        }
    };
}

functions! {
    /// What every expression may need.
    Basic {
        Not "!",
        Equal "==",
        NotEqual "!=",
        Less "<",
        LessEqual "<=",
        Greater ">",
        GreaterEqual ">=",
        In "in",
        Index "[]",
        Has "has",
        Size "size",
        Contains "contains",
        StartsWith "startsWith",
        EndsWith "endsWith",
        TypeOf "type",
        List "list",
        Map "map",
        Append "append",
        Iterate "iterate",
    }
    /// Arithmetic.
    Number {
        Add "+",
        Subtract "-",
        Multiply "*",
        Divide "/",
        Modulo "%",
        Negate "negate",
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
    /// From one type to another.
    Convert {
        ToBool "bool",
        ToBytes "bytes",
        ToDouble "double",
        ToDuration "duration",
        ToDynamic "dyn",
        ToInt "int",
        ToString "string",
        ToTimestamp "timestamp",
        ToUint "uint",
    }
    /// Texts.
    Text {
        CharAt "charAt",
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
    }
    /// Lists.
    Lists {
        Distinct "distinct",
        Flatten "flatten",
        ListRange "lists.range",
        Slice "slice",
        Sort "sort",
        SortBy "sortBy",
    }
    /// Points and lengths of time.
    Time {
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
    }
}

impl Function {
    /// The function with this number, if there is one.
    pub fn from_number(number: u64) -> Option<Self> {
        let number = usize::try_from(number).ok()?;
        Self::ALL.get(number).copied()
    }

    /// The function of this name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|function| function.name() == name)
    }
}
