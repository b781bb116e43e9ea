//! eBPF routines that site code calls, in our own assembly.
