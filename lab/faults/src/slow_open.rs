//! Connections that start slowly.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// The first bytes of a connection wait, those that follow do not: a cold route, a proxy that looks
/// its rules up. Connections that are open already wait once, from when the fault comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowOpen {
    /// How long nothing passes from the start of a connection, in whole milliseconds.
    pub delay: Span,
}

impl Kind for SlowOpen {
    const NAME: &'static str = "slow_open";
    const UNDO: &'static str = "the toxic is removed; bytes held back are sent at once";
    const MARK: Mark = Mark {
        letter: 'O',
        colour: "#117733",
    };

    fn example() -> Self {
        Self {
            delay: Span::from_millis(500),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("delay", self.delay)
            .refuse(
                self.delay == Span::ZERO,
                "delay",
                "a delay of 0s changes nothing",
                "give it a length such as `500ms`",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay
    }

    fn effect(&self) -> Effect {
        Effect::Open { delay: self.delay }
    }

    fn summary(&self) -> String {
        format!("opens {} late", self.delay)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("slow_open", [("delay", millis(self.delay))])
    }
}
