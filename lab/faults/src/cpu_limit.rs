//! A service without processor time.

use lab_model::Ratio;
use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};

/// A service gets a share of one processor and no more: a busy neighbour, a limit set too low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuLimit {
    /// The share of one processor that is left to it.
    pub share: Ratio,
}

impl Kind for CpuLimit {
    const NAME: &'static str = "cpu_limit";
    const UNDO: &'static str = "the limit is what it was before";
    const MARK: Mark = Mark {
        letter: 'U',
        colour: "#aa4498",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {
            share: Ratio::new(0.1).unwrap_or(Ratio::ONE),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                self.share.get() < 0.01,
                "share",
                format!("{} of a processor is less than one can ration", self.share),
                "at least 1%",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        format!("cpu limit {}", self.share)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::CpuLimit { share: self.share })
    }
}
