//! When an incident was felt, declared, mitigated and over, and what it cost.

use lab_model::Span;
use serde::Serialize;

use super::evidence::{Evidence, Second};

/// Clocks of an incident, from t0; `None` where it never came to that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Clocks {
    /// Time to impact: the first second in which an objective is broken.
    pub impact: Option<Span>,
    /// Time to detect: the first correct declaration.
    pub detect: Option<Span>,
    /// Time to mitigate: the start of the first window after the impact in which every user-facing
    /// objective holds.
    pub mitigate: Option<Span>,
    /// Time to recover: the start of the first window in which, besides, invariants are true and
    /// routes at their target, after the cause was brought about again.
    pub recover: Option<Span>,
    /// Bad requests beyond what the objectives allow, summed over seconds.
    pub excess: f64,
}

impl Clocks {
    /// Reads them off the evidence.
    pub fn of(evidence: &Evidence) -> Self {
        let seconds = &evidence.seconds;
        let impact = seconds.iter().position(|second| !second.held);
        let held = |second: &Second| second.held;
        let settled = |second: &Second| second.held && second.settled;
        let windows = evidence.windows;
        let mitigate = impact.and_then(|from| lasting(seconds, from, windows.mitigated, held));
        // Without a replay nothing shows that the cause would be survived: never recovered.
        let recover = evidence
            .replay
            .filter(|replay| replay.held && mitigate.is_some())
            .and_then(|replay| {
                let from = usize::try_from(replay.at.as_micros().div_ceil(1_000_000)).ok()?;
                lasting(seconds, from, windows.recovered, settled)
            });
        let mut declared = evidence.declarations.iter();
        Self {
            impact: impact.map(second_at),
            detect: declared.find(|one| one.correct).map(|one| one.at),
            mitigate: mitigate.map(second_at),
            recover: recover.map(second_at),
            excess: seconds.iter().map(|second| second.excess.max(0.0)).sum(),
        }
    }
}

fn second_at(index: usize) -> Span {
    Span::from_secs(index as u64)
}

/// The first second from `from` at which a window starts that is good throughout. A window that
/// the record's end cuts short does not count.
fn lasting(
    seconds: &[Second],
    from: usize,
    window: Span,
    good: impl Fn(&Second) -> bool,
) -> Option<usize> {
    let length = usize::try_from(window.as_micros().div_ceil(1_000_000)).ok()?;
    let mut lasted = 0;
    for (index, second) in seconds.iter().enumerate().skip(from) {
        lasted = if good(second) { lasted + 1 } else { 0 };
        if lasted >= length.max(1) {
            return Some(index + 1 - lasted);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` good, `u` good and not settled, `x` broken.
    fn check(seconds: &str, from: usize, window: u64, expected: Option<usize>) {
        let seconds: Vec<Second> = seconds
            .chars()
            .map(|second| Second {
                held: second != 'x',
                settled: second == '.',
                excess: 0.0,
            })
            .collect();
        let good = |second: &Second| second.held && second.settled;
        let found = lasting(&seconds, from, Span::from_secs(window), good);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_window_lasts_and_is_not_cut_short() {
        check("xx.....", 0, 5, Some(2));
        check("xx....", 0, 5, None);
        check("xx..x.....", 0, 5, Some(5));
        check(".....xx.....", 0, 5, Some(0));
        check(".....xx.....", 5, 5, Some(7));
        check("uu.....", 0, 5, Some(2));
        check("", 0, 5, None);
        check(".", 3, 5, None);
    }
}
