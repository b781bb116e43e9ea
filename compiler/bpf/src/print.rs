//! The disassembler: text that [`assemble`](crate::assemble) reads back.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write;

use crate::assemble::is_word;
use crate::image::{Function, FunctionId, Image, Loc, Module};
use crate::op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, Width};
use crate::reg::Reg;

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for function in &self.functions {
            print(f, function, &self.files, |at, _| {
                let call = function.calls.iter().find(|call| call.at as usize == at);
                call.map(|call| call.callee.clone())
            })?;
        }
        Ok(())
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for function in &self.functions {
            print(f, function, &self.files, |_, callee| {
                let callee = self.functions.get(callee.index());
                callee.map(|callee| callee.name.clone())
            })?;
        }
        Ok(())
    }
}

fn print(
    f: &mut fmt::Formatter<'_>,
    function: &Function,
    files: &[String],
    callee: impl Fn(usize, FunctionId) -> Option<String>,
) -> fmt::Result {
    writeln!(f, "func {}:", Name(&function.name))?;
    if let Some(entry) = function.entry {
        writeln!(f, "    .entry {}", entry.0)?;
    }
    let targets = targets(function);
    let mut lines = function.lines.iter().peekable();
    let mut at = 0;
    while at < function.insns.len() {
        if targets.contains(&(at as i64)) {
            writeln!(f, "L{at}:")?;
        }
        while let Some((_, loc)) = lines.next_if(|(slot, _)| *slot as usize <= at) {
            print_loc(f, *loc, files)?;
        }
        match Op::decode(&function.insns, at) {
            Ok(Op::CallLocal(id)) => match callee(at, id) {
                Some(name) => writeln!(f, "    call {}", Name(&name))?,
                None => writeln!(f, "    call {id} ; does not exist")?,
            },
            Ok(op) => writeln!(f, "    {}", InFunction { op, at })?,
            Err(error) => writeln!(f, "    ; {error}")?,
        }
        at += Op::decode(&function.insns, at).map_or(1, |op| op.slots());
    }
    Ok(())
}

fn targets(function: &Function) -> BTreeSet<i64> {
    let mut targets = BTreeSet::new();
    let mut at = 0;
    while at < function.insns.len() {
        match Op::decode(&function.insns, at) {
            Ok(op) => {
                targets.extend(op.target(at));
                at += op.slots();
            }
            Err(_) => at += 1,
        }
    }
    targets
}

fn print_loc(f: &mut fmt::Formatter<'_>, loc: Loc, files: &[String]) -> fmt::Result {
    let file = files.get(loc.file.0 as usize).map_or("?", String::as_str);
    writeln!(f, "    .loc {} {} {}", Quoted(file), loc.line, loc.column)
}

/// A function's name, in quotes where it needs them.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_word(self.0) && self.0 != "helper" {
            f.write_str(self.0)
        } else {
            write!(f, "{}", Quoted(self.0))
        }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"")
    }
}

/// An instruction with its slot, which jumps need to name their target.
struct InFunction {
    op: Op,
    at: usize,
}

