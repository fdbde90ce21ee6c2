//! A service without memory.

use lab_model::ByteSize;
use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};

/// A service may use so much memory and no more; the kernel ends what needs more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryLimit {
    /// The most that it may use, what the kernel keeps for it included.
    pub most: ByteSize,
}

impl Kind for MemoryLimit {
    const NAME: &'static str = "memory_limit";
    const UNDO: &'static str = "the limit is what it was before";
    const MARK: Mark = Mark {
        letter: 'N',
        colour: "#bbaa33",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {
            most: ByteSize(64_000_000),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                self.most.0 < 6 << 20,
                "most",
                format!("{} is less than engines accept", self.most),
                "at least 6MiB",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        format!("memory limit {}", self.most)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::MemoryLimit { most: self.most })
    }
}
