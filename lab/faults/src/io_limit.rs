//! A slow disk.

use lab_model::ByteRate;
use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};

/// A service reads and writes its disk no faster than a rate: a worn disk, a volume without credits.
/// What the kernel keeps in memory is not slowed, flushes are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IoLimit {
    /// The most that it reads, and that it writes, in a second.
    pub rate: ByteRate,
}

impl Kind for IoLimit {
    const NAME: &'static str = "io_limit";
    const UNDO: &'static str = "the limit is removed";
    const MARK: Mark = Mark {
        letter: 'Q',
        colour: "#661101",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {
            rate: ByteRate(1_000_000),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                self.rate.0 < 4_096,
                "rate",
                format!("{} is less than one page a second", self.rate),
                "at least 4096B/s",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        format!("io limit {}", self.rate)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::IoLimit { rate: self.rate })
    }
}
