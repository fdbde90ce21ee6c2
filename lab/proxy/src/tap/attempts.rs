//! What is remembered of requests by their key, in bounded memory: which attempt this is, when the
//! last one ended, how the first one was answered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Keys in one generation; at most two generations are kept.
const GENERATION: usize = 1 << 14;

#[derive(Debug, Clone, Copy)]
struct Seen {
    attempts: u64,
    last: Instant,
    ended: Option<Instant>,
    /// What the first success was answered with, as a digest.
    answer: Option<u64>,
}

/// What came before an attempt under the same key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// Attempts.
    pub(super) attempts: u64,
    /// From the start of the last one.
    pub(super) gap: Option<Duration>,
    /// From the end of the last one; `None` where it has not ended.
    pub(super) pause: Option<Duration>,
}

/// The requests seen lately, by key: two generations, the older one forgotten when the younger
/// one is full. A key that comes again moves to the younger.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    young: HashMap<u64, Seen>,
    old: HashMap<u64, Seen>,
}

impl Attempts {
    /// An attempt begins.
    pub(super) fn begin(&mut self, key: u64, now: Instant) -> Before {
        let seen = self.young.remove(&key).or_else(|| self.old.remove(&key));
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        let since = |earlier: Instant| now.saturating_duration_since(earlier);
        let before = seen.map_or(Before::default(), |seen| Before {
            attempts: seen.attempts,
            gap: Some(since(seen.last)),
            pause: seen.ended.map(since),
        });
        let seen = Seen {
            attempts: before.attempts + 1,
            last: now,
            ended: None,
            answer: seen.and_then(|seen| seen.answer),
        };
        self.young.insert(key, seen);
        before
    }

    /// An attempt ended, one way or the other.
    pub(super) fn end(&mut self, key: u64, now: Instant) {
        if let Some(seen) = self.seen(key) {
            seen.ended = Some(now);
        }
    }

    /// A write was answered with success: whether an earlier attempt had the same answer; `None`
    /// for the first answer.
    pub(super) fn answer(&mut self, key: u64, digest: u64) -> Option<bool> {
        let first = &mut self.seen(key)?.answer;
        let earlier = *first;
        first.get_or_insert(digest);
        earlier.map(|earlier| earlier == digest)
    }

    fn seen(&mut self, key: u64) -> Option<&mut Seen> {
        self.young.get_mut(&key).or_else(|| self.old.get_mut(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn attempts_are_numbered_and_old_keys_forgotten() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let second = start + millis(300);
        assert_eq!(attempts.begin(1, start), Before::default());
        let before = Before {
            attempts: 1,
            gap: Some(millis(300)),
            pause: None,
        };
        assert_eq!(attempts.begin(1, second), before);
        for key in 2..3 * GENERATION as u64 {
            attempts.begin(key, second);
        }
        assert_eq!(attempts.begin(1, second), Before::default());
        assert!(attempts.young.len() + attempts.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn a_pause_counts_from_the_end_of_the_attempt_before() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        attempts.begin(1, start);
        attempts.end(1, start + millis(200));
        let before = attempts.begin(1, start + millis(250));
        assert_eq!(
            (before.gap, before.pause),
            (Some(millis(250)), Some(millis(50)))
        );
        attempts.end(7, start);
    }

    #[test]
    fn answers_are_compared_with_the_first() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        assert_eq!(
            attempts.answer(1, 5),
            None,
            "an unknown key has no first answer"
        );
        attempts.begin(1, start);
        assert_eq!(attempts.answer(1, 5), None);
        attempts.begin(1, start);
        assert_eq!(attempts.answer(1, 5), Some(true));
        assert_eq!(attempts.answer(1, 6), Some(false));
    }
}
