//! Sites that no configuration makes: IR as text, through every later stage.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use zeroserve::{assemble, compile, embedded};
use zs_abi::data::{Range, Text};
use zs_abi::tables::{
    EntryId, Error, HeaderList, HeaderOp, LISTEN_TCP, Listener, Proxy, Response, Segment, Server,
    ServerId, Subrequest, Template, TemplateId, Upstream, Value,
};
use zs_abi::{Capability, HeaderOpKind, Source};
use zs_ir::Program;
use zs_ir::program::FunctionId;
use zs_link::{Inputs, Linker, Wild};

use crate::common::Folder;

/// A program with one server on one port, whose first function is entered.
pub struct Forge {
    /// The program; its tables are filled with the methods below.
    pub program: Program,
}

impl Forge {
    /// A program of functions in the text that `zs_ir::print` writes.
    pub fn new(functions: &str, port: u16) -> Self {
        let functions = zs_ir::parse::functions(functions)
            .unwrap_or_else(|error| panic!("{error}\n{functions}"));
        let mut program = Program {
            functions,
            ..Program::default()
        };
        for function in &program.functions {
            zs_ir::verify::verify(function, &[]).unwrap_or_else(|error| panic!("{error}"));
        }
        let data = &mut program.data;
        let entry = FunctionId(0);
        let record = Server {
            name: data.text("srv0"),
            entry: EntryId(entry.0),
            needs: 7,
            header_bytes_max: 1 << 20,
            read_header_ms: 60_000,
            idle_ms: 60_000,
            body_idle_ms: 60_000,
            write_idle_ms: 60_000,
            read_ms: 0,
            write_ms: 0,
            probe_idle_s: 0,
            probe_interval_s: 0,
            probes: 0,
            policies: Range::default(),
        };
        data.push(&Listener {
            kind: LISTEN_TCP,
            // 127.0.0.1 behind ::ffff:
            address: [0, 0, 0xffff_0000, 0x0100_007f],
            port: port.into(),
            path: Text::EMPTY,
            server: ServerId(0),
            tls: 0,
        });
        program
            .servers
            .push(zs_ir::program::Server { record, entry });
        Self { program }
    }

    /// A constant text.
    pub fn text(&mut self, text: &str) -> Value {
        Value {
            text: self.program.data.text(text),
            template: None,
        }
    }

    /// A text of one source between two constants.
    pub fn template(&mut self, before: &str, source: Source, number: u32, behind: &str) -> Value {
        let data = &mut self.program.data;
        let mut segment = |source: Source, text: &str, number| Segment {
            source: source as u32,
            argument: data.text(text),
            number,
            flags: 0,
        };
        let segments = [
            segment(Source::Constant, before, 0),
            segment(source, "", number),
            segment(Source::Constant, behind, 0),
        ];
        let segments = data.extend(&segments);
        let template = TemplateId(data.push(&Template { segments }));
        Value {
            text: Text::EMPTY,
            template: Some(template),
        }
    }

    /// The next response.
    pub fn response(&mut self, status: u32, body: Value) {
        let content_type = self.program.data.text("text/plain");
        let record = Response {
            status,
            status_template: None,
            headers: None,
            content_type,
            body,
            flags: 0,
        };
        self.program.data.push(&record);
    }

    /// The next error.
    pub fn error(&mut self, status: &str) {
        let record = Error {
            status: self.text(status),
            message: Value::default(),
        };
        self.program.data.push(&record);
    }

    /// The next list of header operations: adds one value.
    pub fn header(&mut self, name: &str, value: &str) {
        let op = HeaderOp {
            kind: HeaderOpKind::Add as u32,
            name: self.text(name),
            value: self.text(value),
            regex: None,
            search: Value::default(),
        };
        let operations = self.program.data.extend(&[op]);
        self.program.data.push(&HeaderList { operations });
    }

    /// The next subrequest.
    pub fn subrequest(&mut self, target: &str) {
        let record = Subrequest {
            method: self.text("GET"),
            target: self.text(target),
            server: ServerId(0),
        };
        self.program.data.push(&record);
    }

    /// The next proxy: passes requests on to a port of this machine.
    pub fn proxy(&mut self, port: u16) {
        let upstream = Upstream {
            kind: LISTEN_TCP,
            host: self.text("127.0.0.1"),
            port: self.text(&port.to_string()),
        };
        let record = Proxy {
            upstreams: self.program.data.extend(&[upstream]),
            request_entry: None,
            response_entry: None,
            dial_ms: 3_000,
            handshake_ms: 10_000,
            response_header_ms: 0,
            read_ms: 0,
            write_ms: 0,
            flags: 0,
            server_name: Value::default(),
            keepalive_ms: 10_000,
            idle_max: 4,
            balance: None,
        };
        let owner = FunctionId(0);
        let proxy = zs_ir::program::Proxy {
            record,
            request: None,
            response: None,
            balance: None,
            owner,
        };
        self.program.proxies.push(proxy);
        self.program.capabilities.insert(Capability::Proxy);
    }

    /// Translates, audits and links the program. `assembly` are functions in
    /// BPF assembly that take the place of entries of the same number.
    pub fn build(mut self, folder: &Folder, assembly: &str) -> PathBuf {
        zs_ir::split::split(&mut self.program);
        let mut sources = zs_diagnostics::SourceMap::default();
        sources.add("Caddyfile".to_owned(), "\n".repeat(100));
        let mut image = zs_codegen::generate(&mut self.program, &sources).expect("code");
        let module = zs_bpf::assemble("forged", assembly).unwrap_or_else(|error| panic!("{error}"));
        // So that files have the same numbers in both.
        assert!(
            module.files.is_empty() || module.files == image.files,
            "{:?}",
            image.files
        );
        for function in module.functions {
            let entry = function.entry.expect("forged functions are entries");
            let place = image.entry(entry).expect("the program has that entry");
            image.functions[place.index()] = function;
        }
        let code = compile::translate(&image, NonZeroUsize::MIN).expect("machine code");
        compile::audit(&code).expect("code that passes the audit");
        let object = assemble::object(&mut self.program, &code, Vec::new()).expect("an object");
        let runtime = embedded::runtime();
        let runtime: Vec<(&str, &[u8])> = runtime
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        let inputs = Inputs {
            object: &object,
            runtime: &runtime,
            strip: false,
        };
        let program = folder.path("forged");
        fs::write(&program, Wild.link(&inputs).expect("an executable")).expect("a file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&program, mode).expect("the file is ours");
        program
    }
}
