//! What a program is: functions of basic blocks, and the tables they name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zs_abi::data::{Range, Text};
use zs_abi::tables::{
    AuthenticationId, ClientAddressId, EncodeId, ErrorId, FileLookId, FileServerId, HeaderListId,
    ProxyId, RegexId, ResponseId, RewriteListId, SubrequestId, TemplateId, VariableId,
};
use zs_abi::{Capability, HeadTarget, value};
use zs_data::DataBuilder;
use zs_diagnostics::Span;

use crate::hosts::HostMap;
use crate::ranges::IpRange;

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident, $spelling:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into what it counts.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($spelling, "{}"), self.0)
            }
        }
    )*};
}

index! {
    /// A function of the program; also its number in the entry table.
    FunctionId, "fn";
    /// A block of a function.
    BlockId, "block";
    /// A value that an operation of the function defines.
    Value, "v";
    /// A register of the runtime that holds a value of an expression.
    Register, "r";
    /// A host map of the program.
    HostMapId, "hosts";
    /// A condition of the configuration.
    ConditionId, "condition";
}

/// A whole site.
#[derive(Debug, Default)]
pub struct Program {
    /// Texts and the tables that do not name functions.
    pub data: DataBuilder,
    /// The functions. All may be entered by the runtime.
    pub functions: Vec<Function>,
    /// The servers, which name their entry function.
    pub servers: Vec<Server>,
    /// The proxies, which name the functions of an attempt.
    pub proxies: Vec<Proxy>,
    /// Host maps that operations look names up in.
    pub host_maps: Vec<HostMap>,
    /// Optional parts of the runtime that the site uses.
    pub capabilities: BTreeSet<Capability>,
    /// Listeners, by the text that a person would write; for `inspect`.
    pub listeners: Vec<String>,
    /// What branches stand for, for those who want to know why a request goes
    /// where it goes. Nothing that is generated depends on it.
    pub conditions: Vec<Condition>,
    /// The functions of sites that are found by host, with the condition that
    /// leads there.
    pub sites: BTreeMap<FunctionId, ConditionId>,
}

/// A matcher as a person wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where.
    pub span: Span,
    /// Its name.
    pub name: &'static str,
    /// What it is to match, one of which is enough.
    pub items: Vec<String>,
    /// How it stands in a `not`.
    pub within: Within,
}

/// How a condition stands in a `not`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    /// In none, or in one within another.
    #[default]
    Plain,
    /// It is all that the `not` holds.
    Not,
    /// It is one of several.
    Several,
}

/// What a branch tells of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The condition.
    pub condition: ConditionId,
    /// Which of its items is tested.
    pub item: u32,
    /// The condition's answer once the branch is taken; `None` if others are
    /// tested then.
    pub then: Option<bool>,
    /// The same if it is not taken.
    pub or: Option<bool>,
}

/// A server: its record in the data but for the entry.
#[derive(Debug)]
pub struct Server {
    /// The record; its entry is filled in when the data is finished.
    pub record: zs_abi::tables::Server,
    /// Where requests enter.
    pub entry: FunctionId,
}

/// How a proxy chooses: its record in the data but for the entries.
#[derive(Debug)]
pub struct Balance {
    /// The record; its entries are filled in when the data is finished.
    pub record: zs_abi::tables::Balance,
    /// Chooses an upstream.
    pub choose: Option<Target>,
    /// Says whether a request is tried again that an upstream may have got.
    pub retry: Option<Target>,
    /// Says whether a request is tried again for its response's sake.
    pub response: Option<Target>,
}

/// A proxy: its record in the data but for the entries.
#[derive(Debug)]
pub struct Proxy {
    /// The record; its entries are filled in when the data is finished.
    pub record: zs_abi::tables::Proxy,
    /// Run before each attempt.
    pub request: Option<Target>,
    /// Run when the response head has arrived.
    pub response: Option<Target>,
    /// How it chooses.
    pub balance: Option<Balance>,
    /// The function whose blocks the targets name until it is split.
    pub owner: FunctionId,
}

/// A function: blocks, the first of which is where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name in dumps, symbols and log lines.
    pub name: String,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// How many values its operations define.
    pub values: u32,
}

/// Operations that run in order, and what follows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The operations.
    pub ops: Vec<Located<Op>>,
    /// What follows.
    pub end: Located<End>,
    /// What the end tells of a condition, if it is a branch or looks up hosts.
    pub asked: Option<Asked>,
}

