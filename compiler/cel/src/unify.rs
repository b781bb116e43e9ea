//! Which types agree, and what is learned about unknown ones when they do.

use crate::Type;
use crate::limits::{TYPE_DEPTH_MAX, TYPE_STEPS_MAX};
use crate::types::UnknownId;

/// What is known about unknown types.
#[derive(Debug, Default)]
pub(crate) struct Unifier {
    found: Vec<Option<Type>>,
    /// What was overwritten since the start, so that a failed attempt leaves no trace.
    undo: Vec<(UnknownId, Option<Type>)>,
    steps: u32,
    depth: u32,
    exhausted: bool,
}

impl Unifier {
    /// A type that is still to be found.
    pub(crate) fn fresh(&mut self) -> Type {
        self.found.push(None);
        Type::Unknown(UnknownId(self.found.len() as u32 - 1))
    }

    /// Whether the types became too large to go on. What was said of them since is not to be relied on.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether each type on the left can stand for the one on the right; learns from it if all can.
    pub(crate) fn assignable(&mut self, left: &[Type], right: &[Type]) -> bool {
        let mark = self.undo.len();
        let agree = left.len() == right.len()
            && left
                .iter()
                .zip(right)
                .all(|(left, right)| self.agree(left, right));
        if !agree {
            while self.undo.len() > mark {
                if let Some((unknown, earlier)) = self.undo.pop() {
                    self.found[unknown.0 as usize] = earlier;
                }
            }
        }
        agree
    }

    /// The type that two which agree have in common: the one that says less.
    pub(crate) fn join(&mut self, left: &Type, right: &Type) -> Option<Type> {
        let agree = self.assignable(std::slice::from_ref(left), std::slice::from_ref(right));
        agree.then(|| self.most_general(left, right))
    }

    /// The type with everything that is known put in. What is not known stays, or becomes dynamic.
    pub(crate) fn resolve(&mut self, ty: &Type, finish: bool) -> Type {
        if !self.enter() {
            return Type::Dynamic;
        }
        let resolved = match ty {
            Type::Unknown(unknown) => match self.found[unknown.0 as usize].clone() {
                Some(found) => self.resolve(&found, finish),
                None if finish => Type::Dynamic,
                None => ty.clone(),
            },
            Type::List(element) => Type::list(self.resolve(element, finish)),
            Type::Map(key, value) => {
                Type::map(self.resolve(key, finish), self.resolve(value, finish))
            }
            other => other.clone(),
        };
        self.depth -= 1;
        resolved
    }

    /// Counts a step; false when it is one too many.
    fn enter(&mut self) -> bool {
        self.steps += 1;
        if self.steps > TYPE_STEPS_MAX || self.depth >= TYPE_DEPTH_MAX {
            self.exhausted = true;
            return false;
        }
        self.depth += 1;
        true
    }

    fn agree(&mut self, left: &Type, right: &Type) -> bool {
        if !self.enter() {
            return true;
        }
        let agree = self.agree_inside(left, right);
        self.depth -= 1;
        agree
    }

    fn agree_inside(&mut self, left: &Type, right: &Type) -> bool {
        if let Type::Unknown(unknown) = right {
            let (agrees, known) = self.substitute(left, *unknown);
            if agrees || known {
                return agrees;
            }
        }
        if let Type::Unknown(unknown) = left {
            return self.substitute(right, *unknown).0;
        }
        match (left, right) {
            (Type::Dynamic, _) | (_, Type::Dynamic) => true,
            (Type::Null, other) | (other, Type::Null) => {
                use Type::{Duration, Null, Request, Timestamp};
                matches!(other, Null | Request | Duration | Timestamp)
            }
            (Type::List(left), Type::List(right)) => self.agree(left, right),
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.agree(key, other_key) && self.agree(value, other_value)
            }
            (left, right) => left == right,
        }
    }

    /// Whether an unknown type can be this one, and whether something was known about it before.
    fn substitute(&mut self, ty: &Type, unknown: UnknownId) -> (bool, bool) {
        if *ty == Type::Unknown(unknown) {
            return (true, true);
        }
        let Some(found) = self.found[unknown.0 as usize].clone() else {
            let free = !self.occurs(unknown, ty);
            if free {
                self.set(unknown, ty.clone());
            }
            return (free, false);
        };
        if *ty == found {
            return (true, true);
        }
        let agrees = self.agree(ty, &found);
        if agrees {
            let general = self.most_general(ty, &found);
            if !self.occurs(unknown, &general) {
                self.set(unknown, general);
            }
        }
        (agrees, true)
    }

    fn set(&mut self, unknown: UnknownId, ty: Type) {
        let earlier = self.found[unknown.0 as usize].replace(ty);
        self.undo.push((unknown, earlier));
    }

    /// Whether an unknown type is a part of this one.
    fn occurs(&mut self, unknown: UnknownId, ty: &Type) -> bool {
        if !self.enter() {
            return true;
        }
        let occurs = match ty {
            Type::Unknown(other) if *other == unknown => true,
            Type::Unknown(other) => match self.found[other.0 as usize].clone() {
                Some(found) => self.occurs(unknown, &found),
                None => false,
            },
            Type::List(element) => self.occurs(unknown, element),
            Type::Map(key, value) => self.occurs(unknown, key) || self.occurs(unknown, value),
            _ => false,
        };
        self.depth -= 1;
        occurs
    }

    fn most_general(&mut self, left: &Type, right: &Type) -> Type {
        if self.says_less(left, right) {
            left.clone()
        } else {
            right.clone()
        }
    }

    /// Whether the left type is the right one with parts of it left open.
    fn says_less(&mut self, left: &Type, right: &Type) -> bool {
        if !self.enter() {
            return true;
        }
        let less = match (left, right) {
            (Type::Dynamic | Type::Unknown(_), _) => true,
            (_, Type::Dynamic | Type::Unknown(_)) => false,
            (Type::List(left), Type::List(right)) => self.says_less(left, right),
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.says_less(key, other_key) && self.says_less(value, other_value)
            }
            (left, right) => left == right,
        };
        self.depth -= 1;
        less
    }
}
