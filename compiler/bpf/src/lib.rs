//! eBPF images: instructions, assembler, disassembler, linker, interpreter.
