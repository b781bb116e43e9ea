//! Links modules: resolves calls by name, keeps what entries reach.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::encoding::DecodeError;
use crate::image::{EntryId, FileId, Function, FunctionId, HelperId, Image, Loc, Module};
use crate::op::Op;

/// Why modules do not link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Two functions have this name.
    DuplicateFunction(String),
    /// Two functions have this entry number.
    DuplicateEntry(EntryId),
    /// No function has this entry number, though a higher one exists.
    MissingEntry(EntryId),
    /// A call names a function that no module has.
    UndefinedFunction {
        /// Who calls.
        caller: String,
        /// What is missing.
        callee: String,
    },
    /// A function is not made of instructions, or its calls are not listed.
    Malformed {
        /// Name of the function.
        function: String,
        /// Where and what.
        error: DecodeError,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateFunction(name) => write!(f, "function {name} is defined twice"),
            Self::DuplicateEntry(entry) => write!(f, "{entry} is defined twice"),
            Self::MissingEntry(entry) => write!(f, "{entry} is not defined"),
            Self::UndefinedFunction { caller, callee } => {
                write!(f, "function {caller} calls {callee}, which is not defined")
            }
            Self::Malformed { function, error } => write!(f, "function {function}: {error}"),
        }
    }
}

impl std::error::Error for LinkError {}

/// Links modules into one image. Entries must have the numbers 0, 1, 2, …
/// without a gap. Functions follow in the order in which calls reach them, so the
/// result depends on nothing but the modules.
pub fn link(modules: &[Module]) -> Result<Image, LinkError> {
    let names = names(modules)?;
    let mut order: Vec<Place> = entries(modules)?;
    let mut numbers: BTreeMap<Place, FunctionId> = BTreeMap::new();
    for (number, place) in order.iter().enumerate() {
        numbers.insert(*place, FunctionId(number as u32));
    }
    let mut waiting: VecDeque<Place> = order.iter().copied().collect();
    while let Some(place) = waiting.pop_front() {
        let caller = place.function(modules);
        for call in &caller.calls {
            let Some(&callee) = names.get(call.callee.as_str()) else {
                return Err(LinkError::UndefinedFunction {
                    caller: caller.name.clone(),
                    callee: call.callee.clone(),
                });
            };
            if let std::collections::btree_map::Entry::Vacant(vacant) = numbers.entry(callee) {
                vacant.insert(FunctionId(order.len() as u32));
                order.push(callee);
                waiting.push_back(callee);
            }
        }
    }
    let mut image = Image::default();
    let mut helpers = BTreeSet::new();
    let mut files = Files::default();
    for place in order {
        let function = place.function(modules);
        let module = &modules[place.module];
        let lines = function.lines.iter();
        let lines = lines.map(|(at, loc)| (*at, files.renumber(*loc, module)));
        let mut linked = Function {
            lines: lines.collect(),
            calls: Vec::new(),
            ..function.clone()
        };
        resolve(&mut linked, function, |name| numbers[&names[name]]).map_err(|error| {
            LinkError::Malformed {
                function: function.name.clone(),
                error,
            }
        })?;
        collect_helpers(&linked, &mut helpers);
        image.functions.push(linked);
    }
    image.helpers = helpers.into_iter().collect();
    image.files = files.names;
    Ok(image)
}

/// Where a function stands among the modules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    module: usize,
    function: usize,
}

impl Place {
    fn function(self, modules: &[Module]) -> &Function {
        &modules[self.module].functions[self.function]
    }
}

fn places(modules: &[Module]) -> impl Iterator<Item = (Place, &Function)> {
    modules.iter().enumerate().flat_map(|(module, content)| {
        let functions = content.functions.iter().enumerate();
        functions.map(move |(function, body)| (Place { module, function }, body))
    })
}

fn names(modules: &[Module]) -> Result<BTreeMap<&str, Place>, LinkError> {
    let mut names = BTreeMap::new();
    for (place, function) in places(modules) {
        if names.insert(function.name.as_str(), place).is_some() {
            return Err(LinkError::DuplicateFunction(function.name.clone()));
        }
    }
    Ok(names)
}

