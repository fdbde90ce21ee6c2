//! A service that is stopped in order.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// A service is asked to end, may finish what it does for a second, and stays away: a deployment
/// that went wrong, an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {}

impl Kind for Stop {
    const NAME: &'static str = "stop";
    const UNDO: &'static str = "the service is started again, with the data it had";
    const MARK: Mark = Mark {
        letter: 'G',
        colour: "#228888",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {}
    }

    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        "stop".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::Stop)
    }
}
