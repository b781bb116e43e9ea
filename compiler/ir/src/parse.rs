//! Functions from text, as [`crate::print`] writes them: for tests that need
//! programs which no configuration makes.

use std::fmt;

use zs_abi::data::Text;
use zs_abi::{HeadTarget, value};
use zs_diagnostics::Span;

use crate::program::{
    Act, AddressOf, Block, BlockId, Choice, Compare, End, Function, FunctionId, HostMapId, IntRef,
    Located, Op, Register, Target, Test, TextRef, Value, ViewInt, ViewText,
};
use crate::ranges::IpRange;

/// What is wrong with a text, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for ParseError {}

type Result<T> = std::result::Result<T, String>;

/// Reads functions.
///
/// # Errors
/// The first line that is not as it should be.
pub fn functions(text: &str) -> std::result::Result<Vec<Function>, ParseError> {
    let mut functions: Vec<Function> = Vec::new();
    let mut ended = true;
    for (number, line) in text.lines().enumerate() {
        let words = words(line).map_err(|expected| ParseError {
            line: number + 1,
            expected,
        })?;
        parse_line(&words, &mut functions, &mut ended).map_err(|expected| ParseError {
            line: number + 1,
            expected,
        })?;
    }
    for function in &mut functions {
        function.values = values(function);
    }
    Ok(functions)
}

fn parse_line(words: &[Word], functions: &mut Vec<Function>, ended: &mut bool) -> Result<()> {
    let mut line = Line { words, at: 0 };
    match words {
        [] => return Ok(()),
        [Word::Plain(brace)] if brace == "}" => return Ok(()),
        [Word::Plain(label)] if label.ends_with(':') => {
            let function = functions.last_mut().ok_or("a function before a block")?;
            function.blocks.push(Block::new());
            *ended = false;
            return Ok(());
        }
        [Word::Plain(name), Word::Quoted(text), Word::Plain(_)] if name.starts_with("fn") => {
            functions.push(Function {
                name: text.clone(),
                blocks: Vec::new(),
                values: 0,
            });
            return Ok(());
        }
        _ => {}
    }
    let function = functions.last_mut().ok_or("a function")?;
    let block = function.blocks.last_mut().ok_or("a block")?;
    if *ended {
        return Err("a label behind the end of a block".to_owned());
    }
    match line.end()? {
        Some(end) => {
            block.end = Located {
                what: end,
                span: Span::default(),
            };
            *ended = true;
        }
        None => {
            let mut line = Line { words, at: 0 };
            let op = line.op()?;
            block.ops.push(Located {
                what: op,
                span: Span::default(),
            });
        }
    }
    Ok(())
}

fn values(function: &Function) -> u32 {
    let ops = function.blocks.iter().flat_map(|block| &block.ops);
    ops.filter_map(|op| op.what.defines())
        .map(|value| value.0 + 1)
        .max()
        .unwrap_or(0)
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
}

/// The words of a line; a comment ends it.
fn words(line: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == ';' {
            break;
        }
        let end = if first == '"' {
            quoted_end(rest)?
        } else {
            rest.find(' ').unwrap_or(rest.len())
        };
        let word = &rest[..end];
        words.push(if first == '"' {
            Word::Quoted(unquote(&word[1..end - 1])?)
        } else {
            Word::Plain(word.to_owned())
        });
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

fn quoted_end(text: &str) -> Result<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return Ok(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    Err("a closing quote".to_owned())
}

/// Undoes what Rust's debug format does to a text.
fn unquote(text: &str) -> Result<String> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        out.push(match letters.next().ok_or("an escape")? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'u' => {
                let code: String = letters
                    .by_ref()
                    .skip(1)
                    .take_while(|letter| *letter != '}')
                    .collect();
                let code = u32::from_str_radix(&code, 16).map_err(|_| "a code point")?;
                char::from_u32(code).ok_or("a code point")?
            }
            other => other,
        });
    }
    Ok(out)
}

/// The words of a line, one by one.
struct Line<'w> {
    words: &'w [Word],
    at: usize,
}

