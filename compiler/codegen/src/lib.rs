//! Route graph to eBPF image, linked with the routines of stdlib-bpf.
