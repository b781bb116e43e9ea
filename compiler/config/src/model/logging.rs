//! Loggers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Duration, VarValue, is_default, json};

/// Loggers by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// The loggers; `default` is the one that takes what no other takes.
    #[serde(skip_serializing_if = "is_default")]
    pub logs: BTreeMap<String, CustomLog>,
}

/// One logger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomLog {
    /// Where entries go; to the error output when none.
    #[serde(skip_serializing_if = "is_default")]
    pub writer: Option<LogWriter>,
    /// How entries are written; by where they go when none.
    #[serde(skip_serializing_if = "is_default")]
    pub encoder: Option<LogEncoder>,
    /// The lowest level that is written.
    #[serde(skip_serializing_if = "is_default")]
    pub level: String,
    /// Which part of many equal entries is written.
    #[serde(skip_serializing_if = "is_default")]
    pub sampling: Option<LogSampling>,
    /// The names of loggers that it takes entries from; from all when none.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<String>,
    /// The names of loggers that it takes no entries from.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<String>,
}

/// Of entries that are the same within an interval, some are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSampling {
    /// The interval.
    #[serde(skip_serializing_if = "is_default")]
    pub interval: Duration,
    /// How many entries are written at the start of each.
    #[serde(skip_serializing_if = "is_default")]
    pub first: i64,
    /// After that, one of so many is written.
    #[serde(skip_serializing_if = "is_default")]
    pub thereafter: i64,
}

/// Where entries go.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LogWriter {
    /// Nowhere.
    Discard,
    /// A file.
    File(FileWriter),
    /// A socket.
    Net(NetWriter),
    /// The error output.
    Stderr,
    /// The standard output.
    Stdout,
}

json::modules!(LogWriter by "output" in "caddy.logging.writers" {
    Discard => "discard",
    File(writer) => "file",
    Net(writer) => "net",
    Stderr => "stderr",
    Stdout => "stdout",
});

/// A file that entries go to, and how it is rotated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileWriter {
    /// Its path.
    #[serde(skip_serializing_if = "is_default")]
    pub filename: String,
    /// Its permissions in octal digits.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: Option<String>,
    /// The permissions of folders that are made: octal digits, `inherit` or `from_file`.
    #[serde(skip_serializing_if = "is_default")]
    pub dir_mode: String,
    /// Whether it is rotated; yes when none.
    #[serde(skip_serializing_if = "is_default")]
    pub roll: Option<bool>,
    /// The size at which it is rotated.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_size_mb: i64,
    /// The time after which it is rotated.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_interval: Duration,
    /// The minutes of the hour at which it is rotated.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_minutes: Vec<i64>,
    /// The times of the day at which it is rotated.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_at: Vec<String>,
    /// Whether rotated files are compressed, by the older setting.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_gzip: Option<bool>,
    /// How rotated files are compressed: `none`, `gzip` or `zstd`.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_compression: String,
    /// Whether names of rotated files have local time.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_local_time: bool,
    /// How many rotated files are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_keep: i64,
    /// For how many days they are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub roll_keep_days: i64,
    /// The form of the time in names of rotated files.
    #[serde(skip_serializing_if = "is_default")]
    pub backup_time_format: String,
}

/// A socket that entries go to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetWriter {
    /// Its network address.
    #[serde(skip_serializing_if = "is_default")]
    pub address: String,
    /// The time that connecting may take.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// Whether the server starts although the socket cannot be reached.
    #[serde(skip_serializing_if = "is_default")]
    pub soft_start: bool,
}

/// How entries are written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LogEncoder {
    /// Another encoder, with more fields.
    Append(AppendEncoder),
    /// For people.
    Console(EncoderFormat),
    /// Another encoder, with fields changed.
    Filter(FilterEncoder),
    /// Another encoder, with the level in front as the system's journal takes it.
    Journald(JournaldEncoder),
    /// As JSON.
    Json(EncoderFormat),
}

json::modules!(LogEncoder by "format" in "caddy.logging.encoders" {
    Append(encoder) => "append",
    Console(encoder) => "console",
    Filter(encoder) => "filter",
    Journald(encoder) => "journald",
    Json(encoder) => "json",
});

