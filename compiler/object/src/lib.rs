//! Machine code, data and lines to a relocatable ELF file.
