//! Machine code as text, for people.

use std::fmt::Write;

use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};

/// Disassembles code: one line for each instruction, with its offset and bytes.
/// `label` gives the text to print before an offset, such as a function's name.
pub fn listing(text: &[u8], label: impl Fn(u32) -> Option<String>) -> String {
    let mut lines = String::new();
    let mut formatter = NasmFormatter::new();
    for instruction in Decoder::with_ip(64, text, 0, DecoderOptions::NONE) {
        let (start, end) = (instruction.ip(), instruction.next_ip());
        if let Some(label) = label(start as u32) {
            let _ = writeln!(lines, "{label}:");
        }
        let mut bytes = String::new();
        for byte in &text[start as usize..(end as usize).min(text.len())] {
            let _ = write!(bytes, "{byte:02x}");
        }
        let mut source = String::new();
        formatter.format(&instruction, &mut source);
        let _ = writeln!(lines, "    {start:6x}  {bytes:22}  {source}");
    }
    lines
}