/// Something with the place in the configuration that asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The thing.
    pub what: T,
    /// The place.
    pub span: Span,
}

/// Code that the runtime enters: a block of the same function until the
/// function is split, then a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A block of the same function.
    Block(BlockId),
    /// A function.
    Function(FunctionId),
}

macro_rules! view_fields {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $spelling:literal, $offset:ident;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is the field of `zs_abi::view` of its name")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Displacement of the field in the request view.
            #[must_use]
            pub const fn offset(self) -> i16 {
                match self { $(Self::$variant => zs_abi::view::$offset,)* }
            }

            /// The name in dumps.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $spelling,)* }
            }
        }
    )*};
}

view_fields! {
    /// A text of the request view.
    ViewText {
        Host = "host", HOST;
        HostTail = "host_tail", HOST_TAIL;
        PathRaw = "path_raw", PATH_RAW;
        Path = "path", PATH;
        PathMatch = "path_match", PATH_MATCH;
        PathSlashes = "path_slashes", PATH_SLASHES;
        PathClean = "path_clean", PATH_CLEAN;
        Query = "query", QUERY;
        Method = "method_text", METHOD_TEXT;
    }
    /// A number of the request view, 32 bits wide.
    ViewInt {
        Method = "method", METHOD;
        Proto = "proto", PROTO;
        Scheme = "scheme", SCHEME;
        LocalPort = "local_port", LOCAL_PORT;
        ErrorStatus = "error_status", ERROR_STATUS;
        RemoteFamily = "remote_family", REMOTE_FAMILY;
        ClientFamily = "client_family", CLIENT_FAMILY;
    }
}

/// Whose address a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressOf {
    /// The peer's.
    Remote,
    /// The client's.
    Client,
}

/// A text that a test reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRef {
    /// Of the request view.
    View(ViewText),
    /// Made by [`Op::Expand`].
    Value(Value),
}

/// A number that a test reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntRef {
    /// Of the request view.
    View(ViewInt),
    /// The argument the function was entered with (a status).
    Argument,
    /// A word of the request's own memory.
    Local(u32),
    /// Defined by an operation.
    Value(Value),
}

/// What an operation does. Each has the effects that [`Op::effects`] names.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Prepares path tests of one form; [`crate::paths`] replaces it.
    PathSet {
        /// What the tests name.
        out: Value,
        /// The form of the path.
        form: ViewText,
    },
    /// Walks an automaton over a text: the guest address of a set of bits.
    Walk {
        /// The accept value.
        out: Value,
        /// The automaton.
        table: Text,
        /// The text.
        text: TextRef,
    },
    /// Looks the host up: the number of a function, or `u32::MAX`.
    HostLookup {
        /// The function's number.
        out: Value,
        /// The map.
        map: HostMapId,
    },
    /// Finds the values of a header field: a list, or 0.
    HeaderFind {
        /// The list.
        out: Value,
        /// Whose head.
        target: HeadTarget,
        /// The field's name.
        name: String,
    },
    /// Finds the values of a query parameter: a list, or 0.
    QueryFind {
        /// The list.
        out: Value,
        /// The parameter's name.
        name: String,
    },
    /// Expands a template: a text.
    Expand {
        /// The text.
        out: Value,
        /// The template.
        template: TemplateId,
    },
    /// Looks for a file, which placeholders then know: 1, or 0 if there is
    /// none.
    FileLook {
        /// Whether there is one.
        out: Value,
        /// What is looked for.
        look: FileLookId,
    },
    /// Chooses the encoding that the response may get.
    EncodeBegin {
        /// How bodies are encoded.
        encode: EncodeId,
    },
    /// Gives the response the media type of its first bytes, if it has none.
    EncodeSniff {
        /// How bodies are encoded.
        encode: EncodeId,
    },
    /// Encodes the response's body if it can be.
    Encode {
        /// How bodies are encoded.
        encode: EncodeId,
        /// Whether it is one of those that are to be encoded.
        wanted: bool,
    },
    /// Applies header operations.
    HeaderOps {
        /// The operations.
        list: HeaderListId,
        /// To which head.
        target: HeadTarget,
    },
    /// Applies rewrite operations; raises `error` if they cannot be applied.
    Rewrite {
        /// The operations.
        list: RewriteListId,
        /// The error for a target that cannot be rewritten.
        error: ErrorId,
    },
    /// Forgets what registers hold: an expression begins.
    RegistersClear,
    /// Puts a constant into a register.
    RegisterConstant {
        /// Where.
        register: Register,
        /// The constant, as [`zs_abi::value`] has it.
        constant: Text,
    },
    /// Puts the value of a template's only placeholder into a register.
    RegisterPlaceholder {
        /// Where.
        register: Register,
        /// The template.
        template: TemplateId,
    },
    /// Copies a register.
    RegisterCopy {
        /// Where.
        register: Register,
        /// What.
        from: Register,
    },
    /// Replaces a text in a register by whether an expression matches it.
    RegisterRegex {
        /// Where.
        register: Register,
        /// The expression.
        regex: RegexId,
    },
    /// Calls a function on neighbouring registers; the first gets the result.
    RegisterCall {
        /// The function.
        function: value::Function,
        /// The first argument.
        first: Register,
        /// How many there are.
        count: u32,
    },
    /// Sets a variable.
    VarSet {
        /// The variable.
        variable: VariableId,
        /// The value.
        template: TemplateId,
    },
    /// The first value of a list that was found: a text.
    FirstOf {
        /// The text.
        out: Value,
        /// The list.
        list: Value,
    },
    /// Chooses an upstream: the number of its backend, or `u32::MAX`.
    Choose {
        /// The number.
        out: Value,
        /// The backends to choose from.
        from: Range,
        /// How.
        choice: Choice,
    },
    /// Limits how much is read of the request's body: 1 if it is known to be
    /// longer, else 0.
    BodyLimit {
        /// Whether it is.
        out: Value,
        /// How many bytes.
        bytes: u64,
    },
    /// Puts a text in the place of the request's body.
    BodySet {
        /// The text.
        template: TemplateId,
    },
    /// Sets a word of the request's own memory.
    LocalSet {
        /// Which word.
        local: u32,
        /// The value.
        value: u32,
    },
    /// Pushes a filter.
    FilterPush {
        /// Where it is entered.
        target: Target,
    },
    /// Pushes a scope.
    ScopePush {
        /// Where its errors are entered.
        target: Target,
        /// Whether an error restores the request as it was received.
        restore: bool,
    },
    /// Pops the innermost scope.
    ScopePop,
    /// Notes that what the peer says of the client is passed on.
    TrustPeer {
        /// By which proxy; by all if it is none.
        proxy: Option<ProxyId>,
    },
}

