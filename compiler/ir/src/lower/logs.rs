//! Access logs: which requests of which servers are logged, and where to.
//!
//! A request is logged under names; a logger takes the entries of the names that it includes and does not exclude. All of
//! that is settled here, so that a name has a list of outputs when the site runs.

use std::collections::BTreeMap;

use zs_abi::Capability;
use zs_abi::data::Range;
use zs_abi::tables::{
    AccessLogger, AccessLoggerId, LOG_BY_SINK, LOG_CONSOLE, LOG_CREDENTIALS, LOG_DURATION_MILLIS,
    LOG_DURATION_NANOS, LOG_DURATION_SECONDS, LOG_FILE, LOG_JSON, LOG_KEPT_GZIP, LOG_KEPT_PLAIN,
    LOG_LEVEL_COLOR, LOG_LEVEL_LOWER, LOG_LEVEL_UPPER, LOG_MAPPED_ONLY, LOG_STDERR, LOG_STDOUT,
    LOG_TIME_LAYOUT, LOG_TIME_MILLIS, LOG_TIME_NANOS, LOG_TIME_SECONDS, LogHost, LogName,
    LogOutput, LogSink, LogSinkId, ServerId, ServerLog,
};
use zs_config::Places;
use zs_config::model::{
    Config, CustomLog, EncoderFormat, FileWriter, LogEncoder, LogWriter, ServerLogs,
};
use zs_diagnostics::{Diagnostic, codes};

use super::Lowering;
use super::provision::ServerPlan;
use crate::go_time;

/// What the names of all access logs begin with.
const ACCESS: &str = "http.log.access";

/// The variable that keeps a request out of the log.
const SKIP: &str = "log_skip";

/// The variable with the loggers of a request.
pub(super) const NAMES: &str = "access_logger_names";

/// The server that redirects for others, and logs as they do.
const REDIRECTS: &str = "remaining_auto_https_redirects";

