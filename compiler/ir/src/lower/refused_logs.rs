//! What loggers can say and no site can do yet.

use zs_config::model::{CustomLog, EncoderFormat, FileWriter, LogEncoder, LogWriter};

use super::logs;
use super::refusals::Refusals;

impl Refusals<'_> {
    /// Refuses what a logger sets and cannot be done.
    pub(super) fn logger(&mut self, name: &str, log: &CustomLog) {
        let CustomLog {
            writer,
            encoder,
            level,
            sampling,
            // These are lowered.
            include: _,
            exclude: _,
        } = log;
        let way = ["logging", "logs", name];
        let field = |field| [&way[..], &[field]].concat();
        let what = |what: &str| format!("{what} of the logger `{name}`");
        self.when(sampling.is_some(), &field("sampling"), &what("`sampling`"));
        let no_level = logs::level(level).is_none();
        self.when(
            no_level,
            &field("level"),
            &what(&format!("the level `{level}`")),
        );
        match writer {
            None | Some(LogWriter::Discard | LogWriter::Stderr | LogWriter::Stdout) => {}
            Some(LogWriter::File(file)) => self.log_file(name, &field("writer"), file),
            Some(other) => {
                let kind = format!("the output `{}`", other.name());
                self.unsupported(&field("writer"), &what(&kind));
            }
        }
        match encoder {
            None => {}
            Some(LogEncoder::Json(format) | LogEncoder::Console(format)) => {
                self.log_format(name, &field("encoder"), format);
            }
            Some(other) => {
                let kind = format!("the format `{}`", other.name());
                self.unsupported(&field("encoder"), &what(&kind));
            }
        }
    }

    fn log_file(&mut self, name: &str, way: &[&str], file: &FileWriter) {
        let FileWriter {
            filename,
            // These are lowered.
            mode: _,
            roll: _,
            roll_size_mb: _,
            roll_gzip: _,
            roll_keep: _,
            roll_keep_days: _,
            roll_compression,
            dir_mode,
            roll_interval,
            roll_minutes,
            roll_at,
            roll_local_time,
            backup_time_format,
        } = file;
        for (set, field) in [
            (filename.contains('{'), "filename"),
            // Its encoder would be half of the executable.
            (roll_compression == "zstd", "roll_compression"),
            (!dir_mode.is_empty(), "dir_mode"),
            (roll_interval.0 != 0, "roll_interval"),
            (!roll_minutes.is_empty(), "roll_minutes"),
            (!roll_at.is_empty(), "roll_at"),
            (*roll_local_time, "roll_local_time"),
            (!backup_time_format.is_empty(), "backup_time_format"),
        ] {
            let what = match field {
                "filename" => format!("a placeholder in the file's name of the logger `{name}`"),
                field => format!("`{field}` of the logger `{name}`"),
            };
            self.when(set, &[way, &[field]].concat(), &what);
        }
    }

    fn log_format(&mut self, name: &str, way: &[&str], format: &EncoderFormat) {
        let EncoderFormat {
            message_key,
            level_key,
            time_key,
            name_key,
            // Entries have neither a place in the program nor a stack.
            caller_key: _,
            stacktrace_key: _,
            line_ending,
            // These are lowered.
            time_format: _,
            duration_format,
            level_format: _,
            time_local,
        } = format;
        for (set, field) in [
            (message_key.is_some(), "message_key"),
            (level_key.is_some(), "level_key"),
            (time_key.is_some(), "time_key"),
            (name_key.is_some(), "name_key"),
            (line_ending.is_some(), "line_ending"),
            (duration_format == "string", "duration_format"),
            (*time_local, "time_local"),
        ] {
            let what = format!("`{field}` of the logger `{name}`");
            self.when(set, &[way, &[field]].concat(), &what);
        }
    }
}
