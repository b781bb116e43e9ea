//! Regular expressions in Go's syntax, compiled at build time.
//!
//! An expression becomes a program of `zs_abi::regex`: an automaton that one
//! routine of the runtime runs in linear time, with captures and leftmost-first
//! meaning. Where only the answer counts, a deterministic automaton is made
//! that `automaton_walk` of `stdlib-bpf` walks, as long as it stays small.

use std::collections::BTreeMap;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{NFA, State, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{look::Look, syntax};
use regex_automata::{Anchored, Input, MatchKind};
use zs_abi::data::Text;
use zs_abi::regex as program;
use zs_data::DataBuilder;

use crate::automaton::{Sets, encode_table};

/// Most bytes that a program may have: a larger expression (counted
/// repetitions of counted repetitions) costs too much on every request.
const PROGRAM_BYTES_MAX: usize = 1 << 20;

/// Most bytes that a deterministic automaton may have before the program is
/// used instead.
const AUTOMATON_BYTES_MAX: usize = 256 << 10;

/// Most bytes that the automaton of many expressions may have while it is made.
const SET_BYTES_MAX: usize = 32 << 20;

/// Compiles an expression to a program in the site data.
///
/// # Errors
/// What is wrong with the expression, in one sentence.
pub fn compile(pattern: &str, data: &mut DataBuilder) -> Result<Text, String> {
    let pattern = crate::go_syntax::translate(pattern)?;
    let nfa = NFA::compiler()
        .syntax(syntax())
        .configure(
            NFA::config()
                .which_captures(WhichCaptures::All)
                .nfa_size_limit(Some(PROGRAM_BYTES_MAX)),
        )
        .build(&pattern)
        .map_err(|error| describe(&error))?;
    let names = group_names(&nfa);
    let mut words = Writer::default().write(&nfa, names.len())?;
    for (index, name) in names {
        let name = data.text(name);
        words.extend([index, name.offset, name.len]);
    }
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    Ok(data.guest_table(&bytes, 4))
}

/// Compiles an expression to an automaton that accepts the texts in which it
/// matches anywhere; `None` if that grows too large.
pub fn automaton(pattern: &str, data: &mut DataBuilder) -> Option<Text> {
    let pattern = crate::go_syntax::translate(pattern).ok()?;
    let config = dense::Config::new()
        .match_kind(MatchKind::LeftmostFirst)
        .dfa_size_limit(Some(AUTOMATON_BYTES_MAX))
        .determinize_size_limit(Some(4 * AUTOMATON_BYTES_MAX));
    let dfa = dense::Builder::new()
        .configure(config)
        .syntax(syntax())
        .build(&pattern)
        .ok()?;
    let start = dfa
        .start_state_forward(&Input::new("").anchored(Anchored::No))
        .ok()?;
    let classes = dfa.byte_classes();
    let examples: Vec<u8> = classes
        .representatives(..)
        .filter_map(|unit| unit.as_u8())
        .collect();
    let mut table = Table::new(examples.len());
    table.number(start);
    let mut at = 0;
    while at < table.states.len() {
        let state = table.states[at];
        for byte in &examples {
            let next = dfa.next_state(state, *byte);
            let to = match (dfa.is_match_state(next), dfa.is_dead_state(next)) {
                (true, _) => Table::ACCEPTED,
                (false, true) => Table::DEAD,
                (false, false) => table.number(next),
            };
            table.transitions.push(to);
        }
        at += 1;
    }
    let ends = table
        .states
        .iter()
        .map(|state| dfa.is_match_state(dfa.next_eoi_state(*state)));
    let accepts: Vec<u32> = [0, 1].into_iter().chain(ends.map(u32::from)).collect();
    let class_of: [u8; 256] = std::array::from_fn(|byte| classes.get(byte as u8));
    let stride = examples.len() as u32;
    let bytes = encode_table(
        &class_of,
        stride,
        u32::from(Table::FIRST),
        &accepts,
        &table.transitions,
    );
    (accepts.len() <= usize::from(u16::MAX)).then(|| data.guest_table(&bytes, 8))
}

/// Whether an expression matches at the start of a text only.
pub fn begins_at_start(pattern: &str) -> bool {
    let Ok(translated) = crate::go_syntax::translate(pattern) else {
        return false;
    };
    let mut parser = regex_syntax::ParserBuilder::new().utf8(false).build();
    let starts = |hir: regex_syntax::hir::Hir| {
        let looks = hir.properties().look_set_prefix();
        looks.contains(regex_syntax::hir::Look::Start)
    };
    parser.parse(&translated).is_ok_and(starts)
}

/// Compiles expressions that match at the start only to one automaton; `None`
/// if that grows too large. Bit `n` of the set that a text leads to stands for
/// expression `n`, further bits for the groups.
pub fn set(patterns: &[String], groups: &[Vec<u32>], data: &mut DataBuilder) -> Option<Text> {
    let whole = |pattern: &String| {
        let pattern = crate::go_syntax::translate(pattern).ok()?;
        // Whatever follows a match, the text is accepted.
        Some(format!("(?:{pattern})(?s-u:.)*"))
    };
    let whole: Vec<String> = patterns.iter().map(whole).collect::<Option<_>>()?;
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(SET_BYTES_MAX))
        .determinize_size_limit(Some(4 * SET_BYTES_MAX));
    let dfa = dense::Builder::new()
        .configure(config)
        .syntax(syntax())
        .build_many(&whole)
        .ok()?;
    let input = Input::new("").anchored(Anchored::Yes);
    let start = dfa.start_state_forward(&input).ok()?;
    let classes = dfa.byte_classes();
    let examples: Vec<u8> = classes
        .representatives(..)
        .filter_map(|unit| unit.as_u8())
        .collect();
    let mut numbers = BTreeMap::from([(start, 1_u16)]);
    let mut states = vec![start];
    let mut transitions = vec![0; examples.len()];
    let mut at = 0;
    while at < states.len() {
        let state = states[at];
        for byte in &examples {
            let next = dfa.next_state(state, *byte);
            if dfa.is_dead_state(next) {
                transitions.push(0);
                continue;
            }
            let number = u16::try_from(states.len() + 1).ok()?;
            let known = *numbers.entry(next).or_insert(number);
            if known == number {
                states.push(next);
            }
            transitions.push(known);
        }
        at += 1;
    }
    let sets = Sets::new(patterns.len(), groups);
    let mut accepts = vec![0];
    for state in states {
        let end = dfa.next_eoi_state(state);
        let count = if dfa.is_match_state(end) {
            dfa.match_len(end)
        } else {
            0
        };
        let matched = (0..count).map(|number| dfa.match_pattern(end, number).as_u32());
        accepts.push(sets.place(matched, data));
    }
    let class_of: [u8; 256] = std::array::from_fn(|byte| classes.get(byte as u8));
    let bytes = encode_table(&class_of, examples.len() as u32, 1, &accepts, &transitions);
    Some(data.guest_table(&bytes, 8))
}

