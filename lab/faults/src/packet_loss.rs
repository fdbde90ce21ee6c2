//! Pieces that never arrive.

use lab_model::Ratio;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// Pieces vanish while the rest passes, alone or in bursts: a broken tunnel, a middlebox that loses
/// what it should forward. TCP itself would send lost packets again; what vanishes here is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketLoss {
    /// The share of pieces that vanish.
    pub loss_rate: Ratio,
    /// Added to the share right after a piece that vanished.
    #[serde(default = "none")]
    pub correlation: Ratio,
}

fn none() -> Ratio {
    Ratio::new(0.0).unwrap_or(Ratio::ONE)
}

impl Kind for PacketLoss {
    const NAME: &'static str = "packet_loss";
    const UNDO: &'static str = "the toxic is removed; every piece passes";
    const MARK: Mark = Mark {
        letter: 'P',
        colour: "#cc6677",
    };

    fn example() -> Self {
        Self {
            loss_rate: Ratio::new(0.1).unwrap_or(Ratio::ONE),
            correlation: none(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                self.loss_rate.get() <= 0.0,
                "loss_rate",
                "a share of 0% loses nothing",
                "give it a share such as `10%`",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::Lose {
            share: self.loss_rate,
        }
    }

    fn summary(&self) -> String {
        format!("{} of pieces lost", self.loss_rate)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [
            ("loss_rate", self.loss_rate.get()),
            ("correlation", self.correlation.get()),
        ];
        target.toxic("packet_loss", attributes)
    }
}
