//! Rates that follow a formula, by their integral.
//!
//! Arrival `k` is due where the integral of the rate reaches `k`. Straight pieces are inverted in
//! closed form; the sine by Newton's method between two bounds that enclose the root.

use std::f64::consts::TAU;

use super::Arrivals;
use crate::units::Span;

/// A rate with its integral.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Straight pieces, the last one without an end.
    Pieces(Vec<Piece>),
    Sine {
        mean: f64,
        swing: f64,
        period: f64,
    },
}

/// A stretch on which the rate grows evenly. Times in seconds, rates per second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    start: f64,
    rate: f64,
    slope: f64,
    /// The integral before its start.
    before: f64,
}

impl Piece {
    /// The integral up to an instant that is not before the start.
    fn integral(self, at: f64) -> f64 {
        let d = at - self.start;
        self.before + d * (self.rate + self.slope * d / 2.0)
    }

    /// Where the integral reaches `k`, which is not below `before`.
    fn inverse(self, k: f64) -> f64 {
        let c = k - self.before;
        // The root of slope/2 · d² + rate · d − c that does not lose digits for small slopes.
        let root = self
            .slope
            .mul_add(2.0 * c, self.rate * self.rate)
            .max(0.0)
            .sqrt();
        let divisor = self.rate + root;
        if divisor > 0.0 {
            self.start + 2.0 * c / divisor
        } else {
            self.start
        }
    }
}

impl Shape {
    pub(super) fn of(arrivals: &Arrivals) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut add = |start: Span, rate: f64, slope: f64| {
            let start = start.as_secs_f64();
            let before = pieces
                .last()
                .map_or(0.0, |last: &Piece| last.integral(start));
            pieces.push(Piece {
                start,
                rate,
                slope,
                before,
            });
        };
        match arrivals {
            Arrivals::Constant { rate } => add(Span::ZERO, rate.as_per_second(), 0.0),
            Arrivals::Ramp { from, to, over } => {
                let (from, to) = (from.as_per_second(), to.as_per_second());
                if *over > Span::ZERO {
                    add(Span::ZERO, from, (to - from) / over.as_secs_f64());
                }
                add(*over, to, 0.0);
            }
            Arrivals::Step { rates, every } => {
                let mut start = Span::ZERO;
                for rate in rates {
                    add(start, rate.as_per_second(), 0.0);
                    start = start.plus(*every);
                }
            }
            Arrivals::Spike {
                rate,
                to,
                at,
                lasting,
            } => {
                let (rate, to) = (rate.as_per_second(), to.as_per_second());
                add(Span::ZERO, rate, 0.0);
                add(*at, to, 0.0);
                add(at.plus(*lasting), rate, 0.0);
            }
            Arrivals::Sine {
                mean,
                swing,
                period,
            } => {
                return Some(Self::Sine {
                    mean: mean.as_per_second(),
                    swing: swing.as_per_second().min(mean.as_per_second()),
                    period: period.as_secs_f64(),
                });
            }
            Arrivals::Poisson(_) | Arrivals::Replay(_) | Arrivals::Closed { .. } => return None,
        }
        Some(Self::Pieces(pieces))
    }

    /// The piece in force where `key` of it is not above a value.
    fn piece(pieces: &[Piece], value: f64, key: fn(&Piece) -> f64) -> Option<Piece> {
        let found = pieces.iter().rev().find(|piece| key(piece) <= value);
        found.or(pieces.first()).copied()
    }

    pub(super) fn rate(&self, at: f64) -> f64 {
        match self {
            Self::Pieces(pieces) => Self::piece(pieces, at, |piece| piece.start)
                .map_or(0.0, |piece| {
                    piece.slope.mul_add(at - piece.start, piece.rate)
                }),
            Self::Sine {
                mean,
                swing,
                period,
            } => swing.mul_add(libm::sin(TAU * at / period), *mean),
        }
    }

    /// The expected number of arrivals before an instant.
    pub(super) fn integral(&self, at: f64) -> f64 {
        match self {
            Self::Pieces(pieces) => {
                Self::piece(pieces, at, |piece| piece.start).map_or(0.0, |piece| piece.integral(at))
            }
            Self::Sine {
                mean,
                swing,
                period,
            } => mean * at + swing * period / TAU * (1.0 - libm::cos(TAU * at / period)),
        }
    }

    /// Where the integral reaches `k`, in seconds.
    fn inverse(&self, k: f64) -> f64 {
        match self {
            Self::Pieces(pieces) => {
                Self::piece(pieces, k, |piece| piece.before).map_or(0.0, |piece| piece.inverse(k))
            }
            Self::Sine {
                mean,
                swing,
                period,
            } => {
                // The sine's share of the integral lies between 0 and swing · period / π.
                let most = swing * period * 2.0 / TAU;
                let (mut low, mut high) = (((k - most) / mean).max(0.0), k / mean);
                let mut at = f64::midpoint(low, high);
                for _ in 0..60 {
                    let excess = self.integral(at) - k;
                    if excess > 0.0 {
                        high = at;
                    } else {
                        low = at;
                    }
                    // Far below the microsecond that is kept.
                    if high - low < 1e-9 {
                        break;
                    }
                    let next = at - excess / self.rate(at);
                    let inside = next > low && next < high;
                    let last = at;
                    at = if inside {
                        next
                    } else {
                        f64::midpoint(low, high)
                    };
                    if (at - last).abs() < 1e-10 {
                        break;
                    }
                }
                at
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by a year at a million a second"
    )]
    pub(super) fn count_before(&self, at: Span) -> u64 {
        // Rounded to 1e-6 first: 15 s · 150/s is 2,250 and not 2,250.0000000001.
        let integral = self.integral(at.as_secs_f64());
        ((integral * 1e6).round() / 1e6).ceil() as u64
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    pub(super) fn due(&self, k: u64) -> Span {
        Span::from_micros((self.inverse(k as f64) * 1e6).round() as u64)
    }

    pub(super) fn peak(&self, until: f64) -> f64 {
        match self {
            Self::Pieces(pieces) => pieces
                .iter()
                .filter(|piece| piece.start <= until)
                .map(|piece| piece.rate)
                .chain([self.rate(until)])
                .fold(0.0, f64::max),
            Self::Sine { mean, swing, .. } => mean + swing,
        }
    }
}
