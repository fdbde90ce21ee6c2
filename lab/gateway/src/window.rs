//! Counts by second, and figures over the last of them.

use std::collections::VecDeque;

use lab_model::{Histogram, Span};

/// The longest window, in seconds.
pub(crate) const LONGEST: u64 = 60;

/// What was counted of an upstream, in one second or in several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) abandoned: u64,
    /// Head to head, of what was answered.
    pub(crate) time: Histogram,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failures += other.failures;
        self.abandoned += other.abandoned;
        self.time.merge(&other.time);
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A head came, with a status below 500 or not, after so long.
    Answered { good: bool, after: Span },
    /// No head came.
    Failed,
    /// The caller was gone before.
    Abandoned,
}

/// The last seconds of one upstream, and what its next report holds.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// By second since the gateway's start, ascending; seconds without requests are left out.
    seconds: VecDeque<(u64, Counts)>,
    unreported: Counts,
}

impl Window {
    /// A request ended in a second since the gateway's start.
    pub(crate) fn add(&mut self, second: u64, end: End) {
        if self.seconds.back().is_none_or(|(last, _)| *last != second) {
            self.seconds.push_back((second, Counts::default()));
            let oldest = second.saturating_sub(LONGEST);
            while self
                .seconds
                .front()
                .is_some_and(|(first, _)| *first < oldest)
            {
                self.seconds.pop_front();
            }
        }
        let current = self.seconds.back_mut().map(|(_, counts)| counts);
        for counts in current.into_iter().chain([&mut self.unreported]) {
            counts.requests += 1;
            match end {
                End::Answered { good, after } => {
                    counts.failures += u64::from(!good);
                    counts.time.record(after);
                }
                End::Failed => counts.failures += 1,
                End::Abandoned => counts.abandoned += 1,
            }
        }
    }

    /// The sum of so many whole seconds before the current one.
    pub(crate) fn last(&self, seconds: u64, current: u64) -> Counts {
        let mut sum = Counts::default();
        let from = current.saturating_sub(seconds);
        for (_, counts) in self
            .seconds
            .iter()
            .filter(|(s, _)| (from..current).contains(s))
        {
            sum.add(counts);
        }
        sum
    }

    /// What was counted since this was asked before.
    pub(crate) fn report(&mut self) -> Counts {
        std::mem::take(&mut self.unreported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_whole_seconds_and_forgets() {
        let mut window = Window::default();
        let answered = End::Answered {
            good: true,
            after: Span::from_millis(5),
        };
        for (second, end) in [
            (0, answered),
            (5, End::Failed),
            (5, End::Abandoned),
            (6, answered),
        ] {
            window.add(second, end);
        }
        let figures = window.last(2, 6);
        assert_eq!(
            (figures.requests, figures.failures, figures.abandoned),
            (2, 1, 1)
        );
        assert_eq!(window.last(60, 7).requests, 4);
        assert_eq!(window.report().requests, 4);
        assert_eq!(window.report().requests, 0);
        window.add(100, answered);
        assert_eq!(
            window.last(200, 101).requests,
            1,
            "what is older than a minute is gone"
        );
    }
}
