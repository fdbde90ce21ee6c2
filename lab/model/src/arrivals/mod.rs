//! When journeys start: shapes of the rate, random arrivals, recorded ones, and closed users.
//!
//! Every open schedule answers two questions that agree with each other: how many arrivals are due
//! before an instant, and when arrival `k` is due. The plan asks the first, the generator walks the
//! second, so that a phase holds exactly the arrivals its verdict was planned with.
//!
//! | file | what lives there |
//! |---|---|
//! | `shape` | rates that follow a formula: constant, ramp, step, spike, sine |
//! | `poisson` | random arrivals from a seed |
//! | `replay` | arrivals as they were recorded |
//! | `timetable` | what a run does when its rate is changed while it runs |

mod poisson;
mod replay;
mod shape;
mod timetable;

use serde::{Deserialize, Serialize};

use crate::units::{Rate, Span};

pub use poisson::Poisson;
pub use replay::Replay;
use shape::Shape;
pub use timetable::{Dues, Timetable};

/// When journeys start, counted from the start of the load. One arrival starts one journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// The same rate all the time: arrival `k` is due at `k / rate`.
    Constant {
        /// Journeys per second.
        rate: Rate,
    },
    /// A rate that grows or shrinks evenly, and then stays.
    Ramp {
        /// At the start.
        from: Rate,
        /// At the end of `over`, and from then on.
        to: Rate,
        /// How long it takes.
        over: Span,
    },
    /// One rate after another; the last one stays.
    Step {
        /// In order; never empty.
        rates: Vec<Rate>,
        /// How long each but the last is kept.
        every: Span,
    },
    /// A rate with another one for a while.
    Spike {
        /// Before and after.
        rate: Rate,
        /// Meanwhile.
        to: Rate,
        /// When it begins.
        at: Span,
        /// How long it lasts.
        lasting: Span,
    },
    /// A rate that swings: `mean + swing · sin(2π t / period)`.
    Sine {
        /// In the middle.
        mean: Rate,
        /// How far it goes up and down; at most the mean.
        swing: Rate,
        /// From one crest to the next.
        period: Span,
    },
    /// Independent arrivals: the gaps are exponential.
    Poisson(Poisson),
    /// Arrivals as they were recorded.
    Replay(Replay),
    /// No schedule: each user starts the next journey when the one before has ended.
    Closed {
        /// How many.
        users: u32,
        /// The pause between two journeys of a user.
        think: Span,
    },
}

impl Arrivals {
    /// Whether arrivals follow a schedule, whatever the system does.
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    /// How many arrivals are due in `[from, to)`; `None` where the system decides (closed users).
    pub fn count_between(&self, from: Span, to: Span) -> Option<u64> {
        Some(
            self.count_before(to)?
                .saturating_sub(self.count_before(from)?),
        )
    }

    /// How many arrivals are due before an instant: the integral of the rate, rounded up, as
    /// arrival 0 is due at zero.
    fn count_before(&self, at: Span) -> Option<u64> {
        match self {
            Self::Poisson(poisson) => Some(poisson.count_before(at)),
            Self::Replay(replay) => Some(replay.count_before(at)),
            Self::Closed { .. } => None,
            _ => Some(self.shape()?.count_before(at)),
        }
    }

    /// When each arrival is due, in order; endless but for a recording. None for closed users.
    pub fn dues(&self) -> Box<dyn Iterator<Item = Span> + Send> {
        match self {
            Self::Poisson(poisson) => Box::new(poisson.dues()),
            Self::Replay(replay) => Box::new(replay.dues()),
            Self::Closed { .. } => Box::new(std::iter::empty()),
            _ => match self.shape() {
                Some(shape) => Box::new((0..).map(move |k| shape.due(k))),
                None => Box::new(std::iter::empty()),
            },
        }
    }

    /// The rate at an instant, per second; `None` for closed users. Of a recording, what was
    /// recorded within half a second of it.
    pub fn rate_at(&self, at: Span) -> Option<f64> {
        match self {
            Self::Poisson(poisson) => Some(poisson.rate.as_per_second()),
            Self::Replay(_) => {
                let half = Span::from_millis(500);
                let (from, to) = (at.minus(half), at.plus(half));
                let count = self.count_between(from, to)? as f64;
                Some(count / to.minus(from).as_secs_f64())
            }
            Self::Closed { .. } => None,
            _ => Some(self.shape()?.rate(at.as_secs_f64())),
        }
    }

    /// The highest rate over a second until an instant, per second; `None` for closed users.
    pub fn peak(&self, until: Span) -> Option<f64> {
        match self {
            Self::Poisson(poisson) => Some(poisson.rate.as_per_second()),
            Self::Replay(replay) => Some(replay.peak()),
            Self::Closed { .. } => None,
            _ => Some(self.shape()?.peak(until.as_secs_f64())),
        }
    }

    fn shape(&self) -> Option<Shape> {
        Shape::of(self)
    }
}

#[cfg(test)]
mod tests;
