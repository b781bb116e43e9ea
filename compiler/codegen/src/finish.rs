//! The site data, finished: records that name functions or machine code.

use zs_abi::tables::{Balance, BalanceId, Entry, EntryId, Fact, Line, Proxy, Server};
use zs_ir::Program;
use zs_ir::program::Target;

/// What is known only when the code has been translated.
#[derive(Debug, Default)]
pub struct Finished<'a> {
    /// Lines of the configuration by offset of the machine code: offset, file,
    /// line.
    pub lines: Vec<(u32, &'a str, u32)>,
    /// What `inspect` tells of the site, in order.
    pub facts: Vec<(&'a str, String)>,
}

/// Adds the last records and gives the finished site data.
pub fn finish(program: &mut Program, finished: &Finished<'_>) -> Vec<u8> {
    let data = &mut program.data;
    for server in &program.servers {
        let entry = EntryId(server.entry.0);
        data.push(&Server {
            entry,
            ..server.record
        });
    }
    for proxy in &program.proxies {
        let balance = proxy.balance.as_ref().map(|balance| {
            BalanceId(data.push(&Balance {
                choose_entry: balance.choose.and_then(entry),
                retry_entry: balance.retry.and_then(entry),
                response_entry: balance.response.and_then(entry),
                ..balance.record
            }))
        });
        let record = Proxy {
            request_entry: proxy.request.and_then(entry),
            response_entry: proxy.response.and_then(entry),
            balance,
            ..proxy.record
        };
        data.push(&record);
    }
    for function in &program.functions {
        let name = data.text(&function.name);
        data.push(&Entry { name });
    }
    for (code_offset, file, line) in &finished.lines {
        let file = data.text(file);
        data.push(&Line {
            code_offset: *code_offset,
            file,
            line: *line,
        });
    }
    for (key, value) in &finished.facts {
        let (key, value) = (data.text(key), data.text(value));
        data.push(&Fact { key, value });
    }
    data.finish()
}

fn entry(target: Target) -> Option<EntryId> {
    match target {
        Target::Function(function) => Some(EntryId(function.0)),
        Target::Block(_) => None,
    }
}