/// How an upstream is chosen among those that are available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Any.
    Random,
    /// The one with the fewest requests among so many that are drawn.
    Draw(u32),
    /// The one with the fewest requests.
    Least,
    /// The first.
    First,
    /// The next in the proxy's round.
    Round(ProxyId),
    /// The next in a round in which each comes as often as its weight says.
    Weighted(ProxyId, Text),
    /// By the hash of its name with a text.
    Hash(TextRef),
}

/// How a text is compared with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The same bytes.
    Equal,
    /// Begins with it.
    Prefix,
    /// Ends with it.
    Suffix,
    /// Holds it.
    Contains,
}

/// A condition. Tests have no effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Compares a text with a constant.
    Text {
        /// The text.
        text: TextRef,
        /// How.
        compare: Compare,
        /// The constant.
        with: Vec<u8>,
    },
    /// Whether two texts are the same.
    Same {
        /// One text.
        text: TextRef,
        /// The other.
        other: TextRef,
    },
    /// Whether a path pattern matches; [`crate::paths`] replaces it.
    Path {
        /// The prepared path.
        set: Value,
        /// The pattern, in lower case.
        pattern: String,
    },
    /// Whether an expression that begins at the start of the path matches a prepared path.
    PathRegexp {
        /// The prepared path.
        set: Value,
        /// The expression.
        pattern: String,
    },
    /// Whether a bit is set in the set at a guest address; no bit is set in the set 0.
    Bit {
        /// The set's address.
        set: Value,
        /// Which bit.
        bit: u32,
    },
    /// The same for a bit that stands for several: whether it is worth asking
    /// for each.
    Group {
        /// The set's address.
        set: Value,
        /// Which bit.
        bit: u32,
    },
    /// Whether a path pattern with percent signs matches the escaped path.
    PathEscaped {
        /// The pattern.
        pattern: String,
    },
    /// Whether a shell pattern matches a text.
    Glob {
        /// The pattern.
        pattern: String,
        /// The text.
        text: TextRef,
    },
    /// Whether a number lies in a range, both ends included.
    Int {
        /// The number.
        int: IntRef,
        /// Smallest.
        low: u32,
        /// Largest.
        high: u32,
    },
    /// Whether any value of a list compares with a constant.
    Any {
        /// The list.
        list: Value,
        /// How.
        compare: Compare,
        /// The constant.
        with: Vec<u8>,
    },
    /// Whether any value of a list is the same as a text.
    AnySame {
        /// The list.
        list: Value,
        /// The text.
        other: TextRef,
    },
    /// Whether a list was found.
    Found {
        /// The list.
        list: Value,
    },
    /// Whether an automaton accepts a text.
    Accepts {
        /// The automaton.
        table: Text,
        /// The text.
        text: TextRef,
    },
    /// Whether an expression matches a text; stores its captures.
    Regex {
        /// The expression.
        regex: RegexId,
        /// The text.
        text: TextRef,
        /// Number of the name that its captures are stored under.
        store: Option<u32>,
    },
    /// Whether an automaton accepts any value of a list.
    AnyAccepts {
        /// The list.
        list: Value,
        /// The automaton.
        table: Text,
    },
    /// Whether an expression matches any value of a list; stores the captures
    /// of the first that it matches.
    AnyRegex {
        /// The list.
        list: Value,
        /// The expression.
        regex: RegexId,
        /// As in [`Test::Regex`].
        store: Option<u32>,
    },
    /// Whether a register says this of a condition.
    RegisterTruth {
        /// The register.
        register: Register,
        /// What it is to say.
        truth: value::Truth,
    },
    /// Whether what a register goes over has another element, which becomes
    /// the value of another register.
    RegisterNext {
        /// What is gone over.
        iterator: Register,
        /// Where the element goes.
        variable: Register,
    },
    /// Whether an address lies in one of some ranges.
    Address {
        /// Whose address.
        of: AddressOf,
        /// The ranges.
        ranges: Vec<IpRange>,
    },
    /// Whether the peer names another address, which becomes the client's.
    ClientNext {
        /// Where it names them.
        client: ClientAddressId,
    },
}

