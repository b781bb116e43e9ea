//! The pipeline: a table of contents of the stages.

use std::num::NonZeroUsize;
use std::path::Path;

use sha2::{Digest, Sha256};
use zs_audit::{Hint, Placed};
use zs_bpf::Image;
use zs_config::Purpose;
use zs_config::model::{Config, Handler, Route};
use zs_diagnostics::{Code, Diagnostic, FileId, Severity, Sink, SourceMap, Style, render_all};
use zs_ir::Program;
use zs_native::{Code as MachineCode, Target};
use zs_open::OpenValues;
use zs_syntax::Tree;

use crate::arguments::{Adapter, Stage};
use crate::environment::Environment;
use crate::timing::Times;

/// A site as far as the object file.
pub struct Site {
    /// The relocatable object.
    pub object: Vec<u8>,
}

/// What a site decides requests by, before it becomes machine code.
#[derive(Debug)]
pub struct Decision {
    /// Blocks and tables.
    pub program: Program,
    /// The code, and where the blocks are in it.
    pub placed: zs_codegen::Placed,
}

/// Why there is no site.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is refused; the diagnostics are in the sink.
    Configuration,
    /// A file or the machine is in the way; one sentence.
    System(String),
    /// The compiler made something that its own checks refuse; one sentence.
    Bug(String),
}

/// One compilation: texts, diagnostics and times.
#[derive(Debug, Default)]
pub struct Compiler {
    sources: SourceMap,
    sink: Sink,
    /// How long the stages took.
    pub times: Times,
    environment: Environment,
    adapter: Option<Adapter>,
    /// Variables that are left open.
    left_open: Vec<String>,
    /// Where the texts ask for them.
    open: OpenValues,
}

/// What a stage gave, as text, or the finished object.
pub enum Outcome {
    /// A dump of the stage that was asked for.
    Text(String),
    /// The site.
    Site(Site),
}

impl Compiler {
    /// A compiler that reads variables from an environment, whose lints are off
    /// where their code is allowed, and that reads a language, which the file's
    /// name decides if nothing else does.
    pub fn new(environment: Environment, allowed: &[Code], adapter: Option<Adapter>) -> Self {
        let mut sink = Sink::new();
        allowed.iter().for_each(|code| sink.allow(*code));
        Self {
            sink,
            environment,
            adapter,
            ..Self::default()
        }
    }

    /// Leaves variables open: the site reads them when it starts.
    pub fn leave_open(&mut self, names: &[String]) {
        self.left_open = names.to_vec();
        self.environment.leave_open(names);
    }

    /// Compiles a file, or stops at a stage and gives its dump.
    pub fn compile(
        &mut self,
        file: &Path,
        emit: Option<Stage>,
        threads: NonZeroUsize,
    ) -> Result<Outcome, Failure> {
        let purpose = if emit.is_some_and(|stage| stage <= Stage::Config) {
            Purpose::Adapt
        } else {
            Purpose::Build
        };
        let source = self.read(file)?;
        if let Some(dump) = self.dump(&source, emit)? {
            return Ok(Outcome::Text(dump));
        }
        let config = self.config(&source, purpose)?;
        if emit == Some(Stage::Config) {
            let json = config.to_json_pretty() + "\n";
            return Ok(Outcome::Text(self.open.spelled(&json)));
        }
        let mut program = self.lower(&config)?;
        if emit == Some(Stage::Ir) {
            return Ok(Outcome::Text(zs_ir::print::program(
                &program,
                Some(&self.sources),
            )));
        }
        let sources = &self.sources;
        let image = self
            .times
            .stage("bpf", || zs_codegen::generate(&mut program, sources))
            .map_err(|error| Failure::Bug(error.to_string()))?;
        if emit == Some(Stage::Bpf) {
            return Ok(Outcome::Text(image.to_string()));
        }
        let code = self.times.stage("native", || translate(&image, threads))?;
        if emit == Some(Stage::Asm) {
            return Ok(Outcome::Text(listing(&code)));
        }
        self.times.stage("audit", || audit(&code))?;
        let facts = facts(file, &source.hash, &config, &program);
        let object = self.times.stage("object", || {
            crate::assemble::object(&mut program, &code, facts)
        })?;
        if zs_open::is_open(&String::from_utf8_lossy(&object)) {
            let text = "an open value is left in the object";
            return Err(Failure::Bug(text.to_owned()));
        }
        Ok(Outcome::Site(Site { object }))
    }

