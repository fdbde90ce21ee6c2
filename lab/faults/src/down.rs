//! A link that is gone.

use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::Problem;

/// Nothing answers: open connections are cut and new ones refused, as if the callee's process had
/// ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Down {}

impl Kind for Down {
    const NAME: &'static str = "down";
    const UNDO: &'static str = "the link's proxy is enabled; callers may connect again at once";
    const MARK: Mark = Mark {
        letter: 'D',
        colour: "#d55e00",
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
        "down".to_owned()
    }

    fn primitives(&self, _: Target<'_>) -> Vec<Primitive> {
        vec![Primitive::Disabled]
    }
}
