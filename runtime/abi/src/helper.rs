//! Functions of the runtime that generated code may call.
//!
//! A helper is `extern "C" fn(u64, u64, u64, u64, u64) -> u64`; it finds the
//! running request through the worker. Guest pointers that it receives are
//! checked before they are used, numbers are bounded.

use crate::value::{Function, Group};

macro_rules! helpers {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $symbol:literal;)*) => {
        /// A function of the runtime that generated code may call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum Helper { $($(#[$doc])* $variant = $number,)* }

        impl Helper {
            /// Every helper, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The linker's name of the helper.
            pub const fn symbol(self) -> &'static str {
                match self { $(Self::$variant => concat!("zs_helper_", $symbol),)* }
            }

            /// The name used in dumps.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $symbol,)* }
            }

            /// The helper with this number, if there is one.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

helpers! {
    /// `(code)`: gives up the run; never returns. Always in slot 0.
    Trap = 0, "trap";
    /// `(entry)`: pushes a filter, run when a response head is ready.
    FilterPush = 1, "filter_push";
    /// `(entry, flags)`: pushes a scope whose errors enter `entry`; flags are
    /// the `SCOPE_*` bits.
    ScopePush = 2, "scope_push";
    /// `()`: pops the innermost scope.
    ScopePop = 3, "scope_pop";
    /// `(list, target)`: applies header operations to the head that `target`
    /// names, a [`HeadTarget`].
    HeaderOps = 4, "header_ops";
    /// `(list)`: applies rewrite operations to the current request and lays
    /// the view out anew. Returns 0, or the status of an error to raise.
    Rewrite = 5, "rewrite";
    /// `(variable, template)`: sets a request variable.
    VarSet = 6, "var_set";
    /// `(target, name, name_len)`: guest address of the values of the field, or 0
    /// if there is none. The values are `u32` count, `u32` zero, then pairs of
    /// `u32` pointer and `u32` length. `Host` and `Transfer-Encoding` of a
    /// request are found too.
    HeaderFind = 7, "header_find";
    /// `(name, name_len)`: guest address of the decoded values of a query
    /// parameter, as [`Self::HeaderFind`]; 0 if there is none or the query is malformed.
    QueryFind = 8, "query_find";
    /// `(regex, text, len, store)`: whether the expression matches. If `store`
    /// is not 0 and it matches, its captures become those of capture name
    /// `store - 1` and the latest ones.
    RegexMatch = 9, "regex_match";
    /// `(template)`: expands a template into the slot's heap; guest address of
    /// a pair of `u32` pointer and `u32` length.
    Expand = 10, "expand";
    /// `(pattern, len)`: whether a path pattern that holds percent signs
    /// matches the escaped path (Caddy compares escaped there).
    PathMatchEscaped = 11, "path_match_escaped";
    /// `(pattern, pattern_len, text, text_len)`: shell globbing in which `*` and `?` do not
    /// cross `/` (Go's `path.Match`).
    Glob = 12, "glob";
    /// `(look)`: looks for a file; 1 and what is known of it is kept for
    /// placeholders, or 0 if there is none.
    FileLook = 13, "file_look";
    /// `(encode)`: chooses the encoding that the response may get, and makes
    /// the request's conditions those of the plain response.
    EncodeBegin = 14, "encode_begin";
    /// `(encode, wanted)`: in a filter, encodes the response's body if it can
    /// be and `wanted` is not 0.
    Encode = 15, "encode";
    /// `(register, offset, len)`: decodes a constant of the site data into a
    /// register, see [`crate::value`].
    RegisterConstant = 16, "register_constant";
    /// `(register, template)`: puts the value of a template's only placeholder
    /// into a register, with the type that it has.
    RegisterPlaceholder = 17, "register_placeholder";
    /// `(register, from)`: copies a register.
    RegisterCopy = 18, "register_copy";
    /// `(register)`: what a register says of a condition, a
    /// [`crate::value::Truth`].
    RegisterTruth = 19, "register_truth";
    /// `(iterator, variable)`: puts the next element of the list that a register
    /// goes over into another; 0 if there is none.
    RegisterNext = 20, "register_next";
    /// `(register, regex)`: whether an expression matches the text in a
    /// register; leaves the answer there.
    RegisterRegex = 21, "register_regex";
    /// `(function, first, count)`: calls a function of
    /// [`crate::value::Group::Basic`] on registers.
    RegisterBasic = 22, "register_basic";
    /// As [`Self::RegisterBasic`], of [`crate::value::Group::Number`].
    RegisterNumber = 23, "register_number";
    /// As [`Self::RegisterBasic`], of [`crate::value::Group::Convert`].
    RegisterConvert = 24, "register_convert";
    /// As [`Self::RegisterBasic`], of [`crate::value::Group::Text`].
    RegisterText = 25, "register_text";
    /// As [`Self::RegisterBasic`], of [`crate::value::Group::Lists`].
    RegisterLists = 26, "register_lists";
    /// As [`Self::RegisterBasic`], of [`crate::value::Group::Time`].
    RegisterTime = 27, "register_time";
    /// `()`: forgets what registers hold; an expression begins.
    RegistersClear = 28, "registers_clear";
    /// `(bytes)`: limits how much later handlers may read of the request's
    /// body; 1 if its length is told and beyond that.
    BodyLimit = 29, "body_limit";
    /// `(template)`: puts a text in the place of the request's body.
    BodySet = 30, "body_set";
    /// `(encode)`: in a filter, gives a response that could be encoded and has
    /// no media type the one that its first bytes suggest.
    EncodeSniff = 31, "encode_sniff";
    /// `(first, count)`: chooses any of some backends that are available; its
    /// number, or [`NO_BACKEND`]. So do the others whose names begin with
    /// `Choose`.
    ChooseRandom = 32, "choose_random";
    /// `(first, count, draw)`: the one with the fewest requests among `draw`.
    ChooseDraw = 33, "choose_draw";
    /// `(first, count)`: the one with the fewest requests.
    ChooseLeast = 34, "choose_least";
    /// `(first, count)`: the first.
    ChooseFirst = 35, "choose_first";
    /// `(first, count, proxy)`: the next in the proxy's round.
    ChooseRound = 36, "choose_round";
    /// `(first, count, proxy, weights, len)`: the next in a round in which each
    /// comes as often as its weight says; weights are a `u32` for each.
    ChooseWeighted = 37, "choose_weighted";
    /// `(first, count, text, len)`: the one whose name hashes highest with a
    /// text.
    ChooseHash = 38, "choose_hash";
    /// `(proxy)`: what the peer says of the client is passed on by proxy
    /// `proxy - 1`, or by all if it is 0.
    TrustPeer = 39, "trust_peer";
    /// `(client)`: the next address that the peer names becomes the client's;
    /// 0 if there is none, and the client is the peer.
    ClientNext = 40, "client_next";
}