    /// The decision that a file's site makes, as code that can be interpreted.
    pub fn decision(&mut self, file: &Path) -> Result<Decision, Failure> {
        let config = self.adapt(file, Purpose::Build)?;
        let mut program = self.lower(&config)?;
        let placed = zs_codegen::generate_placed(&mut program, &self.sources)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        // Warnings are about the site, and told when it is built.
        self.sink = Sink::new();
        Ok(Decision { program, placed })
    }

    /// The texts that were read.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The typed configuration of a file, to be printed or to be built.
    pub fn adapt(&mut self, file: &Path, purpose: Purpose) -> Result<Config, Failure> {
        let source = self.read(file)?;
        self.config(&source, purpose)
    }

    /// The picture of a file's configuration.
    pub fn graph(&mut self, file: &Path) -> Result<String, Failure> {
        let config = self.adapt(file, Purpose::Adapt)?;
        Ok(crate::graph::svg(&config, &self.sources))
    }

    /// Checks a file as far as what only generated code could still refuse.
    pub fn validate(&mut self, file: &Path) -> Result<(), Failure> {
        let config = self.adapt(file, Purpose::Build)?;
        self.lower(&config).map(|_| ())
    }

    fn lower(&mut self, config: &Config) -> Result<Program, Failure> {
        let (sink, open) = (&mut self.sink, &self.open);
        let program = self.times.stage("ir", || zs_ir::lower(config, open, sink));
        zs_open::explain(&self.open, &self.sources, &mut self.sink);
        program.ok_or(Failure::Configuration)
    }

    /// The diagnostics so far, as text for a terminal or a file.
    pub fn diagnostics(&self, style: Style) -> String {
        render_all(self.sink.diagnostics(), &self.sources, style)
    }

    /// The diagnostics so far, each as one line.
    pub fn lines<'c>(
        &'c self,
        line: impl Fn(&Diagnostic, &SourceMap) -> String + 'c,
    ) -> impl Iterator<Item = String> + 'c {
        let diagnostics = self.sink.diagnostics().iter();
        diagnostics.map(move |diagnostic| line(diagnostic, &self.sources))
    }

    /// How many errors and warnings there are.
    pub fn counts(&self) -> (usize, usize) {
        let of = |severity| {
            self.sink
                .diagnostics()
                .iter()
                .filter(|known| known.severity == severity)
                .count()
        };
        (of(Severity::Error), of(Severity::Warning))
    }

    fn read(&mut self, file: &Path) -> Result<Source, Failure> {
        let unreadable = |reason: &dyn std::fmt::Display| {
            Failure::System(format!("cannot read {}: {reason}", file.display()))
        };
        let bytes = std::fs::read(file).map_err(|error| unreadable(&error))?;
        let hash = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = String::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8"))?;
        let named = file
            .extension()
            .is_some_and(|extension| extension == "json");
        let guess = if named {
            Adapter::Json
        } else {
            Adapter::Caddyfile
        };
        Ok(Source {
            id: self.sources.add(file.display().to_string(), text),
            hash,
            language: self.adapter.unwrap_or(guess),
        })
    }

    /// What the words or the blocks of a file look like, if that was asked for.
    fn dump(&mut self, source: &Source, emit: Option<Stage>) -> Result<Option<String>, Failure> {
        if !matches!(emit, Some(Stage::Tokens | Stage::Tree)) {
            return Ok(None);
        }
        if source.language == Adapter::Json {
            return Err(Failure::System(
                "JSON has no words and blocks of a Caddyfile; the first stage is `config`"
                    .to_owned(),
            ));
        }
        let tokens = emit == Some(Stage::Tokens);
        let dump = if tokens {
            let (environment, sink) = (&self.environment, &mut self.sink);
            zs_syntax::lex(&self.sources, source.id, environment, sink)
                .map(|tokens| zs_syntax::dump_tokens(&tokens, &self.sources))
        } else {
            self.tree(source)
                .map(|tree| zs_syntax::dump_tree(&tree, &self.sources))
        };
        dump.map(Some).ok_or(Failure::Configuration)
    }

    fn tree(&mut self, source: &Source) -> Option<Tree> {
        let (sources, environment, sink) = (&mut self.sources, &self.environment, &mut self.sink);
        self.times.stage("syntax", || {
            zs_syntax::parse(sources, source.id, environment, sink)
        })
    }

    fn config(&mut self, source: &Source, purpose: Purpose) -> Result<Config, Failure> {
        let config = self.adapted(source, purpose);
        zs_open::explain(&self.open, &self.sources, &mut self.sink);
        let (names, sources) = (&self.left_open, &self.sources);
        crate::open::refuse_unknown(names, source.id, sources, &mut self.sink);
        match self.sink.has_errors() {
            true => Err(Failure::Configuration),
            false => config,
        }
    }

    fn adapted(&mut self, source: &Source, purpose: Purpose) -> Result<Config, Failure> {
        self.environment.refuse_unset(purpose == Purpose::Build);
        let tree = match source.language {
            Adapter::Caddyfile => Some(self.tree(source).ok_or(Failure::Configuration)?),
            Adapter::Json => None,
        };
        if let Some(tree) = &tree {
            self.open.clone_from(&tree.open);
        }
        let (sink, sources) = (&mut self.sink, &self.sources);
        let config = self.times.stage("config", || match &tree {
            Some(tree) => zs_config::adapt(tree, purpose, sink),
            None => zs_config::from_json(&sources.file(source.id).text, source.id, purpose, sink),
        });
        let config = config.ok_or(Failure::Configuration)?;
        if purpose == Purpose::Build {
            self.times.stage("lint", || {
                zs_config::lint(tree.as_ref(), &config, sources, sink);
            });
        }
        Ok(config)
    }
}

