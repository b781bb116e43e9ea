//! Typed configuration to route graph: listeners, tables and functions of basic blocks.
