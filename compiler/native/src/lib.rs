//! eBPF image to machine code with line map and register facts.
