//! Decisions and estimates that patterns share.

use lab_model::{Histogram, Span};

use crate::evidence::interval::interval;
use crate::evidence::quantile::{Ranks, ranks};
use crate::evidence::{ALPHA, Mixture, Side, bound};
use crate::outcome::{Call, Figure, FigureUnit, Interval, Moment};

/// The share of exceptions that a pattern bears where nothing else is asked.
pub(super) const EXCEPTIONS: f64 = 0.05;

/// What the wire says of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Pass, fail or inconclusive.
    pub(super) call: Call,
    /// What was counted: `request`, `retry`, `opening`.
    pub(super) unit: &'static str,
    /// Pieces of evidence.
    pub(super) n: u64,
    /// Those against the pattern.
    pub(super) against: u64,
    /// The share of them that the pattern bears; `None` where no share decides.
    pub(super) allowed: Option<f64>,
    /// What was measured.
    pub(super) figures: Vec<Figure>,
    /// What was seen, in a few words each.
    pub(super) found: Vec<String>,
    /// Where in the journal to look.
    pub(super) moments: Vec<Moment>,
    /// Why it is no pass.
    pub(super) note: String,
}

impl Finding {
    /// Nothing is known: why.
    pub(super) fn unknown(unit: &'static str, n: u64, note: impl Into<String>) -> Self {
        Self {
            call: Call::Inconclusive,
            unit,
            n,
            against: 0,
            allowed: None,
            figures: Vec::new(),
            found: Vec::new(),
            moments: Vec::new(),
            note: note.into(),
        }
    }

    /// A verdict on a share of exceptions.
    pub(super) fn of_share(unit: &'static str, n: u64, against: u64, allowed: f64) -> Self {
        let against = against.min(n);
        let call = share(n, against, allowed);
        let note = if call == Call::Inconclusive {
            let (n, against) = (
                crate::figures::counted(n, unit),
                crate::figures::count(against),
            );
            format!("{against} of {n} decide nothing")
        } else {
            String::new()
        };
        Self {
            against,
            allowed: Some(allowed),
            call,
            note,
            ..Self::unknown(unit, n, "")
        }
    }

    /// Takes another condition into account: the worse call stands, with its reason.
    pub(super) fn and(&mut self, call: Call, reason: impl FnOnce() -> String) {
        if call > self.call {
            self.call = call;
            self.note = reason();
        } else if call == self.call && call != Call::Pass {
            let reason = reason();
            self.note = if self.note.is_empty() {
                reason
            } else {
                format!("{}; {reason}", self.note)
            };
        }
    }

    /// Notes a moment of the journal where something is to be seen.
    pub(super) fn points_to(&mut self, at: Option<Span>, what: &str) {
        if let Some(at) = at {
            let what = what.to_owned();
            self.moments.push(Moment { at, what });
        }
    }

    /// The interval of the share of exceptions.
    pub(super) fn interval(&self) -> Option<Interval> {
        let shared = self.n > 0 && self.allowed.is_some();
        shared.then(|| interval(self.n, self.against, ALPHA))
    }
}

/// The call on a share of exceptions among independent pieces of evidence: the mixture of
/// [`Mixture`], 5 % each side.
pub(super) fn share(n: u64, against: u64, allowed: f64) -> Call {
    let evidence = |side| Mixture::new(side, allowed).log_evidence(n, against);
    if evidence(Side::Fail) >= bound(ALPHA) {
        Call::Fail
    } else if evidence(Side::Pass) >= bound(ALPHA) {
        Call::Pass
    } else {
        Call::Inconclusive
    }
}

/// A quantile with its interval of order statistics; `None` when empty.
pub(super) fn quantile(histogram: &Histogram, q: f64) -> Option<Estimate> {
    let n = histogram.count();
    let value = histogram.quantile(q)?;
    let Ranks { low, high } = ranks(n, q, ALPHA);
    let at = |rank: u64| histogram.quantile((rank as f64 / n as f64).min(1.0));
    Some(Estimate {
        value: value.as_micros() as f64,
        low: low.and_then(at).map(|span| span.as_micros() as f64),
        high: high.and_then(at).map(|span| span.as_micros() as f64),
        n,
    })
}

/// An estimate with its 95 % interval; an end is absent where the data set none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// What it was made of.
    pub(super) n: u64,
}

impl Estimate {
    /// It as a figure.
    pub(super) fn figure(self, name: &str, unit: FigureUnit) -> Figure {
        Figure {
            name: name.to_owned(),
            unit,
            value: self.value,
            low: self.low,
            high: self.high,
            n: self.n,
        }
    }

    /// A length of time in microseconds as one.
    pub(super) fn span(self) -> Span {
        to_span(self.value)
    }
}

/// Microseconds as a span.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates"
)]
pub(super) fn to_span(micros: f64) -> Span {
    Span::from_micros(micros.round() as u64)
}

