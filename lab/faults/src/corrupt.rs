//! Bytes that change on their way.

use lab_model::Ratio;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// Some bytes become others; none is lost, none is added: a broken cable, a buggy middlebox, bad
/// memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// The share of bytes that change.
    pub share: Ratio,
}

impl Kind for Corrupt {
    const NAME: &'static str = "corrupt";
    const UNDO: &'static str = "the toxic is removed; bytes pass as they are";
    const MARK: Mark = Mark {
        letter: 'X',
        colour: "#ddcc77",
    };

    fn example() -> Self {
        Self {
            share: Ratio::new(0.001).unwrap_or(Ratio::ONE),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                self.share.get() <= 0.0,
                "share",
                "a share of 0% changes nothing",
                "give it a share such as `0.1%`",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::Alter { share: self.share }
    }

    fn summary(&self) -> String {
        format!("{} of bytes changed", self.share)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("corrupt", [("byte_rate", self.share.get())])
    }
}
