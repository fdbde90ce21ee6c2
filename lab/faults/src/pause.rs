//! A service that hangs.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// All processes of a service are frozen: connections stay open and nothing answers, as in a long
/// collection of garbage or on a stalled machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {}

impl Kind for Pause {
    const NAME: &'static str = "pause";
    const UNDO: &'static str = "the processes go on where they were";
    const MARK: Mark = Mark {
        letter: 'J',
        colour: "#443399",
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
        "pause".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::Pause)
    }
}
