//! Handshakes that take their time.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use lab_model::{Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem, millis};
use crate::requests::toxic;

/// Handshakes of TLS wait before the callee hears of them: a server that is busy with
/// cryptography, or asks somebody about certificates first. What is connected stays as fast as ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSlowHandshake {
    /// How long, in whole milliseconds.
    pub delay: Span,
}

impl Kind for TlsSlowHandshake {
    const NAME: &'static str = "tls_slow_handshake";
    const UNDO: &'static str = "the rule is removed; handshakes held back go on at once";
    const MARK: Mark = Mark {
        letter: 'k',
        colour: "#8073ac",
    };
    const REACH: Reach = Reach::Handshakes;

    fn example() -> Self {
        Self {
            delay: Span::from_secs(1),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("delay", self.delay)
            .refuse(
                self.delay == Span::ZERO,
                "delay",
                "a delay of 0s adds nothing",
                "give it a length such as `2s`",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay
    }

    fn effect(&self) -> Effect {
        Effect::Exchange {
            deed: Deed::HandshakeHeld { mean: self.delay },
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        format!("handshakes {} late", self.delay)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [("delay", json!(millis(self.delay)))];
        toxic(target, Self::NAME, attributes)
    }
}
