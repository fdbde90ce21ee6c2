//! Connections that linger.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// The end of a connection comes late, its bytes on time: pools that fill with connections nobody
/// uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowClose {
    /// How long the close is held back, in whole milliseconds.
    pub delay: Span,
}

impl Kind for SlowClose {
    const NAME: &'static str = "slow_close";
    const UNDO: &'static str = "the toxic is removed; closes held back happen at once";
    const MARK: Mark = Mark {
        letter: 'C',
        colour: "#009e73",
    };

    fn example() -> Self {
        Self {
            delay: Span::from_secs(1),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("delay", self.delay)
            .refuse(
                self.delay == Span::ZERO,
                "delay",
                "a delay of 0s changes nothing",
                "give it a length such as `1s`",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay
    }

    fn effect(&self) -> Effect {
        Effect::Close
    }

    fn summary(&self) -> String {
        format!("close {} late", self.delay)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("slow_close", [("delay", millis(self.delay))])
    }
}