/// Letters are those of UTF-8; texts need not be.
fn syntax() -> syntax::Config {
    syntax::Config::new().unicode(true).utf8(false)
}

/// The states of an automaton in the order in which they are found, behind a
/// dead state and a state from which every text is accepted.
struct Table {
    numbers: BTreeMap<StateID, u16>,
    states: Vec<StateID>,
    transitions: Vec<u16>,
}

impl Table {
    const DEAD: u16 = 0;
    const ACCEPTED: u16 = 1;
    const FIRST: u16 = 2;

    fn new(stride: usize) -> Self {
        let mut transitions = vec![Self::DEAD; stride];
        transitions.resize(2 * stride, Self::ACCEPTED);
        Self {
            numbers: BTreeMap::new(),
            states: Vec::new(),
            transitions,
        }
    }

    fn number(&mut self, state: StateID) -> u16 {
        let next = Self::FIRST + self.states.len() as u16;
        let number = *self.numbers.entry(state).or_insert(next);
        if number == next {
            self.states.push(state);
        }
        number
    }
}

fn describe(error: &regex_automata::nfa::thompson::BuildError) -> String {
    use std::error::Error as _;
    match (error.size_limit(), error.source()) {
        (Some(_), _) => "the expression is too large".to_owned(),
        (None, Some(source)) => last_line(&source.to_string()),
        (None, None) => last_line(&error.to_string()),
    }
}

/// Syntax errors are shown as a drawing whose last line says what is wrong.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn group_names(nfa: &NFA) -> Vec<(u32, String)> {
    let groups = nfa
        .group_info()
        .pattern_names(regex_automata::PatternID::ZERO);
    groups
        .enumerate()
        .filter_map(|(index, name)| Some((index as u32, name?.to_owned())))
        .collect()
}

