//! What an objective asks of a phase, as counts: how many arrivals, how many of them bad.

use lab_model::objective::{Objective, Promise};
use lab_model::{Histogram, Span};

use crate::evidence::ALPHA;
use crate::evidence::quantile::{Ranks, ranks};
use crate::tally::{Counts, JourneyTally, Tally};

/// Arrivals of one objective in one phase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// The journey there.
    pub(crate) journey: &'a JourneyTally,
    /// The index of the latency limit that decides; `None` where only failure counts.
    limit: Option<usize>,
    /// Arrivals that ended.
    pub(crate) n: u64,
    /// The bad ones among them, in the objective's sense.
    pub(crate) bad: u64,
    /// The allowed share of bad ones: p0.
    pub(crate) allowed: f64,
}

impl<'a> Sample<'a> {
    /// The arrivals of an objective in a phase; `None` where the plan has no such phase, journey
    /// or limit.
    pub(crate) fn of(objective: &Objective, tally: &'a Tally, phase: usize) -> Option<Self> {
        let journey = tally.journey(phase, &objective.of)?;
        let limit = match objective.promise.limit() {
            Some(limit) => Some(journey.limit(limit)?),
            None => None,
        };
        let allowed = objective.promise.allowed_bad();
        let mut sample = Self {
            journey,
            limit,
            n: journey.total.ended(),
            bad: 0,
            allowed,
        };
        sample.bad = sample.bad_of(&journey.total);
        Some(sample)
    }

    /// The bad ones among some of the journey's arrivals.
    pub(crate) fn bad_of(&self, counts: &Counts) -> u64 {
        // Never more than ended, never fewer than failed: a report that says otherwise is damaged,
        // which the check of the offered load names.
        let bad = self
            .limit
            .map_or(counts.bad, |limit| counts.over(limit).max(counts.bad));
        bad.min(counts.ended())
    }

    /// Arrivals that ended, and the bad ones among them, of the first so many seconds.
    pub(crate) fn within(&self, seconds: usize) -> (u64, u64) {
        self.journey
            .seconds
            .iter()
            .take(seconds)
            .fold((0, 0), |(n, bad), counts| {
                (
                    n.saturating_add(counts.ended()),
                    bad.saturating_add(self.bad_of(counts)),
                )
            })
    }

    /// The bad share of each second in which arrivals ended.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        let seconds = self.journey.seconds.iter();
        let ended = seconds.filter(|counts| counts.ended() > 0);
        ended
            .map(|counts| self.bad_of(counts) as f64 / counts.ended() as f64)
            .collect()
    }

    /// Whether the objective allows no bad arrival at all.
    pub(crate) fn is_correctness_check(&self) -> bool {
        self.allowed == 0.0
    }

    /// The bad shares of slices of so many whole seconds. What is left over at the end belongs to
    /// the last slice, which no failure can hide from; slices without arrivals are left out.
    pub(crate) fn slices(&self, length: Span) -> impl Iterator<Item = f64> {
        self.slices_within(length, usize::MAX)
    }

    /// The same of the first so many seconds.
    pub(crate) fn slices_within(&self, length: Span, seconds: usize) -> impl Iterator<Item = f64> {
        let all = &self.journey.seconds;
        let seconds = &all[..seconds.min(all.len())];
        let length = usize::try_from(length.as_micros() / 1_000_000)
            .unwrap_or(usize::MAX)
            .max(1);
        let slices = (seconds.len() / length).max(1);
        (0..slices).filter_map(move |slice| {
            let from = slice * length;
            let to = if slice + 1 == slices {
                seconds.len()
            } else {
                from + length
            };
            let inside = &seconds[from.min(to)..to];
            let sum = |of: &dyn Fn(&Counts) -> u64| {
                inside
                    .iter()
                    .fold(0_u64, |sum, counts| sum.saturating_add(of(counts)))
            };
            let ended = sum(&Counts::ended);
            (ended > 0).then(|| sum(&|counts| self.bad_of(counts)) as f64 / ended as f64)
        })
    }
}

/// The ends of the anytime-valid 95 % interval of a percentile objective's quantile, as order
/// statistics; `None` where the data set none.
pub(crate) fn quantile_ends(
    promise: &Promise,
    journey: &JourneyTally,
) -> (Option<Span>, Option<Span>) {
    let Promise::Percentile { quantile, .. } = promise else {
        return (None, None);
    };
    let histogram: &Histogram = &journey.from_intended;
    let total = &journey.total;
    let Ranks { low, high } = ranks(total.ended(), quantile.get(), ALPHA);
    let at = |rank: u64| histogram.quantile((rank as f64 / histogram.count() as f64).min(1.0));
    // Failed arrivals stand among the others in the histogram, wherever they failed: moved behind
    // all others they only raise an order statistic, by as many ranks at most.
    let failed = total.bad.saturating_sub(total.unsent);
    let high = high.filter(|high| *high <= total.good);
    (
        low.and_then(at),
        high.and_then(|high| at(high.saturating_add(failed))),
    )
}

/// The measured quantile of a percentile objective: at most this, with failed arrivals counted as
/// slower than any. `None` for other objectives, without arrivals, and where the quantile falls
/// among the failed ones.
pub(crate) fn quantile(promise: &Promise, journey: &JourneyTally) -> Option<Span> {
    let Promise::Percentile { quantile, .. } = promise else {
        return None;
    };
    let histogram: &Histogram = &journey.from_intended;
    let total = &journey.total;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of n"
    )]
    let rank = (total.ended() as f64 * quantile.get()).ceil() as u64;
    if histogram.is_empty() || rank > total.good {
        return None;
    }
    // The histogram holds failed arrivals too, at whatever time they failed. Were all of them
    // faster than the quantile, it would stand so many ranks further up: never further.
    let rank = rank.saturating_add(total.bad.saturating_sub(total.unsent));
    histogram.quantile((rank as f64 / histogram.count() as f64).min(1.0))
}
