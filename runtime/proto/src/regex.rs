//! Runs the program of a regular expression: all ways at once, in time linear
//! in text and program, with leftmost-first meaning (a Pike machine).
//!
//! The program's words are described in `zs_abi::regex`. This crate does not
//! depend on the contract; a test of the server compares [`NUMBERS`] with it.

/// Words before the first instruction.
const HEADER_WORDS: usize = 4;
/// Words that an instruction takes.
const INSTRUCTION_WORDS: usize = 4;

const MATCH: u32 = 0;
const BYTE: u32 = 1;
const RANGES: u32 = 2;
const SPLIT: u32 = 3;
const SAVE: u32 = 4;
const ASSERT: u32 = 5;

/// The numbers above, for a test that compares them with the contract.
pub const NUMBERS: [u32; 8] = [
    MATCH,
    BYTE,
    RANGES,
    SPLIT,
    SAVE,
    ASSERT,
    HEADER_WORDS as u32,
    INSTRUCTION_WORDS as u32,
];

/// A position in a capture slot that was not reached.
pub const UNSET: u32 = u32::MAX;

/// A program in the site's read-only data.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    words: &'a [u8],
    instructions: usize,
    start: u32,
    slots: usize,
    names: usize,
    ranges_at: usize,
    names_at: usize,
}

/// Memory that a run needs; reused from run to run.
#[derive(Debug, Default)]
pub struct Scratch {
    current: Threads,
    next: Threads,
    stack: Vec<Todo>,
    slots: Vec<u32>,
}

#[derive(Debug, Default)]
struct Threads {
    /// Instructions in the order of their priority.
    dense: Vec<u32>,
    /// For each instruction where it stands in `dense`, if it does.
    sparse: Vec<u32>,
    /// The capture slots of each instruction.
    slots: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Todo {
    Visit(u32),
    Restore { slot: usize, position: u32 },
}

impl<'a> Program<'a> {
    /// A program over its words, little-endian.
    ///
    /// Returns `None` if the words are too few for what the header says.
    pub fn new(words: &'a [u8]) -> Option<Self> {
        let word = |at: usize| Some(read(words, at)? as usize);
        let instructions = word(0)?;
        let slots = word(2)?;
        let names = word(3)?;
        let total = words.len() / 4;
        let ranges_at = HEADER_WORDS.checked_add(instructions.checked_mul(INSTRUCTION_WORDS)?)?;
        let names_at = total.checked_sub(names.checked_mul(3)?)?;
        if ranges_at > names_at || instructions == 0 || slots > SLOTS_MAX {
            return None;
        }
        Some(Self {
            words,
            instructions,
            start: word(1)? as u32,
            slots,
            names,
            ranges_at,
            names_at,
        })
    }

    /// How many capture slots there are: two for each group.
    pub const fn slots(self) -> usize {
        self.slots
    }

    /// The named groups: index, and offset and length of the name in the
    /// site data.
    pub fn names(self) -> impl Iterator<Item = (u32, u32, u32)> + use<'a> {
        (0..self.names).map(move |number| {
            let at = self.names_at + number * 3;
            let word = |at| read(self.words, at).unwrap_or(0);
            (word(at), word(at + 1), word(at + 2))
        })
    }

    /// Looks for the leftmost match at or after `from`. `captures` gets the
    /// positions of the groups' starts and ends; it may be shorter than
    /// [`Self::slots`].
    pub fn search(
        self,
        text: &[u8],
        from: usize,
        captures: &mut [u32],
        scratch: &mut Scratch,
    ) -> bool {
        let width = captures.len().min(self.slots);
        captures.fill(UNSET);
        scratch.prepare(self.instructions, width);
        let mut found = false;
        for at in from..=text.len() {
            if scratch.current.dense.is_empty() && found {
                break;
            }
            if !found {
                scratch.slots.fill(UNSET);
                self.follow(text, at, self.start, true, scratch);
            }
            found |= self.advance(text, at, &mut captures[..width], scratch);
            std::mem::swap(&mut scratch.current, &mut scratch.next);
            scratch.next.dense.clear();
        }
        found
    }