/// Names and forms of the parts that every entry has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EncoderFormat {
    /// The field of the message.
    #[serde(skip_serializing_if = "is_default")]
    pub message_key: Option<String>,
    /// The field of the level.
    #[serde(skip_serializing_if = "is_default")]
    pub level_key: Option<String>,
    /// The field of the time.
    #[serde(skip_serializing_if = "is_default")]
    pub time_key: Option<String>,
    /// The field of the logger's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name_key: Option<String>,
    /// The field of the place in the program.
    #[serde(skip_serializing_if = "is_default")]
    pub caller_key: Option<String>,
    /// The field of the stack trace.
    #[serde(skip_serializing_if = "is_default")]
    pub stacktrace_key: Option<String>,
    /// What ends an entry.
    #[serde(skip_serializing_if = "is_default")]
    pub line_ending: Option<String>,
    /// The form of times.
    #[serde(skip_serializing_if = "is_default")]
    pub time_format: String,
    /// Whether times are local.
    #[serde(skip_serializing_if = "is_default")]
    pub time_local: bool,
    /// The form of lengths of time.
    #[serde(skip_serializing_if = "is_default")]
    pub duration_format: String,
    /// The form of levels.
    #[serde(skip_serializing_if = "is_default")]
    pub level_format: String,
}

/// More fields for every entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppendEncoder {
    /// The encoder that writes; by where entries go when none.
    #[serde(skip_serializing_if = "is_default")]
    pub wrap: Option<Box<LogEncoder>>,
    /// The fields: texts with placeholders, numbers, truth values.
    #[serde(skip_serializing_if = "is_default")]
    pub fields: BTreeMap<String, VarValue>,
}

/// Changes to fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterEncoder {
    /// The encoder that writes; by where entries go when none.
    #[serde(skip_serializing_if = "is_default")]
    pub wrap: Option<Box<LogEncoder>>,
    /// The changes by field, `>` between the names of nested ones.
    #[serde(skip_serializing_if = "is_default")]
    pub fields: BTreeMap<String, LogFilter>,
}

/// The encoder that the system's journal reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JournaldEncoder {
    /// The encoder that writes; by where entries go when none.
    #[serde(skip_serializing_if = "is_default")]
    pub wrap: Option<Box<LogEncoder>>,
}

/// A change to a field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LogFilter {
    /// Changes the cookies of a request.
    Cookie(CookieFilter),
    /// Leaves the field out.
    Delete,
    /// Puts a short hash in its place.
    Hash,
    /// Keeps only the first bits of an address.
    IpMask(IpMaskFilter),
    /// Replaces what regular expressions find, one after the other.
    MultiRegexp(MultiRegexpFilter),
    /// Changes the query of a URI.
    Query(QueryFilter),
    /// Replaces what a regular expression finds.
    Regexp(RegexpFilter),
    /// Gives the field another name.
    Rename(RenameFilter),
    /// Puts a fixed value in its place.
    Replace(ReplaceFilter),
    /// Changes the cookies of a response.
    SetCookie(CookieFilter),
}

json::modules!(LogFilter by "filter" in "caddy.logging.encoders.filter" {
    Cookie(filter) => "cookie",
    Delete => "delete",
    Hash => "hash",
    IpMask(filter) => "ip_mask",
    MultiRegexp(filter) => "multi_regexp",
    Query(filter) => "query",
    Regexp(filter) => "regexp",
    Rename(filter) => "rename",
    Replace(filter) => "replace",
    SetCookie(filter) => "set_cookie",
});

/// A fixed value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplaceFilter {
    /// The value.
    #[serde(skip_serializing_if = "is_default")]
    pub value: String,
}

/// Another name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RenameFilter {
    /// The name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
}

/// How many bits of an address stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpMaskFilter {
    /// Of IPv4 addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv4_cidr: i64,
    /// Of IPv6 addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv6_cidr: i64,
}

/// A regular expression and what takes the place of what it finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegexpFilter {
    /// The expression.
    #[serde(skip_serializing_if = "is_default")]
    pub regexp: String,
    /// What takes the place.
    #[serde(skip_serializing_if = "is_default")]
    pub value: String,
}

/// Several regular expressions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiRegexpFilter {
    /// The expressions, in order.
    pub operations: Vec<RegexpFilter>,
}

/// Changes to parameters of a query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryFilter {
    /// The changes, in order; not there at all is printed as `null`.
    pub actions: Option<Vec<QueryAction>>,
}

/// A change to one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryAction {
    /// What is done.
    #[serde(rename = "type")]
    pub kind: FilterAction,
    /// The parameter.
    pub parameter: String,
    /// The new value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: String,
}

/// Changes to cookies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CookieFilter {
    /// The changes, in order; not there at all is printed as `null`.
    pub actions: Option<Vec<CookieAction>>,
}

/// A change to one cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CookieAction {
    /// What is done.
    #[serde(rename = "type")]
    pub kind: FilterAction,
    /// The cookie.
    pub name: String,
    /// The new value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: String,
}

/// What is done to a parameter or cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterAction {
    /// It gets another value.
    Replace,
    /// A short hash takes the place of its value.
    Hash,
    /// It is left out.
    Delete,
}
