//! What operations read and write, define and use, and which code they enter.

use crate::program::{Act, Choice, End, IntRef, Op, Target, Test, TextRef, Value};

/// Parts of a request that operations read or write, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u16);

impl Parts {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Method and target, with all forms of the path.
    pub const TARGET: Self = Self(1);
    /// The request's header fields, host included.
    pub const REQUEST_HEAD: Self = Self(2);
    /// The response's header fields.
    pub const RESPONSE_HEAD: Self = Self(4);
    /// Variables and captures.
    pub const VARIABLES: Self = Self(8);
    /// The stacks of scopes and filters.
    pub const STACKS: Self = Self(16);
    /// The request's own memory.
    pub const LOCALS: Self = Self(32);
    /// The head of an upstream attempt.
    pub const UPSTREAM_HEAD: Self = Self(64);
    /// Values of expressions.
    pub const REGISTERS: Self = Self(128);
    /// The request's body.
    pub const BODY: Self = Self(256);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets share a part.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Op {
    /// What the operation reads, and what it writes.
    #[must_use]
    pub fn effects(&self) -> (Parts, Parts) {
        use zs_abi::HeadTarget::{Request, Response, UpstreamRequest, UpstreamResponse};
        let everything = Parts::TARGET.and(Parts::REQUEST_HEAD).and(Parts::VARIABLES);
        let head = |target| match target {
            Request => Parts::REQUEST_HEAD,
            Response => Parts::RESPONSE_HEAD,
            UpstreamRequest | UpstreamResponse => Parts::UPSTREAM_HEAD,
        };
        match self {
            Self::PathSet { .. } | Self::Walk { .. } | Self::QueryFind { .. } => {
                (Parts::TARGET, Parts::NONE)
            }
            Self::HostLookup { .. } => (Parts::REQUEST_HEAD, Parts::NONE),
            Self::HeaderFind { target, .. } => (head(*target), Parts::NONE),
            Self::Expand { .. } => (everything, Parts::NONE),
            Self::FirstOf { .. } => (Parts::NONE, Parts::NONE),
            Self::Choose { .. } => (Parts::UPSTREAM_HEAD, Parts::UPSTREAM_HEAD),
            Self::HeaderOps { target, .. } => (everything.and(head(*target)), head(*target)),
            Self::EncodeBegin { .. } => (Parts::REQUEST_HEAD, Parts::REQUEST_HEAD),
            Self::EncodeSniff { .. } | Self::Encode { .. } => (everything, Parts::RESPONSE_HEAD),
            Self::Rewrite { .. } => (everything, Parts::TARGET),
            Self::FileLook { .. } | Self::VarSet { .. } => (everything, Parts::VARIABLES),
            Self::BodyLimit { .. } => (Parts::BODY, Parts::BODY),
            Self::BodySet { .. } => (everything, Parts::BODY),
            Self::LocalSet { .. } => (Parts::NONE, Parts::LOCALS),
            Self::RegistersClear | Self::RegisterConstant { .. } => (Parts::NONE, Parts::REGISTERS),
            Self::RegisterPlaceholder { .. } => (everything, Parts::REGISTERS),
            Self::RegisterCopy { .. } | Self::RegisterRegex { .. } | Self::RegisterCall { .. } => {
                (Parts::REGISTERS, Parts::REGISTERS)
            }
            Self::FilterPush { .. }
            | Self::ScopePush { .. }
            | Self::ScopePop
            | Self::TrustPeer { .. } => (Parts::STACKS, Parts::STACKS),
        }
    }

    /// The value that the operation defines.
    #[must_use]
    pub fn defines(&self) -> Option<Value> {
        match self {
            Self::PathSet { out, .. }
            | Self::Walk { out, .. }
            | Self::HostLookup { out, .. }
            | Self::HeaderFind { out, .. }
            | Self::QueryFind { out, .. }
            | Self::Expand { out, .. }
            | Self::FirstOf { out, .. }
            | Self::Choose { out, .. }
            | Self::BodyLimit { out, .. }
            | Self::FileLook { out, .. } => Some(*out),
            Self::EncodeBegin { .. }
            | Self::EncodeSniff { .. }
            | Self::Encode { .. }
            | Self::HeaderOps { .. }
            | Self::Rewrite { .. }
            | Self::VarSet { .. }
            | Self::BodySet { .. }
            | Self::LocalSet { .. }
            | Self::RegistersClear
            | Self::RegisterConstant { .. }
            | Self::RegisterPlaceholder { .. }
            | Self::RegisterCopy { .. }
            | Self::RegisterRegex { .. }
            | Self::RegisterCall { .. }
            | Self::FilterPush { .. }
            | Self::ScopePush { .. }
            | Self::ScopePop
            | Self::TrustPeer { .. } => None,
        }
    }

    /// The value that the operation uses.
    #[must_use]
    pub fn uses(&self) -> Option<Value> {
        match self {
            Self::Walk {
                text: TextRef::Value(value),
                ..
            }
            | Self::Choose {
                choice: Choice::Hash(TextRef::Value(value)),
                ..
            }
            | Self::FirstOf { list: value, .. } => Some(*value),
            _ => None,
        }
    }

    /// Code that the runtime may enter because of the operation.
    pub fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::FilterPush { target } | Self::ScopePush { target, .. } => Some(target),
            _ => None,
        }
    }

    /// As [`Self::target_mut`].
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::FilterPush { target } | Self::ScopePush { target, .. } => Some(*target),
            _ => None,
        }
    }
}