    /// Moves every thread over the byte at `at`; true if one of them matches.
    fn advance(self, text: &[u8], at: usize, captures: &mut [u32], scratch: &mut Scratch) -> bool {
        let width = captures.len();
        let byte = text.get(at).copied();
        for number in 0..scratch.current.dense.len() {
            let pc = scratch.current.dense[number];
            let [operation, first, second, third] = self.instruction(pc);
            let target = match operation {
                MATCH => {
                    let slots = &scratch.current.slots[pc as usize * width..][..width];
                    captures.copy_from_slice(slots);
                    return true;
                }
                BYTE => byte
                    .is_some_and(|b| (first..=second).contains(&u32::from(b)))
                    .then_some(third),
                RANGES => byte
                    .is_some_and(|b| self.in_ranges(b, first, second))
                    .then_some(third),
                _ => None,
            };
            if let Some(target) = target {
                let slots = &scratch.current.slots[pc as usize * width..][..width];
                scratch.slots.copy_from_slice(slots);
                self.follow(text, at + 1, target, false, scratch);
            }
        }
        false
    }

    /// Adds the threads that are reached from `pc` without a byte.
    fn follow(self, text: &[u8], at: usize, pc: u32, current: bool, scratch: &mut Scratch) {
        let Scratch {
            current: here,
            next,
            stack,
            slots,
        } = scratch;
        let threads = if current { here } else { next };
        stack.push(Todo::Visit(pc));
        while let Some(todo) = stack.pop() {
            let pc = match todo {
                Todo::Restore { slot, position } => {
                    slots[slot] = position;
                    continue;
                }
                Todo::Visit(pc) => pc,
            };
            if pc as usize >= self.instructions || !threads.insert(pc, slots) {
                continue;
            }
            let [operation, first, second, _] = self.instruction(pc);
            match operation {
                SPLIT => {
                    stack.push(Todo::Visit(second));
                    stack.push(Todo::Visit(first));
                }
                SAVE => {
                    let slot = first as usize;
                    if let Some(position) = slots.get_mut(slot) {
                        stack.push(Todo::Restore {
                            slot,
                            position: *position,
                        });
                        *position = at as u32;
                    }
                    stack.push(Todo::Visit(second));
                }
                ASSERT if holds(first, text, at) => stack.push(Todo::Visit(second)),
                _ => {}
            }
        }
    }

    fn instruction(self, pc: u32) -> [u32; 4] {
        let at = HEADER_WORDS + pc as usize * INSTRUCTION_WORDS;
        match self.words.get(at * 4..at * 4 + 16) {
            Some(bytes) => std::array::from_fn(|i| read(bytes, i).unwrap_or(0)),
            // An operation that does not exist fails.
            None => [u32::MAX; 4],
        }
    }

    fn in_ranges(self, byte: u8, first: u32, count: u32) -> bool {
        (0..count as usize).any(|number| {
            let at = self.ranges_at + first as usize + number;
            let range = read(self.words, at).unwrap_or(0x00ff);
            (range as u8..=(range >> 8) as u8).contains(&byte)
        })
    }
}

/// Most capture slots of a program: every instruction keeps a copy of them.
const SLOTS_MAX: usize = 256;

impl Scratch {
    fn prepare(&mut self, instructions: usize, width: usize) {
        for threads in [&mut self.current, &mut self.next] {
            threads.dense.clear();
            threads
                .sparse
                .resize(instructions.max(threads.sparse.len()), 0);
            let slots = instructions * width;
            threads.slots.resize(slots.max(threads.slots.len()), UNSET);
        }
        self.stack.clear();
        self.slots.clear();
        self.slots.resize(width, UNSET);
    }
}

impl Threads {
    /// Adds an instruction with its slots unless it is there already.
    fn insert(&mut self, pc: u32, slots: &[u32]) -> bool {
        let index = self.sparse[pc as usize] as usize;
        if self.dense.get(index) == Some(&pc) {
            return false;
        }
        self.sparse[pc as usize] = self.dense.len() as u32;
        self.dense.push(pc);
        let at = pc as usize * slots.len();
        self.slots[at..at + slots.len()].copy_from_slice(slots);
        true
    }
}