impl Lowering<'_> {
    /// Writes what is logged of the servers, which have been written.
    pub(super) fn logs(&mut self, config: &Config, plans: &[ServerPlan]) {
        let Some(http) = &config.apps.http else {
            return;
        };
        let logging = |server: &str| {
            let own = http.servers.get(server);
            // The logs of the last server are those of redirects.
            let last = || http.servers.values().rev().find(|s| s.logs.is_some());
            let server = own.or_else(|| (server == REDIRECTS).then(last).flatten())?;
            server.logs.as_ref().filter(|logs| is_logging(logs))
        };
        let mut table = Table {
            places: &config.places,
            loggers: loggers(config),
            sinks: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        let mut any = false;
        for (number, plan) in plans.iter().enumerate() {
            if let Some(logs) = logging(&plan.name) {
                let server = ServerId(number as u32);
                self.server_log(&mut table, server, logs);
                any = true;
            }
        }
        if !any {
            return;
        }
        for name in std::mem::take(&mut self.log_names) {
            self.access_logger(&mut table, &name);
        }
        self.program.capabilities.insert(Capability::AccessLog);
    }

    fn server_log(&mut self, table: &mut Table<'_>, server: ServerId, logs: &ServerLogs) {
        let ServerLogs {
            default_logger_name,
            logger_names,
            skip_hosts,
            skip_unmapped_hosts,
            should_log_credentials,
            // Which handlers run is never logged, which the reader of the configuration has said.
            trace: _,
        } = logs;
        let default = self.access_logger(table, default_logger_name);
        let mut hosts: Vec<(&String, &Vec<String>)> = logger_names.iter().collect();
        hosts.sort_by_key(|(host, _)| host.split('.').take_while(|label| *label == "*").count());
        let mut records = Vec::new();
        for (host, names) in hosts {
            let names: Vec<LogName> = names
                .iter()
                .map(|name| LogName {
                    logger: self.access_logger(table, name),
                })
                .collect();
            let loggers = self.program.data.extend(&names);
            records.push(self.log_host(host, loggers));
        }
        let hosts = self.program.data.extend(&records);
        let skipped: Vec<LogHost> = skip_hosts
            .iter()
            .map(|host| self.log_host(host, Range::default()))
            .collect();
        let mut flags = 0;
        if *skip_unmapped_hosts {
            flags |= LOG_MAPPED_ONLY;
        }
        if *should_log_credentials {
            flags |= LOG_CREDENTIALS;
        }
        let record = ServerLog {
            server,
            hosts,
            skipped: self.program.data.extend(&skipped),
            default,
            flags,
            skip: self.variables.get(SKIP).copied(),
            names: self.variables.get(NAMES).copied(),
        };
        self.program.data.push(&record);
    }

    fn log_host(&mut self, host: &str, loggers: Range) -> LogHost {
        LogHost {
            pattern: self.program.data.text(host),
            loggers,
        }
    }

    /// The number of a name under which requests are logged.
    fn access_logger(&mut self, table: &mut Table<'_>, name: &str) -> AccessLoggerId {
        let full = match name {
            "" => ACCESS.to_owned(),
            name => format!("{ACCESS}.{name}"),
        };
        if let Some(number) = table.names.get(&full) {
            return *number;
        }
        let mut outputs = Vec::new();
        for (logger, log) in table.loggers.clone() {
            if takes(&log, &full) {
                outputs.extend(self.log_output(table, &logger, &log));
            }
        }
        let record = AccessLogger {
            name: self.program.data.text(&full),
            outputs: self.program.data.extend(&outputs),
        };
        let number = AccessLoggerId(self.program.data.push(&record));
        table.names.insert(full, number);
        number
    }

    /// How a logger writes; `None` if it throws all away, or cannot be had.
    fn log_output(
        &mut self,
        table: &mut Table<'_>,
        name: &str,
        log: &CustomLog,
    ) -> Option<LogOutput> {
        let sink = self.log_sink(table, name, log.writer.as_ref())?;
        let plain = EncoderFormat::default();
        let (format, parts) = match &log.encoder {
            None => (LOG_BY_SINK, &plain),
            Some(LogEncoder::Json(parts)) => (LOG_JSON, parts),
            Some(LogEncoder::Console(parts)) => (LOG_CONSOLE, parts),
            // Refused where the whole configuration is looked at.
            Some(_) => return None,
        };
        let unsaid = if format == LOG_JSON {
            "unix_seconds_float"
        } else {
            "wall_milli"
        };
        let (time_format, layout) = match parts.time_format.as_str() {
            "" if format == LOG_BY_SINK => (LOG_TIME_SECONDS, ""),
            "" => time_format(unsaid),
            named => time_format(named),
        };
        let layout = go_time::compile(layout);
        Some(LogOutput {
            sink,
            format,
            level: level(&log.level).unwrap_or_default(),
            level_format: match parts.level_format.as_str() {
                "upper" => LOG_LEVEL_UPPER,
                "color" => LOG_LEVEL_COLOR,
                "" if format == LOG_CONSOLE => LOG_LEVEL_COLOR,
                _ => LOG_LEVEL_LOWER,
            },
            time_format,
            time_layout: self.program.data.text(layout),
            duration_format: match parts.duration_format.as_str() {
                "ms" | "milli" | "millis" => LOG_DURATION_MILLIS,
                "ns" | "nano" | "nanos" => LOG_DURATION_NANOS,
                _ => LOG_DURATION_SECONDS,
            },
        })
    }

    fn log_sink(
        &mut self,
        table: &mut Table<'_>,
        name: &str,
        writer: Option<&LogWriter>,
    ) -> Option<LogSinkId> {
        let (key, kind, file) = match writer {
            None | Some(LogWriter::Stderr) => ("stderr".to_owned(), LOG_STDERR, None),
            Some(LogWriter::Stdout) => ("stdout".to_owned(), LOG_STDOUT, None),
            Some(LogWriter::File(file)) => {
                (format!("file:{}", file.filename), LOG_FILE, Some(file))
            }
            // Nothing is written; what is refused has been.
            Some(_) => return None,
        };
        if let Some((number, first)) = table.sinks.get(&key) {
            if *first != file.cloned() {
                let message =
                    format!("`{name}` is not the first logger for its file, and sets it otherwise");
                let place = table.places.at(["logging", "logs", name]);
                let error = Diagnostic::error(codes::CONFLICT, place, message)
                    .help("write the same settings for the file in both");
                self.sink.report(error);
            }
            return Some(*number);
        }
        let record = match file {
            Some(file) => self.file_sink(file),
            None => LogSink {
                kind,
                path: self.program.data.text(""),
                mode: 0,
                roll_megabytes: 0,
                keep: 0,
                keep_days: 0,
                kept: LOG_KEPT_PLAIN,
            },
        };
        let number = LogSinkId(self.program.data.push(&record));
        table.sinks.insert(key, (number, file.cloned()));
        Some(number)
    }

    fn file_sink(&mut self, file: &FileWriter) -> LogSink {
        let or = |value: i64, standard: u32| match u32::try_from(value) {
            Ok(0) | Err(_) => standard,
            Ok(value) => value,
        };
        let mode = file.mode.as_deref().unwrap_or_default();
        let kept = match file.roll_compression.as_str() {
            "none" => LOG_KEPT_PLAIN,
            "" if file.roll_gzip == Some(false) => LOG_KEPT_PLAIN,
            _ => LOG_KEPT_GZIP,
        };
        LogSink {
            kind: LOG_FILE,
            path: self.program.data.text(&file.filename),
            mode: u32::from_str_radix(mode, 8).unwrap_or_default(),
            roll_megabytes: if file.roll == Some(false) {
                0
            } else {
                or(file.roll_size_mb, ROLL_MEGABYTES)
            },
            keep: or(file.roll_keep, ROLL_KEEP),
            keep_days: or(file.roll_keep_days, ROLL_KEEP_DAYS),
            kept,
        }
    }
}

