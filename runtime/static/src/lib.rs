//! The runtime as a static library that a site's object is linked with.
