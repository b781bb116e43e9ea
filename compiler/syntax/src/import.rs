//! Finding what an `import` names.

use std::path::{Path, PathBuf};

use zs_diagnostics::{Diagnostic, SourceMap, codes};

use crate::glob::{glob, is_pattern};
use crate::limits::FILE_BYTES_MAX;
use crate::{Host, Token};

/// The files that an import's argument names, relative to the file that the argument is written in.
///
/// # Errors
/// When the pattern is too wild or a plain path names nothing. A pattern without a match is an empty list.
pub(crate) fn resolve(
    argument: &Token,
    sources: &SourceMap,
    host: &dyn Host,
) -> Result<Vec<PathBuf>, Diagnostic> {
    let text = argument.text.as_str();
    let fail = |message: String| Diagnostic::error(codes::BAD_IMPORT, argument.span, message);
    if text.is_empty() {
        return Err(fail(
            "an import needs a path or the name of a snippet".to_owned(),
        ));
    }
    let importer = Path::new(&sources.file(argument.span.file).name);
    let path = importer.parent().unwrap_or(Path::new("")).join(text);
    let path_text = path.to_string_lossy();
    if path_text.matches('*').count() > 1
        || path_text.matches('?').count() > 1
        || text.contains('[')
    {
        let help = "use one `*` at most, and several imports for several folders";
        return Err(fail(format!("the pattern `{text}` has too many wildcards")).help(help));
    }
    let mut paths = glob(&path, host);
    if paths.is_empty() && !is_pattern(&path_text) {
        let help = format!(
            "there is neither a snippet `({text})` before this line nor a file `{}`",
            path.display()
        );
        return Err(fail(format!("`{text}` is no snippet and no file")).help(help));
    }
    // A pattern that starts with a star does not mean hidden files.
    if path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('*'))
    {
        paths.retain(|path| {
            path.file_name()
                .is_some_and(|name| !name.to_string_lossy().starts_with('.'))
        });
    }
    Ok(paths)
}

/// A file's text.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub(crate) fn read(path: &Path, argument: &Token, host: &dyn Host) -> Result<String, Diagnostic> {
    let fail = |problem: String| {
        let message = format!("cannot import `{}`: {problem}", path.display());
        Diagnostic::error(codes::UNREADABLE_FILE, argument.span, message)
    };
    let bytes = host.read(path).map_err(|error| fail(error.to_string()))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fail(format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        fail(format!(
            "byte {} is not UTF-8",
            error.utf8_error().valid_up_to()
        ))
    })
}