/// What follows a block.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Another block.
    Jump(BlockId),
    /// One of two blocks.
    Branch {
        /// The condition.
        test: Test,
        /// If it holds.
        then: BlockId,
        /// If not.
        or: BlockId,
    },
    /// Another function.
    Tail(FunctionId),
    /// The function whose number a value holds, or a block if it is `u32::MAX`.
    Dispatch {
        /// The number.
        value: Value,
        /// If there is no such function.
        none: BlockId,
    },
    /// An action of the runtime.
    Act {
        /// The action.
        act: Act,
        /// Where to go on with its result. Values do not live across it.
        resume: Option<Target>,
    },
}

/// An action of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The chain has ended.
    End,
    /// A point that is asked something answers yes.
    Yes,
    /// Answer.
    Respond(ResponseId),
    /// Raise an error.
    Error(ErrorId),
    /// Drop the connection.
    Abort,
    /// Pass the request on.
    Proxy(ProxyId),
    /// Make a request to itself.
    Subrequest(SubrequestId),
    /// Answer with a file; with a place to go on for when there is none.
    Files(FileServerId),
    /// Go on for those who have an account.
    Authenticate(AuthenticationId),
    /// Change functions through the runtime.
    Goto,
}

impl Proxy {
    /// The code that the runtime enters for it.
    pub fn targets_mut(&mut self) -> impl Iterator<Item = &mut Target> {
        let balance = self.balance.as_mut();
        let balance = balance.map(|balance| {
            let Balance {
                choose,
                retry,
                response,
                ..
            } = balance;
            [choose, retry, response]
        });
        let attempt = [&mut self.request, &mut self.response];
        attempt
            .into_iter()
            .chain(balance.into_iter().flatten())
            .flatten()
    }

    /// As [`Self::targets_mut`].
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        let balance = self.balance.as_ref();
        let balance = balance.map(|balance| [balance.choose, balance.retry, balance.response]);
        let attempt = [self.request, self.response];
        attempt
            .into_iter()
            .chain(balance.into_iter().flatten())
            .flatten()
    }
}

impl Function {
    /// A function with one block that ends the chain.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            blocks: vec![Block::new()],
            values: 0,
        }
    }

    /// The block of this number.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }
}

impl Block {
    /// A block without operations that ends the chain.
    #[must_use]
    pub fn new() -> Self {
        let end = End::Act {
            act: Act::End,
            resume: None,
        };
        Self {
            ops: Vec::new(),
            end: Located {
                what: end,
                span: Span::default(),
            },
            asked: None,
        }
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}
