//! Any file gives a configuration or an error, whatever it is adapted for.

use zs_config::{Purpose, adapt};

#[path = "tree.rs"]
mod tree;

/// Adapts a file, in the form that `tree` reads, to be printed and to be built.
pub fn run(data: &[u8]) {
    for purpose in [Purpose::Adapt, Purpose::Build] {
        tree::parsed(data, |tree, _, sink| {
            let config = adapt(tree, purpose, sink);
            assert_eq!(
                config.is_none(),
                sink.has_errors(),
                "a configuration or errors"
            );
            if let Some(config) = config {
                let _ = config.to_json();
            }
        });
    }
}