impl Test {
    /// The values that the test uses.
    #[must_use]
    pub fn uses(&self) -> Vec<Value> {
        let text = |text: &TextRef| match text {
            TextRef::Value(value) => Some(*value),
            TextRef::View(_) => None,
        };
        match self {
            Self::Text { text: read, .. }
            | Self::Glob { text: read, .. }
            | Self::Accepts { text: read, .. }
            | Self::Regex { text: read, .. } => text(read).into_iter().collect(),
            Self::AnySame { list, other } => std::iter::once(*list).chain(text(other)).collect(),
            Self::Same { text: one, other } => text(one).into_iter().chain(text(other)).collect(),
            Self::Path { set: value, .. }
            | Self::Bit { set: value, .. }
            | Self::Group { set: value, .. }
            | Self::PathRegexp { set: value, .. }
            | Self::Any { list: value, .. }
            | Self::AnyAccepts { list: value, .. }
            | Self::AnyRegex { list: value, .. }
            | Self::Found { list: value } => vec![*value],
            Self::Int {
                int: IntRef::Value(value),
                ..
            } => vec![*value],
            Self::Int { .. }
            | Self::PathEscaped { .. }
            | Self::RegisterTruth { .. }
            | Self::RegisterNext { .. }
            | Self::Address { .. }
            | Self::ClientNext { .. } => Vec::new(),
        }
    }
}

impl End {
    /// The blocks that follow at once.
    #[must_use]
    pub fn successors(&self) -> Vec<crate::program::BlockId> {
        match self {
            Self::Jump(to) => vec![*to],
            Self::Branch { then, or, .. } => vec![*then, *or],
            Self::Dispatch { none, .. } => vec![*none],
            Self::Tail(_) | Self::Act { .. } => Vec::new(),
        }
    }

    /// The blocks that follow at once, to be renamed.
    pub fn successors_mut(&mut self) -> Vec<&mut crate::program::BlockId> {
        match self {
            Self::Jump(to) => vec![to],
            Self::Branch { then, or, .. } => vec![then, or],
            Self::Dispatch { none, .. } => vec![none],
            Self::Tail(_) | Self::Act { .. } => Vec::new(),
        }
    }

    /// The values that it uses.
    #[must_use]
    pub fn uses(&self) -> Vec<Value> {
        match self {
            Self::Branch { test, .. } => test.uses(),
            Self::Dispatch { value, .. } => vec![*value],
            Self::Jump(_) | Self::Tail(_) | Self::Act { .. } => Vec::new(),
        }
    }

    /// Whether the chain may wait here: a value does not live across it.
    #[must_use]
    pub fn suspends(&self) -> bool {
        matches!(
            self,
            Self::Act {
                resume: Some(_),
                ..
            }
        )
    }

    /// Whether it is an action that needs a place to go on.
    #[must_use]
    pub fn needs_resume(&self) -> bool {
        matches!(
            self,
            Self::Act {
                act: Act::Goto | Act::Subrequest(_),
                ..
            }
        )
    }
}