/// The ratio of two sums that come in pairs, as seconds bring them, with its 95 % interval.
///
/// `R = Σy/Σx`, variance `k/(k−1) Σ(y − R x)² / (Σx)²` (W. G. Cochran, *Sampling Techniques*,
/// 3rd ed. 1977, section 6.4), Student's t with `k − 1` degrees of freedom. `None` with fewer than
/// three pairs or nothing in `x`.
pub(super) fn ratio(pairs: &[(f64, f64)]) -> Option<Estimate> {
    let k = pairs.iter().filter(|(x, _)| *x > 0.0).count();
    let (x, y) = pairs
        .iter()
        .fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    if k < 3 || x <= 0.0 {
        return None;
    }
    let ratio = y / x;
    let squares: f64 = pairs.iter().map(|(x, y)| (y - ratio * x).powi(2)).sum();
    let k = k as f64;
    let error = (k / (k - 1.0) * squares).sqrt() / x;
    let reach = student(k - 1.0) * error;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count"
    )]
    let n = x.round() as u64;
    Some(Estimate {
        value: ratio,
        low: Some((ratio - reach).max(0.0)),
        high: Some(ratio + reach),
        n,
    })
}

/// The ratio of two means with its 95 % interval, by the delta method on its logarithm: the
/// variance of `ln(a/b)` is `cv(a)²/n(a) + cv(b)²/n(b)` (G. Casella and R. L. Berger, *Statistical
/// Inference*, 2nd ed. 2002, section 5.5.4). `None` without two values on either side.
pub(super) fn mean_ratio(over: &Histogram, under: &Histogram) -> Option<Estimate> {
    let ((a, error_a), (b, error_b)) = (mean(over)?, mean(under)?);
    let ratio = a / b;
    let n = over.count().min(under.count());
    let reach = (student(n as f64 - 1.0) * (error_a + error_b).sqrt()).exp();
    Some(Estimate {
        value: ratio,
        low: Some(ratio / reach),
        high: Some(ratio * reach),
        n,
    })
}

/// The mean of a histogram, and the squared relative error of that mean.
fn mean(histogram: &Histogram) -> Option<(f64, f64)> {
    let n = histogram.count() as f64;
    let of = |power: i32| -> f64 {
        let terms = histogram.buckets();
        terms
            .map(|(value, count)| (value as f64).powi(power) * count as f64)
            .sum()
    };
    let mean = of(1) / n;
    let variance = (of(2) / n - mean * mean).max(0.0) * n / (n - 1.0);
    (n >= 2.0 && mean > 0.0).then(|| (mean, variance / (mean * mean) / n))
}

/// The 97.5 % quantile of Student's t (Abramowitz and Stegun, 26.7.5).
fn student(degrees: f64) -> f64 {
    let z: f64 = 1.959_963_985;
    let g1 = (z.powi(3) + z) / 4.0;
    let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + g1 / degrees + g2 / degrees.powi(2) + g3 / degrees.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles() {
        for (degrees, expected) in [(4.0, 2.776), (9.0, 2.262), (30.0, 2.042)] {
            assert!((student(degrees) - expected).abs() < 0.01, "{degrees}");
        }
    }

    #[test]
    fn a_ratio_of_means() {
        let of = |millis: [u64; 4]| {
            let mut times = Histogram::new();
            for m in millis {
                times.record_many(Span::from_millis(m), 10);
            }
            times
        };
        let found = mean_ratio(&of([10, 30, 50, 70]), &of([5, 15, 25, 35])).unwrap();
        assert!((found.value - 2.0).abs() < 0.01, "{found:?}");
        assert!(
            found.low.unwrap() > 1.4 && found.high.unwrap() < 2.8,
            "{found:?}"
        );
        assert_eq!(mean_ratio(&Histogram::new(), &of([1; 4])), None);
    }

    #[test]
    fn a_ratio_of_sums() {
        let pairs: Vec<_> = (0..10).map(|i| (25.0, 100.0 + f64::from(i % 2))).collect();
        let estimate = ratio(&pairs).unwrap();
        assert!((estimate.value - 4.02).abs() < 1e-9);
        assert!(estimate.low.unwrap() > 4.0 && estimate.high.unwrap() < 4.05);
        assert_eq!(estimate.n, 250);
        assert_eq!(ratio(&pairs[..2]), None);
        assert_eq!(ratio(&[(0.0, 1.0); 9]), None);
    }

    #[test]
    fn shares_are_decided_on_both_sides() {
        assert_eq!(share(0, 0, EXCEPTIONS), Call::Inconclusive);
        assert_eq!(share(200, 0, EXCEPTIONS), Call::Pass);
        assert_eq!(share(50, 50, EXCEPTIONS), Call::Fail);
        assert_eq!(share(200, 10, EXCEPTIONS), Call::Inconclusive);
    }

    #[test]
    fn the_worse_condition_stands() {
        let mut finding = Finding::of_share("request", 200, 0, EXCEPTIONS);
        finding.and(Call::Pass, || "fine".to_owned());
        assert_eq!((finding.call, finding.note.as_str()), (Call::Pass, ""));
        finding.and(Call::Fail, || "one".to_owned());
        finding.and(Call::Inconclusive, || "two".to_owned());
        finding.and(Call::Fail, || "three".to_owned());
        assert_eq!(
            (finding.call, finding.note.as_str()),
            (Call::Fail, "one; three")
        );
    }
}
