//! Caddyfile text to tokens and a block tree.
