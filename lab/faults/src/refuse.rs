//! A host whose process is gone.

use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// The port refuses connections and open ones are cut: a process that has ended on a host that
/// lives. The system itself refuses, so callers cannot be counted: the lab tries the port each
/// second, and its own attempts are the witness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {}

impl Kind for Refuse {
    const NAME: &'static str = "refuse";
    const UNDO: &'static str = "the port listens again; callers may connect at once";
    const MARK: Mark = Mark {
        letter: 'F',
        colour: "#332288",
    };
    const REACH: Reach = Reach::Link;

    fn example() -> Self {
        Self {}
    }

    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn effect(&self) -> Effect {
        Effect::Refuse
    }

    fn summary(&self) -> String {
        "connections refused".to_owned()
    }

    fn primitives(&self, _: Target<'_>) -> Vec<Primitive> {
        vec![Primitive::Refused]
    }
}
