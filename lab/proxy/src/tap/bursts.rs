//! Stretches of attempts on a link, the silences between them, and how many are on their way.

use crate::observe::{Burst, Peak};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The shortest time without an attempt that ends a stretch. At most ten end in a second.
pub(super) const SILENCE: Duration = Duration::from_millis(100);
/// Stretches that are kept for a reader: those of the last half minute at least.
const MOST_BURSTS: usize = 320;
/// Seconds whose peaks are kept for a reader.
const MOST_PEAKS: usize = 64;

/// Follows the attempts of one link, all connections together.
#[derive(Debug)]
pub(super) struct Bursts {
    born: Instant,
    open: Option<Open>,
    closed: VecDeque<Burst>,
    next_number: u64,
    in_flight: u64,
    peaks: VecDeque<Peak>,
}

/// The stretch that goes on, or that a silence has ended so far.
#[derive(Debug)]
struct Open {
    started: Instant,
    last: Instant,
    last_end: Instant,
    attempts: u64,
    failed: u64,
}

impl Default for Bursts {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            open: None,
            closed: VecDeque::new(),
            next_number: 0,
            in_flight: 0,
            peaks: VecDeque::new(),
        }
    }
}

impl Bursts {
    /// An attempt begins: a request, or a connection that is refused.
    pub(super) fn attempt(&mut self, now: Instant) {
        let silent = |open: &Open| now.saturating_duration_since(open.last) >= SILENCE;
        if let Some(open) = self.open.take_if(|open| silent(open)) {
            self.close(&open, now);
        }
        let open = self.open.get_or_insert(Open {
            started: now,
            last: now,
            last_end: now,
            attempts: 0,
            failed: 0,
        });
        open.attempts += 1;
        open.last = open.last.max(now);
    }

    /// An attempt ended.
    pub(super) fn end(&mut self, now: Instant, failed: bool) {
        if let Some(open) = &mut self.open {
            open.last_end = open.last_end.max(now);
            open.failed += u64::from(failed);
        }
    }

    fn close(&mut self, open: &Open, next: Instant) {
        if self.closed.len() >= MOST_BURSTS {
            self.closed.pop_front();
        }
        let ended = open.last.max(open.last_end).min(next);
        self.closed.push_back(Burst {
            number: self.next_number,
            started_us: micros(open.started.saturating_duration_since(self.born)),
            lasted_us: micros(open.last.saturating_duration_since(open.started)),
            attempts: open.attempts,
            failed: open.failed,
            silent_us: micros(next.saturating_duration_since(ended)),
        });
        self.next_number += 1;
    }

    /// A request is on its way.
    pub(super) fn enter(&mut self, now: Instant) {
        self.in_flight += 1;
        self.peak(now);
    }

    /// A request is on its way no longer.
    pub(super) fn leave(&mut self, now: Instant) {
        // The peak of a second that begins now still had it on its way.
        self.peak(now);
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    fn peak(&mut self, now: Instant) {
        let second = now.saturating_duration_since(self.born).as_secs();
        match self.peaks.back_mut() {
            Some(peak) if peak.second >= second => peak.most = peak.most.max(self.in_flight),
            _ => {
                if self.peaks.len() >= MOST_PEAKS {
                    self.peaks.pop_front();
                }
                self.peaks.push_back(Peak {
                    second,
                    most: self.in_flight,
                });
            }
        }
    }

    /// Microseconds since it follows the link.
    pub(super) fn age_us(&self, now: Instant) -> u64 {
        micros(now.saturating_duration_since(self.born))
    }

    /// The stretches that ended lately.
    pub(super) fn closed(&self) -> Vec<Burst> {
        self.closed.iter().copied().collect()
    }

    /// The most requests on their way at once, by second.
    pub(super) fn peaks(&mut self, now: Instant) -> Vec<Peak> {
        self.peak(now);
        self.peaks.iter().copied().collect()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_part_stretches() {
        let mut bursts = Bursts::default();
        let start = bursts.born;
        let at = |millis| start + Duration::from_millis(millis);
        let mut attempt = |millis, failed| {
            bursts.attempt(at(millis));
            bursts.end(at(millis + 5), failed);
        };
        for millis in [0, 40, 80, 120] {
            attempt(millis, true);
        }
        attempt(2_125, true);
        attempt(4_130, false);
        let closed = bursts.closed();
        let figures: Vec<_> = closed
            .iter()
            .map(|b| (b.started_us, b.lasted_us, b.attempts, b.failed, b.silent_us))
            .collect();
        assert_eq!(
            figures,
            [
                (0, 120_000, 4, 4, 2_000_000),
                (2_125_000, 0, 1, 1, 2_000_000)
            ]
        );
        assert_eq!(closed[1].number, 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut bursts = Bursts::default();
        let start = bursts.born;
        for second in 0..2_000 {
            bursts.attempt(start + Duration::from_secs(second));
            bursts.enter(start + Duration::from_secs(second));
        }
        assert_eq!(bursts.closed().len(), MOST_BURSTS);
        assert_eq!(bursts.closed.back().map(|burst| burst.number), Some(1_998));
        assert_eq!(bursts.peaks.len(), MOST_PEAKS);
        assert_eq!(bursts.peaks.back().map(|peak| peak.most), Some(2_000));
    }
}