impl Helper {
    /// The helper that calls a function on values.
    pub const fn of_function(function: Function) -> Self {
        match function.group() {
            Group::Basic => Self::RegisterBasic,
            Group::Number => Self::RegisterNumber,
            Group::Convert => Self::RegisterConvert,
            Group::Text => Self::RegisterText,
            Group::Lists => Self::RegisterLists,
            Group::Time => Self::RegisterTime,
        }
    }
}

/// What a choice comes to if no backend is available.
pub const NO_BACKEND: u32 = u32::MAX;

/// Scope flag: an error restores the request as it was received first (the
/// server's own error routes).
pub const SCOPE_RESTORE: u64 = 1;

/// Bit of a capture name under which captures do not become the latest ones.
pub const CAPTURE_APART: u32 = 1 << 31;

/// What an error says whose cause is a body beyond its limit, as Go has it.
pub const BODY_TOO_LARGE: &str = "http: request body too large";

/// Which head header operations and look-ups are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum HeadTarget {
    /// The current request.
    Request = 0,
    /// The response to the client.
    Response = 1,
    /// The request copy of the running upstream attempt.
    UpstreamRequest = 2,
    /// The response of the upstream, before it is copied to the client's.
    UpstreamResponse = 3,
}

impl HeadTarget {
    /// The target with this number, if there is one.
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Request,
            1 => Self::Response,
            2 => Self::UpstreamRequest,
            3 => Self::UpstreamResponse,
            _ => return None,
        })
    }
}
