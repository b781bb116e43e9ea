//! Serving files, and asking whether there are some.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Origin, StatusCode, is_default};

/// The `file_server` handler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileServer {
    /// The file system; the machine's own when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub fs: String,
    /// The folder; the variable `root` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub root: String,
    /// Files that do not exist for clients: names, paths, or patterns with `*`.
    #[serde(skip_serializing_if = "is_default")]
    pub hide: Vec<String>,
    /// Files that stand for their folder; `index.html` and `index.txt` when none.
    #[serde(skip_serializing_if = "is_default")]
    pub index_names: Vec<String>,
    /// Lists of folders' contents.
    #[serde(skip_serializing_if = "is_default")]
    pub browse: Option<Browse>,
    /// Whether paths get or lose a slash at the end by redirects; so when none.
    #[serde(skip_serializing_if = "is_default")]
    pub canonical_uris: Option<bool>,
    /// The status of responses; 200 when none.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// Whether the next handler runs when there is no file.
    #[serde(skip_serializing_if = "is_default")]
    pub pass_thru: bool,
    /// Encodings of files that lie compressed beside others.
    #[serde(skip_serializing_if = "is_default")]
    pub precompressed: BTreeMap<String, NoSettings>,
    /// The same in the order in which they are preferred.
    #[serde(skip_serializing_if = "is_default")]
    pub precompressed_order: Vec<String>,
    /// Extensions of files that hold the entity tag of others.
    #[serde(skip_serializing_if = "is_default")]
    pub etag_file_extensions: Vec<String>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// A module without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoSettings {}

/// Lists of folders' contents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browse {
    /// The file of the page's template; a template of its own when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub template_file: String,
    /// Whether links are shown with where they lead to.
    #[serde(skip_serializing_if = "is_default")]
    pub reveal_symlinks: bool,
    /// How lists are sorted: a key and a direction.
    #[serde(skip_serializing_if = "is_default")]
    pub sort: Vec<String>,
    /// How many files are listed at most; 10,000 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub file_limit: i64,
}

/// A condition on files: one of those that are listed exists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileMatcher {
    /// The file system; the machine's own when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub fs: String,
    /// The folder; the variable `root` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub root: String,
    /// The files, which may hold placeholders and patterns; the request's path when none.
    #[serde(skip_serializing_if = "is_default")]
    pub try_files: Vec<String>,
    /// Which of several is chosen; the first when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub try_policy: String,
    /// Where paths are split before they are looked up.
    #[serde(skip_serializing_if = "is_default")]
    pub split_path: Vec<String>,
}
