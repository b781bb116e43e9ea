//! What each command does, what it prints and how it exits.
//!
//! Exit codes: 0 done, 1 the configuration is refused, 2 the arguments are
//! wrong (clap), 3 a file or the machine is in the way, 4 a bug of the compiler.

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use zs_diagnostics::{Style, to_github_line, to_json_line, to_short_line};
use zs_link::{Inputs, Linker, Wild};

use crate::arguments::{
    Adapt, Arguments, Build, Command, Input, Inspect, MessageFormat, Run, Stage,
};
use crate::compile::{Compiler, Failure, Outcome, Site};
use crate::environment::Environment;
use crate::{embedded, fmt, inspect, output, password, reference, run, trace};
use zs_config::Purpose;

/// The file that is read when none is named, as Caddy does.
pub(crate) const DEFAULT_FILE: &str = "Caddyfile";

/// Runs a command.
pub fn dispatch(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Build(build) => with_compiler(&build.input, |compiler, file| {
            compiler.leave_open(&build.open.runtime_env);
            self::build(compiler, file, &build)
        }),
        Command::Run(run) => serve(&run),
        Command::Adapt(adapt) => with_compiler(&adapt.input, |compiler, file| {
            self::adapt(compiler, file, &adapt)
        }),
        Command::Validate(validate) => with_compiler(&validate.input, |compiler, file| {
            compiler.leave_open(&validate.open.runtime_env);
            compiler.validate(file)?;
            println!("{}: the configuration is valid", file.display());
            Ok(())
        }),
        Command::Graph(graph) => with_compiler(&graph.input, |compiler, file| {
            let picture = compiler.graph(file)?;
            match &graph.output {
                None => print(&picture),
                Some(output) => output::replace(output, picture.as_bytes()).map_err(|error| {
                    Failure::System(format!("cannot write {}: {error}", output.display()))
                }),
            }
        }),
        Command::Fmt(fmt) => exit(fmt::run(&fmt)),
        Command::Trace(arguments) => match trace::Request::read(&arguments) {
            Ok(request) => with_compiler(&arguments.input, |compiler, file| {
                trace::run(compiler, file, &request, &arguments)
            }),
            Err(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
        },
        Command::Inspect(inspect) => exit(self::inspect(&inspect)),
        Command::Explain(explain) => exit(reference::explain(&explain)),
        Command::HashPassword(arguments) => exit(password::run(&arguments)),
        Command::ListModules => exit(reference::list_modules()),
        Command::Version => exit(reference::version()),
        Command::Completion(completion) => exit(reference::completion(&completion)),
        Command::Manpage(manpage) => exit(reference::manpages(&manpage.directory)),
    }
}

/// Runs a command that compiles: prints diagnostics and times when it is done.
fn with_compiler(
    input: &Input,
    command: impl FnOnce(&mut Compiler, &Path) -> Result<(), Failure>,
) -> ExitCode {
    let environment = match Environment::read(&input.envfile) {
        Ok(environment) => environment,
        Err(message) => return exit(Err(Failure::System(message))),
    };
    let mut compiler = Compiler::new(environment, &input.allow, input.adapter);
    let result = command(&mut compiler, &file_of(input));
    report(&compiler, input.message_format);
    if input.time {
        compiler.times.print();
    }
    exit(result)
}

/// The file that is read.
fn file_of(input: &Input) -> PathBuf {
    input
        .file
        .clone()
        .or_else(|| input.config.clone())
        .unwrap_or_else(|| DEFAULT_FILE.into())
}

fn report(compiler: &Compiler, format: MessageFormat) {
    let (errors, warnings) = compiler.counts();
    if errors + warnings == 0 {
        return;
    }
    let line = match format {
        MessageFormat::Text => None,
        MessageFormat::Json => Some(to_json_line as fn(&_, &_) -> _),
        MessageFormat::Short => Some(to_short_line as fn(&_, &_) -> _),
        MessageFormat::Github => Some(to_github_line as fn(&_, &_) -> _),
    };
    if let Some(line) = line {
        compiler.lines(line).for_each(|line| eprintln!("{line}"));
        return;
    }
    let style = if std::io::stderr().is_terminal() {
        Style::Coloured
    } else {
        Style::Plain
    };
    eprintln!("{}", compiler.diagnostics(style));
    if errors > 0 {
        let plural = if errors == 1 { "" } else { "s" };
        eprintln!("error: {errors} error{plural}; nothing was written");
    }
}

fn exit(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Configuration) => ExitCode::from(1),
        Err(Failure::System(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(3)
        }
        Err(Failure::Bug(message)) => {
            eprintln!("error: {message}");
            eprintln!("This is a bug in zeroserve; please report it with the configuration.");
            ExitCode::from(4)
        }
    }
}

fn build(compiler: &mut Compiler, file: &Path, build: &Build) -> Result<(), Failure> {
    let threads = NonZeroUsize::new(build.threads.into()).unwrap_or(NonZeroUsize::MIN);
    let site = match compiler.compile(file, build.emit, threads)? {
        Outcome::Text(text) => return print(&text),
        Outcome::Site(site) => site,
    };
    let bytes = if build.emit == Some(Stage::Obj) {
        site.object
    } else {
        link(compiler, &site, build.strip)?
    };
    compiler
        .times
        .stage("write", || output::write_executable(&build.output, &bytes))
        .map_err(|error| {
            Failure::System(format!("cannot write {}: {error}", build.output.display()))
        })
}

fn link(compiler: &mut Compiler, site: &Site, strip: bool) -> Result<Vec<u8>, Failure> {
    let runtime = compiler.times.stage("unpack", embedded::runtime);
    let runtime: Vec<(&str, &[u8])> = runtime
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    let inputs = Inputs {
        object: &site.object,
        runtime: &runtime,
        strip,
    };
    compiler
        .times
        .stage("link", || Wild.link(&inputs))
        .map_err(|error| Failure::Bug(error.to_string()))
}

fn adapt(compiler: &mut Compiler, file: &Path, adapt: &Adapt) -> Result<(), Failure> {
    if adapt.validate {
        compiler.validate(file)?;
    }
    let config = compiler.adapt(file, Purpose::Adapt)?;
    print(
        &(if adapt.pretty {
            config.to_json_pretty()
        } else {
            config.to_json()
        } + "\n"),
    )
}

fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let shown = inspect.site.display();
    let bytes = std::fs::read(&inspect.site)
        .map_err(|error| Failure::System(format!("cannot read {shown}: {error}")))?;
    match inspect::site_data(&bytes) {
        Ok(data) => print(&inspect::describe(data)),
        Err(inspect::InspectError::NoSite) => Err(Failure::System(format!(
            "{shown} is no site built by zeroserve"
        ))),
        Err(inspect::InspectError::OtherVersion) => Err(Failure::System(format!(
            "{shown} was built by another version of zeroserve; ask the site itself: {shown} --version"
        ))),
    }
}

/// Compiles and serves; the process is the server until it is told to stop.
fn serve(arguments: &Run) -> ExitCode {
    let mut site = None;
    let compiled = with_compiler(&arguments.input, |compiler, file| {
        compiler.leave_open(&arguments.open.runtime_env);
        match compiler.compile(file, None, NonZeroUsize::MIN)? {
            Outcome::Site(compiled) => site = Some(compiled),
            Outcome::Text(_) => {}
        }
        Ok(())
    });
    match site {
        Some(site) => run::serve(&site, arguments),
        None => compiled,
    }
}

/// Prints to standard output; a reader that went away is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::System(
            format!("cannot write to standard output: {error}"),
        )),
        _ => Ok(()),
    }
}
