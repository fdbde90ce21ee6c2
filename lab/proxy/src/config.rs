//! How a fault proxy is set up: its threads, its seed and its limits.

use crate::protocol::tls::Authority;
use std::thread::available_parallelism;
use std::time::Duration;

/// The settings of one [`Proxy`](crate::Proxy), fixed when it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that relay bytes, at least one. One more thread accepts connections and serves
    /// calls, and one more owns the connections whose bytes are delayed or rationed.
    pub workers: usize,
    /// Decides every random choice: which connections a toxicity picks, jitter, slice sizes.
    /// The same seed, names and order of connections give the same choices.
    pub seed: u64,
    /// How long connecting to an upstream may take before the caller's connection is closed.
    pub dial_timeout: Duration,
    /// The most bytes one direction of one connection may hold back for a delay.
    pub held_per_direction: usize,
    /// The bytes held back by all delayed connections together. When it is exceeded, each
    /// direction may only hold one small chunk, so that memory stays bounded.
    pub held_in_total: usize,
    /// Who signs the certificates that faults of TLS show; a new one unless given.
    pub authority: Authority,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: available_parallelism().map_or(1, std::num::NonZero::get),
            seed: 0,
            dial_timeout: Duration::from_secs(30),
            held_per_direction: 16 << 20,
            held_in_total: 512 << 20,
            authority: Authority::default(),
        }
    }
}