#[derive(Default)]
struct Writer {
    instructions: Vec<[u32; program::INSTRUCTION_WORDS]>,
    ranges: Vec<u32>,
}

impl Writer {
    fn write(mut self, nfa: &NFA, names: usize) -> Result<Vec<u32>, String> {
        // Instructions of the states come first, one each, so that a state's
        // number is its instruction's; what a state needs more goes behind.
        self.instructions
            .resize(nfa.states().len(), [program::FAIL, 0, 0, 0]);
        for (number, state) in nfa.states().iter().enumerate() {
            self.instructions[number] = self.state(state)?;
        }
        let slots = nfa.group_info().slot_len() as u32;
        let start = nfa.start_anchored().as_u32();
        let header = [self.instructions.len() as u32, start, slots, names as u32];
        let words = header
            .into_iter()
            .chain(self.instructions.iter().flatten().copied())
            .chain(self.ranges.iter().copied());
        Ok(words.collect())
    }

    fn state(&mut self, state: &State) -> Result<[u32; 4], String> {
        Ok(match state {
            State::ByteRange { trans } => [
                program::BYTE,
                trans.start.into(),
                trans.end.into(),
                trans.next.as_u32(),
            ],
            State::Sparse(sparse) => self.sparse(&sparse.transitions),
            State::Dense(_) => return Err("the expression needs an unusual automaton".to_owned()),
            State::Look { look, next } => [program::ASSERT, assertion(*look)?, next.as_u32(), 0],
            State::Union { alternates } => {
                let ways: Vec<u32> = alternates.iter().map(|state| state.as_u32()).collect();
                self.split(&ways)
            }
            State::BinaryUnion { alt1, alt2 } => [program::SPLIT, alt1.as_u32(), alt2.as_u32(), 0],
            State::Capture { next, slot, .. } => [program::SAVE, slot.as_u32(), next.as_u32(), 0],
            State::Fail => [program::FAIL, 0, 0, 0],
            State::Match { .. } => [program::MATCH, 0, 0, 0],
        })
    }

    /// Byte ranges that lead to the same place are one instruction; several
    /// places are tried in turn, which is right because ranges do not overlap.
    fn sparse(&mut self, transitions: &[regex_automata::nfa::thompson::Transition]) -> [u32; 4] {
        let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
        for trans in transitions {
            let range = u32::from(trans.start) | u32::from(trans.end) << 8;
            let next = trans.next.as_u32();
            match groups.iter_mut().find(|(to, _)| *to == next) {
                Some((_, ranges)) => ranges.push(range),
                None => groups.push((next, vec![range])),
            }
        }
        let mut ways = Vec::new();
        for (next, ranges) in groups {
            let first = self.ranges.len() as u32;
            let count = ranges.len() as u32;
            self.ranges.extend(ranges);
            ways.push([program::RANGES, first, count, next]);
        }
        match ways[..] {
            [only] => only,
            _ => {
                let numbers: Vec<u32> = ways.into_iter().map(|way| self.push(way)).collect();
                self.split(&numbers)
            }
        }
    }

    fn split(&mut self, ways: &[u32]) -> [u32; 4] {
        match ways {
            [] => [program::FAIL, 0, 0, 0],
            [only] => [program::SPLIT, *only, *only, 0],
            [first, second] => [program::SPLIT, *first, *second, 0],
            [first, rest @ ..] => {
                let rest = self.split(rest);
                let rest = self.push(rest);
                [program::SPLIT, *first, rest, 0]
            }
        }
    }

    fn push(&mut self, instruction: [u32; 4]) -> u32 {
        self.instructions.push(instruction);
        self.instructions.len() as u32 - 1
    }
}

fn assertion(look: Look) -> Result<u32, String> {
    Ok(match look {
        Look::Start => program::TEXT_START,
        Look::End => program::TEXT_END,
        Look::StartLF | Look::StartCRLF => program::LINE_START,
        Look::EndLF | Look::EndCRLF => program::LINE_END,
        Look::WordAscii | Look::WordUnicode => program::WORD_BOUNDARY,
        Look::WordAsciiNegate | Look::WordUnicodeNegate => program::NOT_WORD_BOUNDARY,
        _ => return Err("assertions on the start or end of a word are not in Go's syntax".into()),
    })
}
