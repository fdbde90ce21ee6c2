//! A service that is restarted.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// A service ends and is started again at once: a deployment, a crash under a supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {}

impl Kind for Restart {
    const NAME: &'static str = "restart";
    const UNDO: &'static str = "none is needed: the service runs again";
    const MARK: Mark = Mark {
        letter: 'I',
        colour: "#557722",
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
        "restart".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::Restart)
    }
}
