//! A disk without room.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// The folder in which a service keeps its data is full to the last page: every write that needs
/// room fails. The service needs a folder of a limited size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskFull {}

impl Kind for DiskFull {
    const NAME: &'static str = "disk_full";
    const UNDO: &'static str = "the file that took the room is removed";
    const MARK: Mark = Mark {
        letter: 'V',
        colour: "#6699cd",
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
        "disk full".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::DiskFull)
    }
}
