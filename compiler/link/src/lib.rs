//! Object file and prebuilt runtime to one static executable.
