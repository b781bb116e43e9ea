//! The public conformance programs give the results they should, in the
//! interpreter and natively.

mod support;

use std::path::PathBuf;

use support::{End, Input, run};
use zs_abi::layout::SLOT_BASE;
use zs_bpf::{EntryId, Module, assemble, link};

/// Programs that need what there is not, and why.
const SKIPPED: [(&str, &str); 1] = [(
    "callx",
    "calls the helper whose number a register holds, which RFC 9669 does not have",
)];

/// One program of the suite.
#[derive(Default)]
struct Case {
    asm: Vec<String>,
    memory: Vec<u8>,
    result: u64,
}

#[test]
fn conformance() {
    let Some(folder) = folder() else {
        assert!(
            std::env::var_os("ZS_CI").is_none(),
            "the conformance programs are missing"
        );
        eprintln!("SKIPPED: no conformance programs at ../shared/bpf-conformance");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "data"))
        .collect();
    files.sort();
    let mut failures = Vec::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if SKIPPED.iter().any(|(skipped, _)| *skipped == name) {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        if let Err(problem) = check(&text) {
            failures.push(format!("{name}: {problem}"));
        }
    }
    let count = files.len() - SKIPPED.len();
    println!("{count} programs, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count > 0);
}

/// The suite's folder beside the workspace; a checkout elsewhere has none.
fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("../shared/bpf-conformance");
    folder.is_dir().then_some(folder)
}

fn check(text: &str) -> Result<(), String> {
    let case = parse(text)?;
    let source = translate(&case.asm)?;
    let mut module: Module =
        assemble("asm", &source).map_err(|error| format!("{error}\n{source}"))?;
    module.functions[0].entry = Some(EntryId(0));
    let image = link(&[module]).map_err(|error| error.to_string())?;
    let has_memory = !case.memory.is_empty();
    let input = Input {
        r1: if has_memory { SLOT_BASE.into() } else { 0 },
        r2: case.memory.len() as u64,
        slot: case.memory,
        budget: 1_000_000,
    };
    match run(&image, &input) {
        End::Result(found) if found == case.result => Ok(()),
        other => Err(format!("{other:x?} instead of {:#x}", case.result)),
    }
}

fn parse(text: &str) -> Result<Case, String> {
    let mut case = Case::default();
    let mut section = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- ") {
            section = name.trim();
            continue;
        }
        let line = line.split('#').next().unwrap_or("").trim();
        match section {
            "asm" if !line.is_empty() => case.asm.push(line.to_string()),
            "mem" => {
                for byte in line.split_whitespace() {
                    case.memory
                        .push(u8::from_str_radix(byte, 16).map_err(|_| "bad memory")?);
                }
            }
            "result" if !line.is_empty() => case.result = number(line)? as u64,
            _ => {}
        }
    }
    Ok(case)
}

fn number(text: &str) -> Result<i128, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let value = value.map_err(|_| format!("no number: {text}"))?;
    Ok(if negative { -value } else { value })
}

/// From the suite's assembly to ours. Labels that local calls go to start a
/// function.
fn translate(lines: &[String]) -> Result<String, String> {
    let callees: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("call local "))
        .map(str::trim)
        .collect();
    // Some jumps name no label but count slots: `jeq %r1, 0, +2`.
    let (mut statements, mut targets) = (Vec::new(), Vec::new());
    let mut slot = 0;
    for line in lines {
        if let Some(label) = line.strip_suffix(':') {
            let function = callees.contains(&label);
            let text = if function {
                format!("func {label}:")
            } else {
                format!("L_{label}:")
            };
            statements.push((None, text));
            continue;
        }
        let last = line.rsplit([' ', ',']).next().unwrap_or("");
        let mut line = line.clone();
        if let ("j", Ok(distance)) = (&line[..1], number(last.trim_start_matches('+'))) {
            targets.push(slot + 1 + distance);
            line.truncate(line.len() - last.len());
            line.push_str(&format!("S{}", slot + 1 + distance));
        }
        let text = instruction(&line)?;
        let slots = if text.ends_with(" ll") { 2 } else { 1 };
        statements.push((Some(slot), text));
        slot += slots;
    }
    let mut text = "func main:\n".to_string();
    for (slot, statement) in statements {
        if let Some(slot) = slot.filter(|slot| targets.contains(slot)) {
            text.push_str(&format!("L_S{slot}:\n"));
        }
        text.push_str(&statement);
        text.push('\n');
    }
    // A jump to `exit` means the end.
    if text.contains("goto L_exit") && !text.contains("L_exit:") {
        let last = text.rfind("exit\n").ok_or("no exit")?;
        text.insert_str(last, "L_exit:\n");
    }
    Ok(text)
}

