//! Source files, spans, diagnostics and how they are shown.
