//! Bytes that never come.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// Every byte is dropped, and the connection is closed after a time or never: a firewall that
/// drops packets, a callee that hangs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// When the connection is closed, in whole milliseconds; 0s never closes it.
    #[serde(default)]
    pub timeout: Span,
}

impl Kind for Timeout {
    const NAME: &'static str = "timeout";
    const UNDO: &'static str =
        "the toxic is removed; the connections it held are closed, new ones pass";
    const MARK: Mark = Mark {
        letter: 'T',
        colour: "#cc79a7",
    };

    fn example() -> Self {
        Self {
            timeout: Span::from_secs(3),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default().millis("timeout", self.timeout).done()
    }

    fn longest_delay(&self) -> Span {
        self.timeout
    }

    fn effect(&self) -> Effect {
        Effect::Withhold
    }

    fn summary(&self) -> String {
        if self.timeout == Span::ZERO {
            "timeout without an end".to_owned()
        } else {
            format!("timeout, closed after {}", self.timeout)
        }
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("timeout", [("timeout", millis(self.timeout))])
    }
}
