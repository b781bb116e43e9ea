//! Exchanges, connections that carry them, and the running of site code.
