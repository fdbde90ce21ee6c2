//! A host that is gone from the network.

use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// Connecting takes for ever and open connections are cut: a host that has left the network, a
/// firewall that drops. Nothing answers, so callers cannot be counted: the lab tries the port each
/// second, and its own attempts are the witness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hang {}

impl Kind for Hang {
    const NAME: &'static str = "hang";
    const UNDO: &'static str = "the port answers again; callers that still try get through";
    const MARK: Mark = Mark {
        letter: 'H',
        colour: "#882255",
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
        "connecting hangs".to_owned()
    }

    fn primitives(&self, _: Target<'_>) -> Vec<Primitive> {
        vec![Primitive::Hanging]
    }
}