/// The entry functions in the order of their numbers.
fn entries(modules: &[Module]) -> Result<Vec<Place>, LinkError> {
    let mut entries = BTreeMap::new();
    for (place, function) in places(modules) {
        if let Some(entry) = function.entry
            && entries.insert(entry, place).is_some()
        {
            return Err(LinkError::DuplicateEntry(entry));
        }
    }
    for (expected, entry) in (0..).zip(entries.keys()) {
        if entry.0 != expected {
            return Err(LinkError::MissingEntry(EntryId(expected)));
        }
    }
    Ok(entries.into_values().collect())
}

/// Writes the callees' numbers into the local calls.
fn resolve<'a>(
    linked: &mut Function,
    function: &'a Function,
    number: impl Fn(&'a str) -> FunctionId,
) -> Result<(), DecodeError> {
    let mut calls = function.calls.iter().peekable();
    let mut at = 0;
    while at < function.insns.len() {
        let op = Op::decode(&function.insns, at)?;
        if let Op::CallLocal(_) = op {
            let Some(call) = calls.next_if(|call| call.at as usize == at) else {
                let message = "local call without a name".to_string();
                return Err(DecodeError { at, message });
            };
            linked.insns[at].imm = number(&call.callee).0 as i32;
        }
        at += op.slots();
    }
    match calls.next() {
        None => Ok(()),
        Some(call) => Err(DecodeError {
            at: call.at as usize,
            message: format!("the call of {} is not a local call", call.callee),
        }),
    }
}

fn collect_helpers(linked: &Function, helpers: &mut BTreeSet<HelperId>) {
    let mut at = 0;
    while let Ok(op) = Op::decode(&linked.insns, at) {
        if let Op::CallHelper(helper) = op {
            helpers.insert(helper);
        }
        at += op.slots();
    }
}

/// File names of the image, each once.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    numbers: BTreeMap<String, FileId>,
}

impl Files {
    fn renumber(&mut self, loc: Loc, module: &Module) -> Loc {
        let name = match module.files.get(loc.file.0 as usize) {
            Some(name) => name.as_str(),
            None => "?",
        };
        let file = match self.numbers.get(name) {
            Some(file) => *file,
            None => {
                let file = FileId(self.names.len() as u32);
                self.names.push(name.to_string());
                self.numbers.insert(name.to_string(), file);
                file
            }
        };
        Loc { file, ..loc }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;

    fn modules(texts: &[&str]) -> Vec<Module> {
        let modules = texts.iter().map(|text| assemble("test", text));
        modules.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn keeps_what_entries_reach() {
        let modules = modules(&[
            "func spare: exit\nfunc two: .entry 1\ncall deep\ncall helper 9\nexit",
            "func deep: r0 = 1\nexit\nfunc one: .entry 0\ncall deep\nexit",
        ]);
        let image = link(&modules).unwrap();
        let names: Vec<_> = image.functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["one", "two", "deep"]);
        assert_eq!(image.helpers, [HelperId(9)]);
        let call = Op::decode(&image.functions[1].insns, 0).unwrap();
        assert_eq!(call, Op::CallLocal(FunctionId(2)));
    }

    #[test]
    fn tells_what_is_missing_or_double() {
        let error = |texts: &[&str]| link(&modules(texts)).unwrap_err().to_string();
        assert_eq!(
            error(&["func a: .entry 0\ncall b\nexit"]),
            "function a calls b, which is not defined"
        );
        assert_eq!(
            error(&["func a: exit", "func a: exit"]),
            "function a is defined twice"
        );
        assert_eq!(error(&["func a: .entry 1\nexit"]), "entry0 is not defined");
        assert_eq!(
            error(&["func a: .entry 0\nexit\nfunc b: .entry 0\nexit"]),
            "entry0 is defined twice"
        );
    }
}
