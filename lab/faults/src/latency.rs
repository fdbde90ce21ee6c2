//! Bytes come late.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::{Kind, Mark, Read, Target};
use crate::problem::{Checks, Problem, millis};
use crate::recording::Recording;

/// Bytes are held back for a time, each piece counted from when it was received: a slow
/// dependency, a long way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The mean of the added delay, in whole milliseconds; needed unless it was recorded.
    #[serde(default)]
    pub delay: Span,
    /// How far it strays, in whole milliseconds, at most the delay: evenly from −jitter to
    /// +jitter, or the standard deviation where it is normal.
    #[serde(default)]
    pub jitter: Span,
    /// How delays are spread: evenly, around their mean, or with a long tail.
    #[serde(default)]
    pub distribution: Distribution,
    /// The tail of `pareto`, above 1: the smaller, the longer; 3 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<f64>,
    /// A file with delays that somebody measured, instead of all the above: a line each, with how
    /// often it was seen if more than once (`12.5ms 40`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recording>,
}

/// How delays are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Every delay between the least and the most is as likely.
    #[default]
    Uniform,
    /// Near the mean, cut off at none.
    Normal,
    /// Mostly short, sometimes very long: what the mean hides.
    Pareto,
}

/// The shape of a Pareto distribution where none is given.
const SHAPE: f64 = 3.0;
/// Beyond it a tail cannot be told from none.
const LARGEST_SHAPE: f64 = 100.0;
/// All but one in twenty are shorter: what a phase must have room for.
const MOST: f64 = 0.95;

impl Kind for Latency {
    const NAME: &'static str = "latency";
    const UNDO: &'static str = "the toxic is removed; bytes held back are sent at once";
    const MARK: Mark = Mark {
        letter: 'L',
        colour: "#e69f00",
    };

    fn example() -> Self {
        Self {
            delay: Span::from_secs(2),
            jitter: Span::from_millis(200),
            distribution: Distribution::Uniform,
            shape: None,
            recorded: None,
        }
    }

