//! Which attempt of the same request this is, in bounded memory.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Keys in one generation; at most two generations are kept.
const GENERATION: usize = 1 << 14;

#[derive(Debug, Clone, Copy)]
struct Seen {
    attempts: u64,
    last: Instant,
}

/// The requests seen lately, by key: two generations, the older one forgotten when the younger
/// one is full. A key that comes again moves to the younger.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    young: HashMap<u64, Seen>,
    old: HashMap<u64, Seen>,
}

impl Attempts {
    /// How many attempts came before this one, and the time since the last of them.
    pub(super) fn count(&mut self, key: u64, now: Instant) -> (u64, Option<Duration>) {
        let before = self.young.remove(&key).or_else(|| self.old.remove(&key));
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        let attempts = before.map_or(0, |seen| seen.attempts);
        let seen = Seen {
            attempts: attempts + 1,
            last: now,
        };
        self.young.insert(key, seen);
        let gap = before.map(|seen| now.saturating_duration_since(seen.last));
        (attempts, gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_numbered_and_old_keys_forgotten() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let second = start + Duration::from_millis(300);
        assert_eq!(attempts.count(1, start), (0, None));
        assert_eq!(
            attempts.count(1, second),
            (1, Some(Duration::from_millis(300)))
        );
        for key in 2..3 * GENERATION as u64 {
            attempts.count(key, second);
        }
        assert_eq!(attempts.count(1, second), (0, None));
        assert!(attempts.young.len() + attempts.old.len() <= 2 * GENERATION);
    }
}
