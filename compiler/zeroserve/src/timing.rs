//! How long stages take.

use std::time::{Duration, Instant};

/// Stages with their times, in order.
#[derive(Debug, Default)]
pub struct Times {
    stages: Vec<(&'static str, Duration)>,
}

impl Times {
    /// Runs a stage and notes how long it took.
    pub fn stage<T>(&mut self, name: &'static str, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = run();
        self.stages.push((name, start.elapsed()));
        result
    }

    /// Prints the times to standard error.
    pub fn print(&self) {
        let total: Duration = self.stages.iter().map(|(_, time)| *time).sum();
        for (name, time) in self.stages.iter().chain([&("total", total)]) {
            eprintln!("{:>10.3} ms  {name}", time.as_secs_f64() * 1e3);
        }
    }
}
