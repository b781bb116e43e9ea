//! The assembler's parser: statements to builder calls.

use std::collections::BTreeMap;

use super::AssembleError;
use super::token::{Kind, Token, tokens};
use crate::builder::{FunctionBuilder, Label};
use crate::image::{EntryId, HelperId, Loc, Module};
use crate::op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, SwapBits, Width};
use crate::reg::Reg;

pub(super) struct Parser<'a> {
    file: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    constants: BTreeMap<&'a str, u64>,
    module: Module,
}

/// The function being read.
struct Open<'a> {
    builder: FunctionBuilder,
    labels: BTreeMap<&'a str, Named>,
    /// Where it begins, for errors that show at its end only.
    start: Token<'a>,
}

struct Named {
    label: Label,
    bound: bool,
    used: Token<'static>,
}

type Parsed<T> = Result<T, AssembleError>;

impl<'a> Parser<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Parsed<Self> {
        Ok(Self {
            file,
            tokens: tokens(file, text)?,
            at: 0,
            constants: BTreeMap::new(),
            module: Module::default(),
        })
    }

    pub fn module(mut self) -> Parsed<Module> {
        let mut open: Option<Open<'a>> = None;
        loop {
            let token = self.peek().clone();
            match token.kind {
                Kind::End => {
                    self.close(open)?;
                    return Ok(self.module);
                }
                Kind::Newline => self.at += 1,
                Kind::Word("func") => {
                    self.close(open.take())?;
                    open = Some(self.function()?);
                }
                Kind::Word(".const") => {
                    self.at += 1;
                    let name = self.word("a name")?;
                    let value = self.number()?;
                    self.constants.insert(name, value);
                    self.end_of_line()?;
                }
                _ => match &mut open {
                    Some(open) => self.line(open)?,
                    None => return Err(self.error("expected `func`")),
                },
            }
        }
    }

    fn function(&mut self) -> Parsed<Open<'a>> {
        let start = self.peek().clone();
        self.at += 1;
        let name = self.name()?;
        self.sign(":")?;
        Ok(Open {
            builder: FunctionBuilder::new(name),
            labels: BTreeMap::new(),
            start,
        })
    }

    fn close(&mut self, open: Option<Open<'a>>) -> Parsed<()> {
        let Some(open) = open else { return Ok(()) };
        for (name, label) in &open.labels {
            if !label.bound {
                let message = format!("label {name} is not defined");
                let (line, column) = (label.used.line, label.used.column);
                return Err(AssembleError::new(self.file, line, column, message));
            }
        }
        let (line, column) = (open.start.line, open.start.column);
        let function = open.builder.finish();
        let function = function
            .map_err(|error| AssembleError::new(self.file, line, column, error.to_string()))?;
        self.module.functions.push(function);
        Ok(())
    }

    /// Labels and one statement.
    fn line(&mut self, open: &mut Open<'a>) -> Parsed<()> {
        if let (Kind::Word(name), Kind::Sign(":")) = (&self.peek().kind, self.kind_after()) {
            let name = *name;
            let label = self.label(open, name);
            let named = open.labels.get_mut(name).expect("label was just made");
            if named.bound {
                return Err(self.error(format!("label {name} is defined twice")));
            }
            named.bound = true;
            open.builder.bind(label);
            self.at += 2;
            return Ok(());
        }
        self.statement(open)?;
        self.end_of_line()
    }

    fn statement(&mut self, open: &mut Open<'a>) -> Parsed<()> {
        let kind = self.peek().kind.clone();
        if kind == Kind::Sign("*") {
            return self.store(&mut open.builder);
        }
        let word = self.word("an instruction")?;
        match word {
            ".entry" => {
                let number = self.number_u32()?;
                open.builder.entry(EntryId(number));
            }
            ".loc" => self.loc(&mut open.builder)?,
            "goto" => {
                let label = self.label_use(open)?;
                open.builder.jump(label);
            }
            "gotol" => {
                let label = self.label_use(open)?;
                open.builder.jump_long(label);
            }
            "if" => self.jump_if(open)?,
            "call" => self.call(&mut open.builder)?,
            "tailcall" => {
                let (_, index) = self.register()?;
                self.sign(",")?;
                let count = self.number_u32()?;
                open.builder.tail_call(index, count);
            }
            "lock" => {
                let op = self.atomic(None)?;
                open.builder.op(op);
            }
            "exit" => {
                open.builder.exit();
            }
            _ => match register(word) {
                Some((width, dst)) => {
                    let op = self.assignment(width, dst)?;
                    open.builder.op(op);
                }
                None => {
                    self.at -= 1;
                    return Err(self.error(format!("no such instruction: {word}")));
                }
            },
        }
        Ok(())
    }

    fn loc(&mut self, builder: &mut FunctionBuilder) -> Parsed<()> {
        let name = self.name()?;
        let file = self.module.file(&name);
        let line = self.number_u32()?;
        let column = self.number_u32()?;
        builder.set_loc(Loc { file, line, column });
        Ok(())
    }

    fn call(&mut self, builder: &mut FunctionBuilder) -> Parsed<()> {
        if self.peek().kind == Kind::Word("helper") {
            self.at += 1;
            let helper = HelperId(self.number_u32()?);
            builder.call_helper(helper);
        } else {
            builder.call(self.name()?);
        }
        Ok(())
    }

    fn jump_if(&mut self, open: &mut Open<'a>) -> Parsed<()> {
        let (width, dst) = self.register()?;
        let sign = self.operator()?;
        let cond = Cond::ALL.into_iter().find(|cond| cond.symbol() == sign);
        let Some(cond) = cond else {
            return Err(self.error_before("expected a comparison"));
        };
        let src = self.source(width)?;
        if self.word("`goto`")? != "goto" {
            return Err(self.error_before("expected `goto`"));
        }
        let label = self.label_use(open)?;
        open.builder.jump_if_width(width, cond, dst, src, label);
        Ok(())
    }

    fn label_use(&mut self, open: &mut Open<'a>) -> Parsed<Label> {
        let name = self.word("a label")?;
        self.at -= 1;
        let label = self.label(open, name);
        self.at += 1;
        Ok(label)
    }

    fn label(&self, open: &mut Open<'a>, name: &'a str) -> Label {
        let Token { line, column, .. } = *self.peek();
        let builder = &mut open.builder;
        let named = open.labels.entry(name).or_insert_with(|| Named {
            label: builder.label(),
            bound: false,
            used: Token {
                kind: Kind::End,
                line,
                column,
            },
        });
        named.label
    }

    /// What follows a register at the start of a statement.
    fn assignment(&mut self, width: Width, dst: Reg) -> Parsed<Op> {
        let sign = self.operator()?;
        if sign != "=" {
            let op = AluOp::ALL.into_iter().find(|op| op.symbol() == sign);
            let Some(op) = op else {
                return Err(self.error_before("expected an assignment"));
            };
            let src = self.source(width)?;
            return Ok(Op::Alu {
                width,
                op,
                dst,
                src,
            });
        }
        match self.peek().kind.clone() {
            Kind::Sign("*") => {
                let (size, signed, base, offset) = self.place()?;
                Ok(Op::Load {
                    size,
                    signed,
                    dst,
                    base,
                    offset,
                })
            }
            Kind::Sign("(") => self.sign_extension(width, dst),
            Kind::Word("lock") => {
                self.at += 1;
                self.atomic(Some(dst))
            }
            Kind::Word(word) if swap(word).is_some() => {
                let (swap, bits) = swap(word).expect("just seen");
                self.at += 1;
                self.same_register(dst)?;
                Ok(Op::Swap { swap, bits, dst })
            }
            Kind::Sign("-") if matches!(self.kind_after(), Kind::Word(word) if register(word).is_some()) =>
            {
                self.at += 1;
                self.same_register(dst)?;
                Ok(Op::Neg { width, dst })
            }
            _ => self.mov(width, dst),
        }
    }

    fn mov(&mut self, width: Width, dst: Reg) -> Parsed<Op> {
        let start = self.at;
        if !matches!(self.peek().kind, Kind::Word(word) if register(word).is_some()) {
            let (negative, number) = self.signed_number()?;
            if self.peek().kind == Kind::Word("ll") {
                self.at += 1;
                let value = if negative {
                    number.wrapping_neg()
                } else {
                    number
                };
                return Ok(Op::LoadImm64 { dst, value });
            }
            self.at = start;
        }
        let src = self.source(width)?;
        let op = AluOp::Mov;
        Ok(Op::Alu {
            width,
            op,
            dst,
            src,
        })
    }

    fn sign_extension(&mut self, width: Width, dst: Reg) -> Parsed<Op> {
        self.sign("(")?;
        let from = match (self.word("a size")?, width) {
            ("s8", _) => Size::B,
            ("s16", _) => Size::H,
            ("s32", Width::W64) => Size::W,
            _ => return Err(self.error_before("expected s8, s16 or s32")),
        };
        self.sign(")")?;
        let (_, src) = self.register()?;
        Ok(Op::SignExtend {
            width,
            from,
            dst,
            src,
        })
    }

    fn store(&mut self, builder: &mut FunctionBuilder) -> Parsed<()> {
        let (size, signed, base, offset) = self.place()?;
        if signed {
            return Err(self.error_before("stores have no sign"));
        }
        self.sign("=")?;
        let src = self.source(Width::W64)?;
        builder.store(size, base, offset, src);
        Ok(())
    }

    /// An atomic operation, behind `lock`; `fetched` is the register that an
    /// assignment before it names.
    fn atomic(&mut self, fetched: Option<Reg>) -> Parsed<Op> {
        let name = match self.peek().kind {
            Kind::Word(name) => {
                self.at += 1;
                Some(name)
            }
            _ => None,
        };
        let (size, signed, base, offset) = self.place()?;
        if signed || matches!(size, Size::B | Size::H) {
            return Err(self.error_before("atomics are u32 or u64"));
        }
        let sign = self.operator()?;
        let fetch = fetched.is_some();
        let op = match (name, sign) {
            (None, "+=") => AtomicOp::Add { fetch },
            (None, "|=") => AtomicOp::Or { fetch },
            (None, "&=") => AtomicOp::And { fetch },
            (None, "^=") => AtomicOp::Xor { fetch },
            (Some("xchg"), ",") => AtomicOp::Exchange,
            (Some("cmpxchg"), ",") => AtomicOp::CompareExchange,
            _ => return Err(self.error_before("no such atomic operation")),
        };
        let (_, src) = self.register()?;
        let gives = match op {
            AtomicOp::Exchange => Some(src),
            AtomicOp::CompareExchange => Some(Reg::R0),
            _ => fetched.map(|_| src),
        };
        if gives != fetched {
            return Err(self.error_before(match gives {
                Some(reg) => format!("the old value goes to {reg}: write `{reg} = lock …`"),
                None => "the old value is not given".to_string(),
            }));
        }
        Ok(Op::Atomic {
            op,
            size,
            base,
            offset,
            src,
        })
    }

    /// `*(u32*)(r1 + 8)`: size, whether signed, base, displacement.
    fn place(&mut self) -> Parsed<(Size, bool, Reg, i16)> {
        self.sign("*")?;
        self.sign("(")?;
        let (size, signed) = match self.word("a size")? {
            "u8" => (Size::B, false),
            "u16" => (Size::H, false),
            "u32" => (Size::W, false),
            "u64" => (Size::D, false),
            "s8" => (Size::B, true),
            "s16" => (Size::H, true),
            "s32" => (Size::W, true),
            _ => return Err(self.error_before("expected u8, u16, u32, u64, s8, s16 or s32")),
        };
        self.sign("*")?;
        self.sign(")")?;
        self.sign("(")?;
        let (_, base) = self.register()?;
        let negative = match self.operator()? {
            "+" => false,
            "-" => true,
            _ => return Err(self.error_before("expected `+` or `-`")),
        };
        let number = i64::try_from(self.number()?).unwrap_or(i64::MAX);
        let offset = i16::try_from(if negative { -number } else { number });
        let offset = offset.map_err(|_| self.error_before("a displacement has 16 bits"))?;
        self.sign(")")?;
        Ok((size, signed, base, offset))
    }

    fn source(&mut self, width: Width) -> Parsed<Source> {
        if let Kind::Word(word) = self.peek().kind
            && let Some((_, reg)) = register(word)
        {
            self.at += 1;
            return Ok(Source::Reg(reg));
        }
        let (negative, number) = self.signed_number()?;
        let value = i64::try_from(number).unwrap_or(i64::MAX);
        let value = if negative { -value } else { value };
        let imm = match width {
            Width::W32 => u32::try_from(value).map(|value| value as i32).ok(),
            Width::W64 => None,
        };
        let imm = imm.or(i32::try_from(value).ok());
        match imm {
            Some(imm) => Ok(Source::Imm(imm)),
            None => Err(self.error_before(
                "a constant here has 32 bits, sign-extended; `r1 = … ll` loads longer ones",
            )),
        }
    }

    fn same_register(&mut self, dst: Reg) -> Parsed<()> {
        let (_, src) = self.register()?;
        if src == dst {
            Ok(())
        } else {
            Err(self.error_before(format!("this works on one register: expected {dst}")))
        }
    }

    fn register(&mut self) -> Parsed<(Width, Reg)> {
        let word = self.word("a register")?;
        register(word).ok_or_else(|| self.error_before("expected a register"))
    }

    fn signed_number(&mut self) -> Parsed<(bool, u64)> {
        let negative = self.peek().kind == Kind::Sign("-");
        if negative {
            self.at += 1;
        }
        Ok((negative, self.number()?))
    }

    fn number(&mut self) -> Parsed<u64> {
        let value = match self.peek().kind {
            Kind::Number(value) => Some(value),
            Kind::Word(name) => self.constants.get(name).copied(),
            _ => None,
        };
        let value = value.ok_or_else(|| self.error("expected a number"))?;
        self.at += 1;
        Ok(value)
    }

    fn number_u32(&mut self) -> Parsed<u32> {
        let value = u32::try_from(self.number()?);
        value.map_err(|_| self.error_before("a number here has 32 bits"))
    }

    fn name(&mut self) -> Parsed<String> {
        if let Kind::Text(text) = &self.peek().kind {
            let text = text.clone();
            self.at += 1;
            return Ok(text);
        }
        self.word("a name").map(str::to_string)
    }

    fn word(&mut self, what: &str) -> Parsed<&'a str> {
        match self.peek().kind {
            Kind::Word(word) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.error(format!("expected {what}"))),
        }
    }

    fn operator(&mut self) -> Parsed<&'static str> {
        match self.peek().kind {
            Kind::Sign(sign) => {
                self.at += 1;
                Ok(sign)
            }
            _ => Err(self.error("expected an operator")),
        }
    }

    fn sign(&mut self, wanted: &str) -> Parsed<()> {
        match self.peek().kind {
            Kind::Sign(sign) if sign == wanted => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.error(format!("expected `{wanted}`"))),
        }
    }

    fn end_of_line(&mut self) -> Parsed<()> {
        match self.peek().kind {
            Kind::Newline | Kind::End => Ok(()),
            _ => Err(self.error("expected the end of the line")),
        }
    }

    fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at]
    }

    fn kind_after(&self) -> &Kind<'a> {
        let after = self.tokens.get(self.at + 1);
        after.map_or(&Kind::End, |token| &token.kind)
    }

    /// An error at the next token.
    fn error(&self, message: impl Into<String>) -> AssembleError {
        let token = self.peek();
        AssembleError::new(self.file, token.line, token.column, message)
    }

    /// An error at the token just read.
    fn error_before(&self, message: impl Into<String>) -> AssembleError {
        let token = &self.tokens[self.at - 1];
        AssembleError::new(self.file, token.line, token.column, message)
    }
}

fn register(word: &str) -> Option<(Width, Reg)> {
    let width = match word.as_bytes().first()? {
        b'r' => Width::W64,
        b'w' => Width::W32,
        _ => return None,
    };
    let number = word[1..].parse().ok()?;
    Some((width, Reg::new(number)?))
}

fn swap(word: &str) -> Option<(Swap, SwapBits)> {
    let digits = word.find(|c: char| c.is_ascii_digit())?;
    let swap = match &word[..digits] {
        "le" => Swap::ToLe,
        "be" => Swap::ToBe,
        "bswap" => Swap::Reverse,
        _ => return None,
    };
    let bits = match &word[digits..] {
        "16" => SwapBits::B16,
        "32" => SwapBits::B32,
        "64" => SwapBits::B64,
        _ => return None,
    };
    Some((swap, bits))
}
