//! What the real Caddy makes of a text.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Caddy's JSON of a text, with some environment variables set; none when Caddy refuses it.
pub fn adapt(caddy: &OsStr, text: &str, variables: &[(String, String)]) -> Option<Value> {
    let mut process = Command::new(caddy)
        .args(["adapt", "--adapter", "caddyfile", "--config", "-"])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    output
        .status
        .success()
        .then(|| normal(serde_json::from_slice(&output.stdout).unwrap()))
}

/// Where `php_fastcgi` sends requests for folders: the one of Caddy 2.11.9, and that of Caddy's fixtures, which are followed.
const FOLDERS: [&str; 2] = [
    "./{http.request.orig_uri.path.file_escaped}/{http.request.orig_uri.prefixed_query}",
    "{http.request.orig_uri.path}/{http.request.orig_uri.prefixed_query}",
];

/// In a few places Caddy's order of names is that of a map and differs from run to run.
pub fn normal(mut value: Value) -> Value {
    match &mut value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                *value = normal(value.take());
                if key == "subjects"
                    && let Value::Array(names) = value
                {
                    names.sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| *value = normal(value.take())),
        Value::String(text) if text == FOLDERS[0] => FOLDERS[1].clone_into(text),
        _ => {}
    }
    value
}
