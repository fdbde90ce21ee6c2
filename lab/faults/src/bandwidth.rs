//! A narrow pipe.

use lab_model::ByteRate;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// Bytes pass no faster than a rate, each direction by itself: a crowded network, a throttled
/// store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// The speed, in whole KB (1,000 bytes) per second.
    pub rate: ByteRate,
    /// What has that speed: each connection, or all connections of the link together.
    #[serde(default)]
    pub per: Per,
}

/// What a rate is counted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each connection by itself.
    #[default]
    Connection,
    /// All connections together.
    Link,
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
            per: Per::Connection,
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
        match self.per {
            Per::Connection => format!("bandwidth {}", self.rate),
            Per::Link => format!("bandwidth {} for the whole link", self.rate),
        }
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let toxic = match self.per {
            Per::Connection => "bandwidth",
            Per::Link => "link_bandwidth",
        };
        target.toxic(toxic, [("rate", self.rate.0 / KB)])
    }
}
