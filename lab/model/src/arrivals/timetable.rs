//! The schedule of a run whose rate may be changed while it runs: each change appends a segment.

use super::Arrivals;
use crate::units::{Rate, Span};

/// Arrivals, and what took their place from some instant on.
#[derive(Debug, Clone, PartialEq)]
pub struct Timetable {
    /// From when, and what; the first one from zero, never empty.
    segments: Vec<(Span, Arrivals)>,
}

impl Timetable {
    /// Arrivals that nobody has changed yet.
    pub fn new(arrivals: Arrivals) -> Self {
        Self {
            segments: vec![(Span::ZERO, arrivals)],
        }
    }

    /// From an instant on the rate is another; what was due until then stays. `false`, and nothing
    /// changes, where the instant is not behind the change before, or users are closed.
    pub fn change(&mut self, at: Span, rate: Rate) -> bool {
        let fits = |(last, arrivals): &(Span, Arrivals)| at > *last && arrivals.is_open();
        let accepted = self.segments.last().is_some_and(fits);
        if accepted {
            self.segments.push((at, Arrivals::Constant { rate }));
        }
        accepted
    }

    /// The segments with their ends; the last one has none.
    fn segments(&self) -> impl Iterator<Item = (Span, Option<Span>, &Arrivals)> {
        let ends = self.segments.iter().skip(1).map(|(from, _)| Some(*from));
        let ends = ends.chain([None]);
        let segments = self.segments.iter().zip(ends);
        segments.map(|((from, arrivals), end)| (*from, end, arrivals))
    }

    /// How many arrivals are due in `[from, to)`; `None` for closed users.
    pub fn count_between(&self, from: Span, to: Span) -> Option<u64> {
        let mut sum = 0;
        for (start, end, arrivals) in self.segments() {
            let end = end.unwrap_or(to).min(to);
            if end <= start {
                break;
            }
            let (from, to) = (from.minus(start), end.minus(start));
            sum += arrivals.count_between(from.min(to), to)?;
        }
        Some(sum)
    }

    /// The rate at an instant, per second; `None` for closed users.
    pub fn rate_at(&self, at: Span) -> Option<f64> {
        let (from, arrivals) = self.segments.iter().rev().find(|(from, _)| *from <= at)?;
        arrivals.rate_at(at.minus(*from))
    }

    /// When each arrival is due, in order, from arrival `skip` on.
    pub fn dues(&self) -> Dues {
        Dues {
            timetable: self.clone(),
            segment: 0,
            left: None,
            ahead: Box::new(std::iter::empty()),
            begun: false,
        }
    }
}

/// Walks a timetable, which may be changed behind the place where the walk is.
pub struct Dues {
    timetable: Timetable,
    segment: usize,
    /// How many arrivals the segment still holds; `None` where it has no end.
    left: Option<u64>,
    ahead: Box<dyn Iterator<Item = Span> + Send>,
    begun: bool,
}

impl std::fmt::Debug for Dues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dues")
            .field("timetable", &self.timetable)
            .field("segment", &self.segment)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Dues {
    fn begin(&mut self, skip: u64) -> Option<()> {
        let (from, end, arrivals) = self.timetable.segments().nth(self.segment)?;
        let held = end.map(|end| arrivals.count_between(Span::ZERO, end.minus(from)));
        self.left = held.map(|held| held.unwrap_or(0).saturating_sub(skip));
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.ahead = Box::new(arrivals.dues().skip(skip).map(move |due| from.plus(due)));
        self.begun = true;
        Some(())
    }

    /// Appends a segment behind everything walked so far; `walked` arrivals were taken from here.
    /// `false`, and nothing changes, where [`Timetable::change`] refuses, or where an arrival that
    /// was taken already is due later than that.
    pub fn change(&mut self, at: Span, rate: Rate, walked: u64) -> bool {
        let mut changed = self.timetable.clone();
        let stays = changed.change(at, rate)
            && changed
                .count_between(Span::ZERO, at)
                .is_some_and(|due| walked <= due);
        if stays {
            *self = changed.dues();
            let mut before = 0;
            let mut starts = changed.segments().skip(1);
            while let Some((from, _, _)) = starts.next()
                && let Some(due) = changed.count_between(Span::ZERO, from)
                && due <= walked
            {
                self.segment += 1;
                before = due;
            }
            drop(starts);
            self.begin(walked - before);
        }
        stays
    }

    /// The timetable as it is now.
    pub fn timetable(&self) -> &Timetable {
        &self.timetable
    }
}

impl Iterator for Dues {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if !self.begun {
            self.begin(0)?;
        }
        loop {
            match &mut self.left {
                Some(0) => {}
                left => {
                    if let Some(due) = self.ahead.next() {
                        if let Some(left) = left {
                            *left -= 1;
                        }
                        return Some(due);
                    }
                    left.as_ref()?;
                }
            }
            self.segment += 1;
            self.begin(0)?;
        }
    }
}