/// A configuration file that was read.
struct Source {
    id: FileId,
    /// SHA-256 of its bytes in hexadecimal digits.
    hash: String,
    language: Adapter,
}

/// Addresses at which code is checked: any will do, because code reaches its
/// tables by distances and is checked for all of them.
const AUDIT_TEXT: u64 = 0x40_0000_0000;
const AUDIT_HELPERS: u64 = AUDIT_TEXT + (1 << 30);
const AUDIT_ENTRIES: u64 = AUDIT_HELPERS + (1 << 16);

/// Translates an image to machine code.
///
/// # Errors
/// A bug: what the code generator makes can be translated.
pub fn translate(image: &Image, threads: NonZeroUsize) -> Result<MachineCode, Failure> {
    zs_native::compile_on(image, Target::X86_64, threads)
        .map_err(|error| Failure::Bug(error.to_string()))
}

/// Checks the machine code independently of what generated it.
///
/// # Errors
/// The rule that is broken.
pub fn audit(code: &MachineCode) -> Result<(), Failure> {
    let too_far = || Failure::Bug("the code does not reach its tables".to_owned());
    let text = code
        .place(AUDIT_TEXT, AUDIT_HELPERS, AUDIT_ENTRIES)
        .ok_or_else(too_far)?;
    let functions: Vec<_> = code
        .functions
        .iter()
        .map(|function| function.range.clone())
        .collect();
    let hints: Vec<Hint> = code
        .facts
        .iter()
        .map(|fact| Hint {
            offset: fact.offset,
            zero_extended: fact.zero_extended,
        })
        .collect();
    let placed = Placed {
        text: &text,
        address: AUDIT_TEXT,
        functions: &functions,
        entries: &code.entries,
        entries_address: AUDIT_ENTRIES,
        helpers_address: AUDIT_HELPERS,
        helper_count: code.helpers.len() as u32,
        hints: &hints,
    };
    zs_audit::audit(&placed).map(|_| ()).map_err(|violation| {
        Failure::Bug(format!("the audit refuses the machine code: {violation}"))
    })
}

/// The machine code as text.
fn listing(code: &MachineCode) -> String {
    let label = |offset: u32| {
        let starts = code
            .functions
            .iter()
            .find(|function| function.range.start == offset);
        starts.map(|function| function.name.clone())
    };
    zs_audit::listing(&code.text, label)
}

/// What `inspect` tells.
fn facts(
    file: &Path,
    hash: &str,
    config: &Config,
    program: &Program,
) -> Vec<(&'static str, String)> {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let capabilities: Vec<&str> = program
        .capabilities
        .iter()
        .map(|capability| capability.name())
        .collect();
    let routes = config
        .apps
        .http
        .iter()
        .flat_map(|http| http.servers.values())
        .map(|server| count_routes(&server.routes))
        .sum::<usize>();
    let mut facts = vec![
        ("caddyfile", name),
        ("sha256", hash.to_owned()),
        (
            "compiler",
            format!("zeroserve {}", env!("CARGO_PKG_VERSION")),
        ),
        ("contract", format!("{:016x}", zs_abi::CONTRACT_HASH)),
        ("capabilities", capabilities.join(" ")),
        ("listeners", program.listeners.join(", ")),
        ("routes", routes.to_string()),
    ];
    let open = crate::open::fact(program.data.open());
    facts.extend(open.map(|names| ("environment", names)));
    facts
}

fn count_routes(routes: &[Route]) -> usize {
    let inner = |handler: &Handler| match handler {
        Handler::Subroute(subroute) => count_routes(&subroute.routes),
        _ => 0,
    };
    routes
        .iter()
        .map(|route| 1 + route.handle.iter().map(inner).sum::<usize>())
        .sum()
}
