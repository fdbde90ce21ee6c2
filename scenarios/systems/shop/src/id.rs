//! Names for new things: random, in lowercase hexadecimal.

/// An identifier such as `o-5f0c…`, unique without asking anyone (64 random bits).
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}-{:016x}", rand::random::<u64>())
}
