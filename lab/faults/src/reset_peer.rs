//! Connections that are torn.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// Connections end with a TCP reset, at once or after a time: a crashed peer, a load balancer that
/// forgets its connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPeer {
    /// How long a connection lives before it is reset, in whole milliseconds.
    #[serde(default)]
    pub timeout: Span,
}

impl Kind for ResetPeer {
    const NAME: &'static str = "reset_peer";
    const UNDO: &'static str = "the toxic is removed; new connections are left alone";
    const MARK: Mark = Mark {
        letter: 'R',
        colour: "#0072b2",
    };

    fn example() -> Self {
        Self {
            timeout: Span::from_millis(50),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default().millis("timeout", self.timeout).done()
    }

    fn longest_delay(&self) -> Span {
        self.timeout
    }

    fn effect(&self) -> Effect {
        Effect::Reset
    }

    fn summary(&self) -> String {
        if self.timeout == Span::ZERO {
            "reset at once".to_owned()
        } else {
            format!("reset after {}", self.timeout)
        }
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("reset_peer", [("timeout", millis(self.timeout))])
    }
}