impl fmt::Display for InFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.op {
            Op::Alu {
                width,
                op,
                dst,
                src,
            } => {
                let dst = Named(width, dst);
                write!(f, "{dst} {} {}", op.symbol(), Operand(width, src))
            }
            Op::Neg { width, dst } => {
                let dst = Named(width, dst);
                write!(f, "{dst} = -{dst}")
            }
            Op::SignExtend {
                width,
                from,
                dst,
                src,
            } => {
                let (dst, src) = (Named(width, dst), Named(width, src));
                write!(f, "{dst} = (s{}) {src}", from.bytes() * 8)
            }
            Op::Swap { swap, bits, dst } => {
                let name = match swap {
                    Swap::ToLe => "le",
                    Swap::ToBe => "be",
                    Swap::Reverse => "bswap",
                };
                write!(f, "{dst} = {name}{} {dst}", bits.bits())
            }
            Op::LoadImm64 { dst, value } => write!(f, "{dst} = {value:#x} ll"),
            Op::Load {
                size,
                signed,
                dst,
                base,
                offset,
            } => write!(f, "{dst} = {}", Place(size, signed, base, offset)),
            Op::Store {
                size,
                base,
                offset,
                src,
            } => {
                let place = Place(size, false, base, offset);
                write!(f, "{place} = {}", Operand(Width::W64, src))
            }
            Op::Atomic {
                op,
                size,
                base,
                offset,
                src,
            } => print_atomic(f, op, Place(size, false, base, offset), src),
            Op::Jump { long, .. } => {
                let name = if long { "gotol" } else { "goto" };
                write!(f, "{name} {}", Target(self.op.target(at)))
            }
            Op::JumpIf {
                width,
                cond,
                dst,
                src,
                ..
            } => {
                let (dst, src) = (Named(width, dst), Operand(width, src));
                let target = Target(self.op.target(at));
                write!(f, "if {dst} {} {src} goto {target}", cond.symbol())
            }
            Op::CallHelper(helper) => match zs_abi::Helper::from_number(helper.0) {
                Some(known) => write!(f, "call helper {} ; {}", helper.0, known.name()),
                None => write!(f, "call helper {}", helper.0),
            },
            Op::CallLocal(callee) => write!(f, "call {callee}"),
            Op::TailCall { index, count } => write!(f, "tailcall {index}, {count}"),
            Op::Exit => f.write_str("exit"),
        }
    }
}

fn print_atomic(f: &mut fmt::Formatter<'_>, op: AtomicOp, place: Place, src: Reg) -> fmt::Result {
    let (symbol, fetch) = match op {
        AtomicOp::Add { fetch } => ("+=", fetch),
        AtomicOp::Or { fetch } => ("|=", fetch),
        AtomicOp::And { fetch } => ("&=", fetch),
        AtomicOp::Xor { fetch } => ("^=", fetch),
        AtomicOp::Exchange => return write!(f, "{src} = lock xchg {place}, {src}"),
        AtomicOp::CompareExchange => return write!(f, "r0 = lock cmpxchg {place}, {src}"),
    };
    if fetch {
        write!(f, "{src} = ")?;
    }
    write!(f, "lock {place} {symbol} {src}")
}

/// A register as the width spells it: `r1` or `w1`.
#[derive(Clone, Copy)]
struct Named(Width, Reg);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.0 {
            Width::W32 => 'w',
            Width::W64 => 'r',
        };
        f.write_char(letter)?;
        write!(f, "{}", self.1.number())
    }
}

struct Operand(Width, Source);

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Source::Reg(reg) => write!(f, "{}", Named(self.0, reg)),
            Source::Imm(imm) => write!(f, "{imm}"),
        }
    }
}

/// A place in memory: size, signed, base, displacement.
struct Place(Size, bool, Reg, i16);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(size, signed, base, offset) = *self;
        let letter = if signed { 's' } else { 'u' };
        let (sign, distance) = match offset {
            ..0 => ('-', offset.unsigned_abs()),
            0.. => ('+', offset.unsigned_abs()),
        };
        let bits = size.bytes() * 8;
        write!(f, "*({letter}{bits}*)({base} {sign} {distance})")
    }
}

struct Target(Option<i64>);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(target) => write!(f, "L{target}"),
            None => f.write_str("?"),
        }
    }
}

impl AluOp {
    /// How the assembly spells it.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+=",
            Self::Sub => "-=",
            Self::Mul => "*=",
            Self::Div => "/=",
            Self::SignedDiv => "s/=",
            Self::Or => "|=",
            Self::And => "&=",
            Self::Lsh => "<<=",
            Self::Rsh => ">>=",
            Self::Mod => "%=",
            Self::SignedMod => "s%=",
            Self::Xor => "^=",
            Self::Mov => "=",
            Self::Arsh => "s>>=",
        }
    }
}

impl Cond {
    /// How the assembly spells it.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Set => "&",
            Self::Ne => "!=",
            Self::SGt => "s>",
            Self::SGe => "s>=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::SLt => "s<",
            Self::SLe => "s<=",
        }
    }
}