fn instruction(line: &str) -> Result<String, String> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let operands: Vec<&str> = rest.split(',').map(str::trim).collect();
    if name == "lock" {
        return atomic(rest.trim());
    }
    let wide = !name.ends_with("32");
    let letter = if wide { 'r' } else { 'w' };
    let plain = name.strip_suffix("32").unwrap_or(name);
    let reg = |operand: &str| operand.replacen("%r", &letter.to_string(), 1);
    let source = |operand: &str| -> Result<String, String> {
        if operand.starts_with('%') {
            return Ok(reg(operand));
        }
        // The suite writes constants as they are stored: 32 bits of either sign.
        let value = number(operand)?;
        Ok(if wide {
            (value as i32).to_string()
        } else {
            (value as u32).to_string()
        })
    };
    if let Some(text) = access(name, &operands)? {
        return Ok(text);
    }
    if let Some(symbol) = arithmetic(plain) {
        let src = source(operands[1])?;
        return Ok(format!("{} {symbol} {src}", reg(operands[0])));
    }
    if let Some(symbol) = condition(plain) {
        let (dst, src) = (reg(operands[0]), source(operands[1])?);
        let target = operands[2].trim_start_matches('+');
        return Ok(format!("if {dst} {symbol} {src} goto L_{target}"));
    }
    let one = operands[0].replacen("%r", "r", 1);
    Ok(match name {
        "exit" => "exit".into(),
        "ja" => format!("goto L_{}", operands[0]),
        "ja32" => format!("gotol L_{}", operands[0]),
        "lddw" => format!("{one} = {:#x} ll", number(operands[1])? as u64),
        "neg" | "neg32" => format!("{0} = -{0}", reg(operands[0])),
        "call" => match rest.trim().strip_prefix("local ") {
            Some(callee) => format!("call {}", callee.trim()),
            None => format!("call helper {rest}"),
        },
        "le16" | "le32" | "le64" | "be16" | "be32" | "be64" | "bswap16" | "bswap32" | "bswap64" => {
            format!("{one} = {name} {one}")
        }
        "swap16" | "swap32" | "swap64" => format!("{one} = b{name} {one}"),
        "movsx832" | "movsx1632" | "movsx864" | "movsx1664" | "movsx3264" => {
            let digits = name.trim_start_matches("movsx");
            let (from, to) = digits.split_at(digits.len() - 2);
            let letter = if to == "32" { "w" } else { "r" };
            let [dst, src] = [operands[0], operands[1]].map(|reg| reg.replacen("%r", letter, 1));
            format!("{dst} = (s{from}) {src}")
        }
        _ => return Err(format!("unknown instruction: {line}")),
    })
}

/// `ldxw %r0, [%r1+2]`, `stxw [%r1], %r2`, `stw [%r1], 5`.
fn access(name: &str, operands: &[&str]) -> Result<Option<String>, String> {
    let (kind, size) = match name {
        _ if name.starts_with("ldx") => ("ldx", &name[3..]),
        _ if name.starts_with("stx") => ("stx", &name[3..]),
        _ if name.starts_with("st") => ("st", &name[2..]),
        _ => return Ok(None),
    };
    let size = match size {
        "b" => "u8",
        "h" => "u16",
        "w" => "u32",
        "dw" => "u64",
        _ => return Ok(None),
    };
    Ok(Some(match kind {
        "ldx" => {
            let dst = operands[0].replacen('%', "", 1);
            format!("{dst} = {}", place(size, operands[1])?)
        }
        "stx" => {
            let src = operands[1].replacen('%', "", 1);
            format!("{} = {src}", place(size, operands[0])?)
        }
        _ => format!(
            "{} = {}",
            place(size, operands[0])?,
            number(operands[1])? as i32
        ),
    }))
}

fn place(size: &str, operand: &str) -> Result<String, String> {
    let inner = operand.trim_matches(['[', ']']).trim_start_matches('%');
    let split = inner.find(['+', '-']).unwrap_or(inner.len());
    let (base, offset) = inner.split_at(split);
    let offset = match offset.trim_start_matches('+') {
        "" => 0,
        offset => number(offset)?,
    };
    let sign = if offset < 0 { '-' } else { '+' };
    Ok(format!(
        "*({size}*)({} {sign} {})",
        base.trim(),
        offset.abs()
    ))
}

/// `add [%r1+4], %r2` and its kind, behind `lock`.
fn atomic(rest: &str) -> Result<String, String> {
    let (fetch, rest) = match rest.strip_prefix("fetch ") {
        Some(rest) => (true, rest.trim()),
        None => (false, rest),
    };
    let (name, rest) = rest.split_once(char::is_whitespace).ok_or("atomic")?;
    let (memory, src) = rest.split_once(',').ok_or("atomic")?;
    let size = if name.ends_with("32") { "u32" } else { "u64" };
    let name = name.strip_suffix("32").unwrap_or(name);
    let place = place(size, memory.trim())?;
    let src = src.trim().replacen('%', "", 1);
    let symbol = match name {
        "add" => "+=",
        "or" => "|=",
        "and" => "&=",
        "xor" => "^=",
        "xchg" => return Ok(format!("{src} = lock xchg {place}, {src}")),
        "cmpxchg" => return Ok(format!("r0 = lock cmpxchg {place}, {src}")),
        _ => return Err(format!("unknown atomic: {name}")),
    };
    let result = if fetch {
        format!("{src} = ")
    } else {
        String::new()
    };
    Ok(format!("{result}lock {place} {symbol} {src}"))
}

fn arithmetic(name: &str) -> Option<&'static str> {
    Some(match name {
        "mov" => "=",
        "add" => "+=",
        "sub" => "-=",
        "mul" => "*=",
        "div" => "/=",
        "sdiv" => "s/=",
        "mod" => "%=",
        "smod" => "s%=",
        "or" => "|=",
        "and" => "&=",
        "xor" => "^=",
        "lsh" => "<<=",
        "rsh" => ">>=",
        "arsh" => "s>>=",
        _ => return None,
    })
}

fn condition(name: &str) -> Option<&'static str> {
    Some(match name {
        "jeq" => "==",
        "jne" => "!=",
        "jgt" => ">",
        "jge" => ">=",
        "jlt" => "<",
        "jle" => "<=",
        "jset" => "&",
        "jsgt" => "s>",
        "jsge" => "s>=",
        "jslt" => "s<",
        "jsle" => "s<=",
        _ => return None,
    })
}