/// Megabytes at which a file is rotated, how many are kept and for how many days, when nothing else is said.
const ROLL_MEGABYTES: u32 = 100;
const ROLL_KEEP: u32 = 10;
const ROLL_KEEP_DAYS: u32 = 90;

/// What is known while loggers are written.
struct Table<'a> {
    places: &'a Places,
    /// All loggers.
    loggers: Vec<(String, CustomLog)>,
    /// Sinks by what they write to, each with the file's settings.
    sinks: BTreeMap<String, (LogSinkId, Option<FileWriter>)>,
    /// Names under which requests are logged.
    names: BTreeMap<String, AccessLoggerId>,
}

/// Whether a server logs any request.
pub(super) fn is_logging(logs: &ServerLogs) -> bool {
    let only_traced = ServerLogs {
        trace: logs.trace,
        ..ServerLogs::default()
    };
    !logs.trace || *logs != only_traced
}

/// All loggers; there is always one of the name `default`.
fn loggers(config: &Config) -> Vec<(String, CustomLog)> {
    let mut all = config
        .logging
        .as_ref()
        .map_or_else(BTreeMap::new, |logging| logging.logs.clone());
    all.entry("default".to_owned()).or_default();
    all.into_iter().collect()
}

/// Whether a logger takes the entries of a name: the longest namespace that it includes or excludes decides.
fn takes(log: &CustomLog, name: &str) -> bool {
    let longest = |namespaces: &[String]| {
        let within = |namespace: &&String| {
            let rest = name.strip_prefix(namespace.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let lengths = namespaces.iter().filter(within).map(String::len);
        lengths.max().unwrap_or(0)
    };
    let (included, excluded) = (longest(&log.include), longest(&log.exclude));
    included > excluded || (log.include.is_empty() && excluded == 0)
}

/// The number of a level; `None` if it is none. Levels above that of errors let nothing through.
pub(super) fn level(name: &str) -> Option<u32> {
    Some(match name.to_lowercase().as_str() {
        "debug" => 0,
        "" | "info" => 1,
        "warn" => 2,
        "error" => 3,
        "panic" | "fatal" => 4,
        _ => return None,
    })
}

/// A form of times by its name; another text is a layout itself.
fn time_format(name: &str) -> (u32, &str) {
    let layout = match name {
        "unix_seconds_float" => return (LOG_TIME_SECONDS, ""),
        "unix_milli_float" => return (LOG_TIME_MILLIS, ""),
        "unix_nano" => return (LOG_TIME_NANOS, ""),
        "iso8601" => "2006-01-02T15:04:05.000Z0700",
        "rfc3339" => "2006-01-02T15:04:05Z07:00",
        "rfc3339_nano" => "2006-01-02T15:04:05.999999999Z07:00",
        "wall" => "2006/01/02 15:04:05",
        "wall_milli" => "2006/01/02 15:04:05.000",
        "wall_nano" => "2006/01/02 15:04:05.000000000",
        "common_log" => "02/Jan/2006:15:04:05 -0700",
        layout => layout,
    };
    (LOG_TIME_LAYOUT, layout)
}