/// Whether an assertion holds between the bytes before and at `at`.
fn holds(assertion: u32, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).copied();
    let after = text.get(at).copied();
    let boundary = is_word(before) != is_word(after);
    match assertion {
        0 => before.is_none(),
        1 => after.is_none(),
        2 => before.is_none_or(|byte| byte == b'\n'),
        3 => after.is_none_or(|byte| byte == b'\n'),
        4 => boundary,
        5 => !boundary,
        _ => false,
    }
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn read(words: &[u8], at: usize) -> Option<u32> {
    let bytes = words.get(at * 4..at * 4 + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Bytes of a program; each instruction is an operation and operands.
    pub fn program(slots: u32, instructions: &[[u32; 4]], ranges: &[(u8, u8)]) -> Vec<u8> {
        let mut words = vec![instructions.len() as u32, 0, slots, 0];
        words.extend(instructions.iter().flatten());
        words.extend(
            ranges
                .iter()
                .map(|(low, high)| u32::from(*low) | u32::from(*high) << 8),
        );
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn search(program: &[u8], text: &str) -> Option<Vec<u32>> {
        let program = Program::new(program).unwrap();
        let mut captures = vec![0; program.slots()];
        let mut scratch = Scratch::default();
        program
            .search(text.as_bytes(), 0, &mut captures, &mut scratch)
            .then_some(captures)
    }

    #[test]
    fn leftmost_first() {
        // (a+)(b|)
        let byte = |b: u8| u32::from(b);
        let words = program(
            6,
            &[
                [SAVE, 0, 1, 0],
                [SAVE, 2, 2, 0],
                [BYTE, byte(b'a'), byte(b'a'), 3],
                [SPLIT, 2, 4, 0],
                [SAVE, 3, 5, 0],
                [SAVE, 4, 6, 0],
                [SPLIT, 7, 8, 0],
                [BYTE, byte(b'b'), byte(b'b'), 8],
                [SAVE, 5, 9, 0],
                [SAVE, 1, 10, 0],
                [MATCH, 0, 0, 0],
            ],
            &[],
        );
        assert_eq!(search(&words, "xaabb"), Some(vec![1, 4, 1, 3, 3, 4]));
        assert_eq!(search(&words, "xaa"), Some(vec![1, 3, 1, 3, 3, 3]));
        assert_eq!(search(&words, "xbb"), None);
    }

    #[test]
    fn anchors_and_ranges() {
        // ^[0-9_]$
        let words = program(
            2,
            &[
                [SAVE, 0, 1, 0],
                [ASSERT, 0, 2, 0],
                [RANGES, 0, 2, 3],
                [ASSERT, 1, 4, 0],
                [SAVE, 1, 5, 0],
                [MATCH, 0, 0, 0],
            ],
            &[(b'0', b'9'), (b'_', b'_')],
        );
        assert_eq!(search(&words, "7"), Some(vec![0, 1]));
        assert_eq!(search(&words, "_"), Some(vec![0, 1]));
        assert_eq!(search(&words, "77"), None);
        assert_eq!(search(&words, "x"), None);
    }

    #[test]
    fn long_texts_take_linear_time() {
        // (a*)*b on a text without b.
        let words = program(
            2,
            &[
                [SPLIT, 1, 3, 0],
                [SPLIT, 2, 0, 0],
                [BYTE, 97, 97, 1],
                [BYTE, 98, 98, 4],
                [MATCH, 0, 0, 0],
            ],
            &[],
        );
        assert_eq!(search(&words, &"a".repeat(100_000)), None);
    }

    #[test]
    fn damaged_programs_fail_quietly() {
        assert!(Program::new(&[0; 15]).is_none());
        let words = program(2, &[[SPLIT, 9, 9, 0]], &[]);
        assert_eq!(search(&words, "a"), None);
    }
}
