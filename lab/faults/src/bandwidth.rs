//! A narrow pipe.

use lab_model::ByteRate;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// Bytes pass no faster than a rate, counted for each connection by itself: a crowded network, a
/// throttled store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// The speed of each connection, in whole KB (1,000 bytes) per second.
    pub rate: ByteRate,
}

/// Toxiproxy's KB.
const KB: u64 = 1_000;

impl Kind for Bandwidth {
    const NAME: &'static str = "bandwidth";
    const UNDO: &'static str = "the toxic is removed; bytes pass at full speed";
    const MARK: Mark = Mark {
        letter: 'B',
        colour: "#56b4e9",
    };

    fn example() -> Self {
        Self {
            rate: ByteRate(20 * KB),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let ByteRate(rate) = self.rate;
        Checks::default()
            .refuse(
                rate == 0,
                "rate",
                "a rate of 0 lets nothing pass",
                "use the fault `timeout` for that",
            )
            .refuse(
                !rate.is_multiple_of(KB),
                "rate",
                format!("`{}` is not a whole number of KB/s", self.rate),
                "proxies keep this rate in KB/s (1,000 bytes a second)",
            )
            .fits("rate", self.rate, rate / KB)
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::Throttle { rate: self.rate }
    }

    fn summary(&self) -> String {
        format!("bandwidth {}", self.rate)
    }

    fn primitives(&self, target: Target) -> Vec<Primitive> {
        target.toxic("bandwidth", [("rate", self.rate.0 / KB)])
    }
}
