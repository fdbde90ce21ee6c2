//! Connections that end early.

use lab_model::ByteSize;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// A connection is closed once so many bytes have passed, in the midst of whatever they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitData {
    /// How many bytes pass before the close.
    pub bytes: ByteSize,
}

impl Kind for LimitData {
    const NAME: &'static str = "limit_data";
    const UNDO: &'static str = "the toxic is removed; new connections have no limit";
    const MARK: Mark = Mark {
        letter: 'M',
        colour: "#999999",
    };

    fn example() -> Self {
        Self {
            bytes: ByteSize(1_000),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .fits("bytes", self.bytes, self.bytes.0)
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::Close
    }

    fn summary(&self) -> String {
        format!("closed after {}", self.bytes)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("limit_data", [("bytes", self.bytes.0)])
    }
}
