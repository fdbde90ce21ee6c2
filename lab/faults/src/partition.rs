//! Two services that do not reach each other.

use lab_model::Name;
use lab_model::plan::Effect;
use lab_model::toxic::{Direction, Primitive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target, constant};
use crate::problem::Problem;

/// What a service and another one send each other is lost, in both directions and without a reset,
/// on every link between them, while both reach everybody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The other service.
    pub from: Name,
}

impl Kind for Partition {
    const NAME: &'static str = "partition";
    const UNDO: &'static str =
        "the toxics are removed; the connections they held are closed, new ones pass";
    const MARK: Mark = Mark {
        letter: 'Y',
        colour: "#dd7789",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {
            from: constant("payments"),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn effect(&self) -> Effect {
        Effect::Withhold
    }

    fn summary(&self) -> String {
        format!("partition from {}", self.from)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        // What either sends is lost on every link between them.
        let both = Target {
            direction: Direction::Both,
            ..target
        };
        both.toxic("timeout", [("timeout", 0)])
    }
}