impl Line<'_> {
    fn plain(&mut self) -> Result<&str> {
        match self.words.get(self.at) {
            Some(Word::Plain(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err("a word".to_owned()),
        }
    }

    fn quoted(&mut self) -> Result<String> {
        match self.words.get(self.at) {
            Some(Word::Quoted(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err("a quoted text".to_owned()),
        }
    }

    fn keyword(&mut self, keyword: &str) -> Result<()> {
        if self.plain()? == keyword {
            Ok(())
        } else {
            Err(format!("`{keyword}`"))
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        self.plain()?.parse().map_err(|_| "a number".to_owned())
    }

    /// A number behind a fixed spelling, such as `block3`.
    fn id(&mut self, spelling: &str) -> Result<u32> {
        let digits = self
            .plain()?
            .strip_prefix(spelling)
            .and_then(|digits| digits.parse().ok());
        digits.ok_or_else(|| format!("`{spelling}` and a number"))
    }

    fn value(&mut self) -> Result<Value> {
        self.id("v").map(Value)
    }

    fn register(&mut self) -> Result<Register> {
        self.id("r").map(Register)
    }

    fn block(&mut self) -> Result<BlockId> {
        self.id("block").map(BlockId)
    }

    fn target(&mut self) -> Result<Target> {
        let at = self.at;
        if let Ok(block) = self.block() {
            return Ok(Target::Block(block));
        }
        self.at = at;
        self.id("fn").map(FunctionId).map(Target::Function)
    }

    fn head(&mut self) -> Result<HeadTarget> {
        let number = self.number::<u32>()?;
        HeadTarget::from_number(number.into()).ok_or_else(|| "the number of a head".to_owned())
    }

    /// As many ranges of addresses as there are.
    fn ranges(&mut self) -> Vec<IpRange> {
        let mut ranges = Vec::new();
        while let Some(Word::Plain(word)) = self.words.get(self.at)
            && let Ok(range) = word.parse()
        {
            self.at += 1;
            ranges.push(range);
        }
        ranges
    }

    fn table(&mut self) -> Result<Text> {
        let table = self.plain()?.split_once(':').and_then(|(offset, len)| {
            Some(Text {
                offset: offset.parse().ok()?,
                len: len.parse().ok()?,
            })
        });
        table.ok_or_else(|| "offset:length".to_owned())
    }

    fn text(&mut self) -> Result<TextRef> {
        let at = self.at;
        if let Ok(value) = self.value() {
            return Ok(TextRef::Value(value));
        }
        self.at = at;
        let word = self.plain()?;
        let field = ViewText::ALL.iter().find(|field| field.name() == word);
        field
            .map(|field| TextRef::View(*field))
            .ok_or_else(|| "a text".to_owned())
    }

    fn int(&mut self) -> Result<IntRef> {
        let at = self.at;
        if let Ok(value) = self.value() {
            return Ok(IntRef::Value(value));
        }
        self.at = at;
        if let Ok(local) = self.id("local") {
            return Ok(IntRef::Local(local));
        }
        self.at = at;
        match self.plain()? {
            "argument" => Ok(IntRef::Argument),
            word => {
                let field = ViewInt::ALL.iter().find(|field| field.name() == word);
                field
                    .map(|field| IntRef::View(*field))
                    .ok_or_else(|| "an integer".to_owned())
            }
        }
    }

    fn op(&mut self) -> Result<Op> {
        if let Ok(out) = self.value() {
            self.keyword("=")?;
            return self.definition(out);
        }
        self.at = 0;
        Ok(match self.plain()? {
            "encode_begin" => Op::EncodeBegin {
                encode: zs_abi::tables::EncodeId(self.id("encode")?),
            },
            "encode_sniff" => Op::EncodeSniff {
                encode: zs_abi::tables::EncodeId(self.id("encode")?),
            },
            "encode" => Op::Encode {
                encode: zs_abi::tables::EncodeId(self.id("encode")?),
                wanted: self.number::<u32>()? != 0,
            },
            "header_ops" => Op::HeaderOps {
                list: zs_abi::tables::HeaderListId(self.id("headers")?),
                target: self.head()?,
            },
            "rewrite" => Op::Rewrite {
                list: zs_abi::tables::RewriteListId(self.id("rewrite")?),
                error: zs_abi::tables::ErrorId(self.id("error")?),
            },
            "var_set" => Op::VarSet {
                variable: zs_abi::tables::VariableId(self.id("variable")?),
                template: zs_abi::tables::TemplateId(self.id("template")?),
            },
            "body_set" => Op::BodySet {
                template: zs_abi::tables::TemplateId(self.id("template")?),
            },
            "local_set" => Op::LocalSet {
                local: self.id("local")?,
                value: self.number()?,
            },
            "registers_clear" => Op::RegistersClear,
            "register_constant" => Op::RegisterConstant {
                register: self.register()?,
                constant: self.table()?,
            },
            "register_placeholder" => Op::RegisterPlaceholder {
                register: self.register()?,
                template: zs_abi::tables::TemplateId(self.id("template")?),
            },
            "register_copy" => Op::RegisterCopy {
                register: self.register()?,
                from: self.register()?,
            },
            "register_regex" => Op::RegisterRegex {
                register: self.register()?,
                regex: zs_abi::tables::RegexId(self.id("regex")?),
            },
            "register_call" => Op::RegisterCall {
                function: value::Function::by_name(self.plain()?).ok_or("a function")?,
                first: self.register()?,
                count: self.number()?,
            },
            "filter_push" => Op::FilterPush {
                target: self.target()?,
            },
            "scope_push" => Op::ScopePush {
                target: self.target()?,
                restore: self.number::<u32>()? != 0,
            },
            "scope_pop" => Op::ScopePop,
            "trust_peer" => Op::TrustPeer {
                proxy: self.id("proxy").ok().map(zs_abi::tables::ProxyId),
            },
            _ => return Err("an operation".to_owned()),
        })
    }

    fn definition(&mut self, out: Value) -> Result<Op> {
        Ok(match self.plain()? {
            "path_set" => match self.text()? {
                TextRef::View(form) => Op::PathSet { out, form },
                TextRef::Value(_) => return Err("a form of the path".to_owned()),
            },
            "walk" => Op::Walk {
                out,
                table: self.table()?,
                text: self.text()?,
            },
            "body_limit" => Op::BodyLimit {
                out,
                bytes: self.number()?,
            },
            "file_look" => Op::FileLook {
                out,
                look: zs_abi::tables::FileLookId(self.id("look")?),
            },
            "first_of" => Op::FirstOf {
                out,
                list: self.value()?,
            },
            "choose" => {
                let Text { offset, len } = self.table()?;
                let from = zs_abi::data::Range {
                    first: offset,
                    count: len,
                };
                let choice = self.choice()?;
                Op::Choose { out, from, choice }
            }
            "host_lookup" => Op::HostLookup {
                out,
                map: HostMapId(self.id("hosts")?),
            },
            "header_find" => Op::HeaderFind {
                out,
                target: self.head()?,
                name: self.quoted()?,
            },
            "query_find" => Op::QueryFind {
                out,
                name: self.quoted()?,
            },
            "expand" => Op::Expand {
                out,
                template: zs_abi::tables::TemplateId(self.id("template")?),
            },
            _ => return Err("an operation that defines a value".to_owned()),
        })
    }

    fn choice(&mut self) -> Result<Choice> {
        use zs_abi::tables::ProxyId;
        Ok(match self.plain()? {
            "random" => Choice::Random,
            "draw" => Choice::Draw(self.number()?),
            "least" => Choice::Least,
            "first" => Choice::First,
            "round" => Choice::Round(ProxyId(self.id("proxy")?)),
            "weighted" => Choice::Weighted(ProxyId(self.id("proxy")?), self.table()?),
            "hash" => Choice::Hash(self.text()?),
            _ => return Err("a way to choose".to_owned()),
        })
    }

    fn test(&mut self) -> Result<Test> {
        let word = self.plain()?.to_owned();
        if let Some(compare) = compare(&word, "text_") {
            let text = self.text()?;
            return Ok(Test::Text {
                text,
                compare,
                with: self.quoted()?.into_bytes(),
            });
        }
        if let Some(compare) = compare(&word, "any_") {
            let list = self.value()?;
            return Ok(Test::Any {
                list,
                compare,
                with: self.quoted()?.into_bytes(),
            });
        }
        Ok(match &*word {
            "same" => Test::Same {
                text: self.text()?,
                other: self.text()?,
            },
            "path" => Test::Path {
                set: self.value()?,
                pattern: self.quoted()?,
            },
            "path_regexp" => Test::PathRegexp {
                set: self.value()?,
                pattern: self.quoted()?,
            },
            "bit" => Test::Bit {
                set: self.value()?,
                bit: self.number()?,
            },
            "group" => Test::Group {
                set: self.value()?,
                bit: self.number()?,
            },
            "path_escaped" => Test::PathEscaped {
                pattern: self.quoted()?,
            },
            "glob" => {
                let text = self.text()?;
                Test::Glob {
                    pattern: self.quoted()?,
                    text,
                }
            }
            "int" => Test::Int {
                int: self.int()?,
                low: self.number()?,
                high: self.number()?,
            },
            "any_same" => Test::AnySame {
                list: self.value()?,
                other: self.text()?,
            },
            "found" => Test::Found {
                list: self.value()?,
            },
            "accepts" => Test::Accepts {
                table: self.table()?,
                text: self.text()?,
            },
            "regex" => Test::Regex {
                regex: zs_abi::tables::RegexId(self.id("regex")?),
                text: self.text()?,
                store: self.number().ok(),
            },
            "any_accepts" => Test::AnyAccepts {
                table: self.table()?,
                list: self.value()?,
            },
            "any_regex" => Test::AnyRegex {
                regex: zs_abi::tables::RegexId(self.id("regex")?),
                list: self.value()?,
                store: self.number().ok(),
            },
            "register_truth" => Test::RegisterTruth {
                register: self.register()?,
                truth: match self.number::<u32>()? {
                    0 => value::Truth::False,
                    1 => value::Truth::True,
                    2 => value::Truth::Error,
                    _ => return Err("0, 1 or 2".to_owned()),
                },
            },
            "register_next" => Test::RegisterNext {
                iterator: self.register()?,
                variable: self.register()?,
            },
            "remote_ip" => Test::Address {
                of: AddressOf::Remote,
                ranges: self.ranges(),
            },
            "client_ip" => Test::Address {
                of: AddressOf::Client,
                ranges: self.ranges(),
            },
            "client_next" => Test::ClientNext {
                client: zs_abi::tables::ClientAddressId(self.id("client")?),
            },
            _ => return Err("a test".to_owned()),
        })
    }

    /// What ends a block; `None` if the line does not end one.
    fn end(&mut self) -> Result<Option<End>> {
        use zs_abi::tables::{ErrorId, FileServerId, ProxyId, ResponseId, SubrequestId};
        let act = match self.plain()? {
            "jump" => return Ok(Some(End::Jump(self.block()?))),
            "if" => {
                let test = self.test()?;
                self.keyword("then")?;
                let then = self.block()?;
                self.keyword("else")?;
                return Ok(Some(End::Branch {
                    test,
                    then,
                    or: self.block()?,
                }));
            }
            "tail" => return Ok(Some(End::Tail(FunctionId(self.id("fn")?)))),
            "dispatch" => {
                let value = self.value()?;
                self.keyword("else")?;
                return Ok(Some(End::Dispatch {
                    value,
                    none: self.block()?,
                }));
            }
            "end" => Act::End,
            "yes" => Act::Yes,
            "respond" => Act::Respond(ResponseId(self.id("response")?)),
            "raise" => Act::Error(ErrorId(self.id("error")?)),
            "abort" => Act::Abort,
            "proxy" => Act::Proxy(ProxyId(self.id("proxy")?)),
            "subrequest" => Act::Subrequest(SubrequestId(self.id("subrequest")?)),
            "authenticate" => {
                Act::Authenticate(zs_abi::tables::AuthenticationId(self.id("authentication")?))
            }
            "files" => Act::Files(FileServerId(self.id("files")?)),
            "goto" => Act::Goto,
            _ => return Ok(None),
        };
        let resume = if self.at < self.words.len() {
            self.keyword("resume")?;
            Some(self.target()?)
        } else {
            None
        };
        Ok(Some(End::Act { act, resume }))
    }
}

fn compare(word: &str, prefix: &str) -> Option<Compare> {
    let name = word.strip_prefix(prefix)?;
    Compare::ALL
        .into_iter()
        .find(|compare| compare.name() == name)
}
