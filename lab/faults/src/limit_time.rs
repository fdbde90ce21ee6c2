//! Connections that live too short.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// A connection is closed after a time, whatever is on its way: a load balancer with a limit, a
/// restart that waits for nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitTime {
    /// How long a connection lives, in whole milliseconds.
    pub time: Span,
}

impl Kind for LimitTime {
    const NAME: &'static str = "limit_time";
    const UNDO: &'static str = "the toxic is removed; new connections live as long as they like";
    const MARK: Mark = Mark {
        letter: 'E',
        colour: "#999933",
    };

    fn example() -> Self {
        Self {
            time: Span::from_millis(100),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("time", self.time)
            .refuse(
                self.time == Span::ZERO,
                "time",
                "a time of 0s lets nothing pass",
                "use the fault `down` for that",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.time
    }

    fn effect(&self) -> Effect {
        Effect::Close
    }

    fn summary(&self) -> String {
        format!("closed after {}", self.time)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("limit_time", [("time", millis(self.time))])
    }
}
