//! Windows of guest memory and the entry into generated code.