    fn load(&mut self, read: Read<'_>) -> Vec<Problem> {
        let loaded = self.recorded.as_mut().map(|recording| recording.load(read));
        match loaded {
            Some(Err(reason)) => vec![Problem {
                attribute: "recorded",
                message: reason,
                help: "a line is a delay, or a delay and how often it was seen: `12.5ms 40`"
                    .to_owned(),
            }],
            _ => Vec::new(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        if self.recorded.is_some() {
            return self.beside_a_recording();
        }
        let nothing = self.delay == Span::ZERO && self.jitter == Span::ZERO;
        let (even, tail) = (
            self.jitter == Span::ZERO,
            self.distribution == Distribution::Pareto,
        );
        let shape = self.shape.unwrap_or(SHAPE);
        Checks::default()
            .millis("delay", self.delay)
            .millis("jitter", self.jitter)
            .refuse(
                nothing,
                "delay",
                "a delay of 0s adds nothing",
                "give it a length such as `2s`",
            )
            .refuse(
                self.jitter > self.delay,
                "jitter",
                format!(
                    "a jitter of {} is larger than the delay of {}",
                    self.jitter, self.delay
                ),
                format!("no byte can come early: at most {}", self.delay),
            )
            .refuse(
                self.distribution == Distribution::Normal && even && !nothing,
                "distribution",
                "a normal distribution without a jitter is always the same delay",
                "`jitter` is its standard deviation",
            )
            .refuse(
                tail && !even,
                "jitter",
                "a Pareto distribution has no jitter",
                "`shape` says how long its tail is",
            )
            .refuse(
                !tail && self.shape.is_some(),
                "shape",
                "only a Pareto distribution has a shape",
                "add `distribution: pareto`",
            )
            .refuse(
                !(shape > 1.0 && shape <= LARGEST_SHAPE),
                "shape",
                format!("`{shape}` is no shape of a tail that has a mean"),
                "above 1, at most 100",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        match (&self.recorded, self.distribution) {
            (Some(recording), _) => recording.quantile(MOST),
            (None, Distribution::Pareto) => self.pareto_quantile(MOST),
            (None, Distribution::Normal) => self.delay.plus(self.jitter).plus(self.jitter),
            (None, Distribution::Uniform) => self.delay.plus(self.jitter),
        }
    }

    fn effect(&self) -> Effect {
        // A caller that gives up cuts the tail off, and with it the mean: the median stays.
        let (mean, jitter) = match (&self.recorded, self.distribution) {
            (Some(recording), _) => (recording.quantile(0.5), Span::ZERO),
            (None, Distribution::Pareto) => (self.pareto_quantile(0.5), Span::ZERO),
            (None, Distribution::Normal | Distribution::Uniform) => (self.delay, self.jitter),
        };
        Effect::Delay { mean, jitter }
    }

    fn summary(&self) -> String {
        let delay = self.delay;
        match (&self.recorded, self.distribution) {
            (Some(recording), _) => format!("latency as recorded in {}", recording.file()),
            (None, Distribution::Pareto) => {
                let shape = self.shape.unwrap_or(SHAPE);
                format!("latency {delay} with a tail (Pareto, shape {shape})")
            }
            (None, Distribution::Normal) => format!("latency {delay} ± {} (normal)", self.jitter),
            (None, Distribution::Uniform) if self.jitter == Span::ZERO => {
                format!("latency {delay}")
            }
            (None, Distribution::Uniform) => format!("latency {delay} ± {}", self.jitter),
        }
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let delay = Value::from(millis(self.delay));
        let jitter = Value::from(millis(self.jitter));
        let spread = |name: &str| ("distribution", Value::from(name));
        match (&self.recorded, self.distribution) {
            (Some(recording), _) => target.toxic(
                "delay",
                [spread("recorded"), ("histogram", recording.buckets())],
            ),
            (None, Distribution::Pareto) => {
                let shape = Value::from(self.shape.unwrap_or(SHAPE));
                let attributes = [("mean", delay), spread("pareto"), ("shape", shape)];
                target.toxic("delay", attributes)
            }
            (None, Distribution::Normal) => {
                let attributes = [("mean", delay), ("deviation", jitter), spread("normal")];
                target.toxic("delay", attributes)
            }
            (None, Distribution::Uniform) => {
                target.toxic("latency", [("latency", delay), ("jitter", jitter)])
            }
        }
    }
}

impl Latency {
    /// A recording says all there is to say.
    fn beside_a_recording(&self) -> Vec<Problem> {
        let Self {
            delay,
            jitter,
            distribution,
            shape,
            ..
        } = self;
        let given = [
            ("delay", *delay != Span::ZERO),
            ("jitter", *jitter != Span::ZERO),
            ("distribution", *distribution != Distribution::Uniform),
            ("shape", shape.is_some()),
        ];
        let wrong = |checks: Checks, (attribute, given): (&'static str, bool)| {
            let message = format!("`{attribute}` beside `recorded`: one would be ignored");
            checks.refuse(given, attribute, message, "leave one of the two out")
        };
        given.into_iter().fold(Checks::default(), wrong).done()
    }

    /// The delay below which a share of a Pareto distribution of that mean and shape lies
    /// (Pareto I: scale = mean·(shape − 1)/shape, quantile = scale·(1 − share)^(−1/shape)).
    fn pareto_quantile(&self, share: f64) -> Span {
        let shape = self.shape.unwrap_or(SHAPE).max(1.0);
        let scale = self.delay.as_secs_f64() * (shape - 1.0) / shape;
        let seconds = scale * (1.0 - share).powf(-1.0 / shape);
        Span::from_micros(rounded(seconds * 1e6))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, and delays are not negative"
)]
fn rounded(micros: f64) -> u64 {
    micros.round() as u64
}
