//! Checks machine code from its bytes, entry points and read-only tables alone.
