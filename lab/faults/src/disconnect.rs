//! A service without a network.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// A service is on no network: it reaches nobody and nobody reaches it, and no packet comes back to
/// tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {}

impl Kind for Disconnect {
    const NAME: &'static str = "disconnect";
    const UNDO: &'static str =
        "the service is on its network again, and links lead to its address there";
    const MARK: Mark = Mark {
        letter: 'W',
        colour: "#010101",
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
        "disconnect".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::Disconnect)
    }
}
