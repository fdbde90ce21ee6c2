//! Good, bad and missing events of a phase, second by second, and what they decide.

use lab_model::Span;

use crate::evidence::interval::interval;
use crate::evidence::slices::{FAIL_SLICE, PASS_SLICE, Slices};
use crate::evidence::{ALPHA, Boundary, Mixture, Side, bound};
use crate::figures::{count, counted, percent, time};
use crate::outcome::{Call, Interval, Strength};
use crate::planning::{arrivals_to_decide, proven_pass_after};

/// What an event was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    /// As promised.
    Good,
    /// Not as promised.
    Bad,
    /// Nobody knows.
    Missing,
}

/// The events of a phase at their times.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    /// Microseconds from the start of the phase, ascending.
    events: Vec<(u64, Was)>,
    /// What an event is, in the singular.
    noun: &'static str,
    /// Between two events.
    every: Span,
}

impl Stream {
    pub(crate) fn new(noun: &'static str, every: Span) -> Self {
        let events = Vec::new();
        Self {
            events,
            noun,
            every,
        }
    }

    pub(crate) fn add(&mut self, at: Span, was: Was) {
        self.events.push((at.as_micros(), was));
    }

    fn of(&self, wanted: Was) -> u64 {
        self.events.iter().filter(|(_, was)| *was == wanted).count() as u64
    }

    pub(crate) fn n(&self) -> u64 {
        self.events.len() as u64
    }

    pub(crate) fn bad(&self) -> u64 {
        self.of(Was::Bad)
    }

    pub(crate) fn missing(&self) -> u64 {
        self.of(Was::Missing)
    }

    /// The interval of the share of bad events among those that are known.
    pub(crate) fn interval(&self) -> Option<Interval> {
        let known = self.n() - self.missing();
        (known > 0).then(|| interval(known, self.bad(), ALPHA))
    }

    /// Slices prove, single events observe; a fail in either outweighs a pass. What is missing
    /// counts as bad for a pass and as good for a fail.
    pub(crate) fn decide(&self, allowed: f64, alpha_fail: f64) -> Option<(Call, Strength)> {
        let (n, bad) = (self.n(), self.bad());
        let against = bad.saturating_add(self.missing());
        let fails = Mixture::new(Side::Fail, allowed).log_evidence(n, bad) >= bound(alpha_fail);
        let passes = Mixture::new(Side::Pass, allowed).log_evidence(n, against) >= bound(ALPHA);
        if self.slices(Side::Fail, allowed).highest_log_evidence() >= bound(alpha_fail) {
            Some((Call::Fail, Strength::Proven))
        } else if fails {
            Some((Call::Fail, Strength::Observed))
        } else if self.slices(Side::Pass, allowed).log_evidence() >= bound(ALPHA) {
            Some((Call::Pass, Strength::Proven))
        } else if passes {
            Some((Call::Pass, Strength::Observed))
        } else {
            None
        }
    }

    /// The evidence of one side in slices of time.
    pub(crate) fn slices(&self, side: Side, allowed: f64) -> Slices {
        let (length, silent) = match side {
            Side::Pass => (PASS_SLICE, Was::Missing),
            Side::Fail => (FAIL_SLICE, Was::Bad),
        };
        let length = length.as_micros();
        let mut slices = Slices::new(side, allowed);
        let mut from = 0;
        while let Some((first, _)) = self.events.get(from) {
            let slice = first / length;
            let inside = &self.events[from..];
            let inside = inside.iter().take_while(|(at, _)| at / length == slice);
            let (mut n, mut bad) = (0_u64, 0_u64);
            for (_, was) in inside {
                n += 1;
                bad += u64::from(*was == Was::Bad || *was == silent);
            }
            slices.add(bad as f64 / n.max(1) as f64);
            from += usize::try_from(n.max(1)).unwrap_or(usize::MAX);
        }
        slices
    }

    /// Why nothing is decided, and what more would.
    pub(crate) fn what_more(&self, allowed: f64, alpha_fail: f64) -> String {
        let (n, bad, missing) = (self.n(), self.bad(), self.missing());
        if n == missing {
            return format!("no {} is on record", self.noun);
        }
        let bounds = Boundary::new(n, allowed, ALPHA, alpha_fail);
        let passes = match bounds.passes_up_to {
            Some(most) => format!("passes up to {}", count(most)),
            None => "cannot pass".to_owned(),
        };
        let fails = match bounds.fails_from {
            Some(fewest) => format!("fails from {}", count(fewest)),
            None => "cannot fail".to_owned(),
        };
        let mut state = format!("{} bad of {} {passes} and {fails}", count(bad), count(n));
        if missing > 0 {
            let missing = counted(missing, self.noun);
            state = format!("{state}; {missing} missing, which cannot help it pass");
        }
        let share = bad as f64 / (n - missing) as f64;
        let more = match arrivals_to_decide(share, allowed, ALPHA, alpha_fail) {
            Some(needed) => {
                let length = Span::from_micros(self.every.as_micros().saturating_mul(needed));
                let (needed, length) = (counted(needed, self.noun), time(length, 2));
                format!("about {needed} would decide ({length})")
            }
            None => format!(
                "{} bad is too near the allowed {}",
                percent(share),
                percent(allowed)
            ),
        };
        match proven_pass_after(allowed, ALPHA) {
            Some(least) => format!(
                "{state}: {more}; a proven pass needs at least {}",
                time(least, 2)
            ),
            None => format!("{state}: {more}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(events: &[Was]) -> Stream {
        let mut stream = Stream::new("reading", Span::from_secs(1));
        for (second, was) in events.iter().enumerate() {
            stream.add(Span::from_secs(second as u64), *was);
        }
        stream
    }

    #[test]
    fn silence_decides_nothing() {
        let silent = stream(&[Was::Missing; 500]);
        assert_eq!(silent.decide(0.1, 0.05), None);
        assert_eq!(silent.what_more(0.1, 0.05), "no reading is on record");
        assert_eq!(stream(&[]).decide(0.1, 0.05), None);
    }

    #[test]
    fn good_readings_pass_and_bad_ones_fail() {
        let call = |events: &[Was]| stream(events).decide(0.1, 0.05);
        assert_eq!(
            call(&[Was::Good; 60]),
            Some((Call::Pass, Strength::Observed))
        );
        assert_eq!(
            call(&[Was::Good; 600]),
            Some((Call::Pass, Strength::Proven))
        );
        assert_eq!(
            call(&[Was::Bad; 30]).map(|(call, _)| call),
            Some(Call::Fail)
        );
        assert_eq!(call(&[Was::Good; 10]), None);
    }

    proptest! {
        /// Whatever a missing event was, the verdict on the stream without the doubt is no other.
        #[test]
        fn what_is_missing_never_decides(events in prop::collection::vec(0_u8..12, 1..200)) {
            let was = |missing| {
                let events: Vec<Was> = events.iter().map(|event| match event {
                    0 => Was::Bad,
                    1 => missing,
                    _ => Was::Good,
                }).collect();
                stream(&events).decide(0.1, 0.05).map(|(call, _)| call)
            };
            match was(Was::Missing) {
                Some(Call::Pass) => prop_assert_eq!(was(Was::Bad), Some(Call::Pass)),
                Some(Call::Fail) => prop_assert_eq!(was(Was::Good), Some(Call::Fail)),
                _ => {}
            }
        }
    }
}
