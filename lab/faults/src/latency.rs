//! Bytes come late.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// Bytes are held back for a time, each piece counted from when it was received: a slow
/// dependency, a long way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The mean of the added delay, in whole milliseconds.
    pub delay: Span,
    /// The largest deviation from it, drawn evenly from −jitter to +jitter; at most the delay.
    #[serde(default)]
    pub jitter: Span,
}

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
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let nothing = self.delay == Span::ZERO && self.jitter == Span::ZERO;
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
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay.plus(self.jitter)
    }

    fn effect(&self) -> Effect {
        Effect::Delay {
            mean: self.delay,
            jitter: self.jitter,
        }
    }

    fn summary(&self) -> String {
        if self.jitter == Span::ZERO {
            format!("latency {}", self.delay)
        } else {
            format!("latency {} ± {}", self.delay, self.jitter)
        }
    }

    fn primitives(&self, target: Target) -> Vec<Primitive> {
        let (latency, jitter) = (millis(self.delay), millis(self.jitter));
        target.toxic("latency", [("latency", latency), ("jitter", jitter)])
    }
}
