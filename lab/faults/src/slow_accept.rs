//! A server that is too busy to accept.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem, millis};

/// A connection is accepted late, and nothing passes until then; connections that are open already
/// are left alone: a full accept queue, a slow TLS handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowAccept {
    /// How long a new connection waits, in whole milliseconds.
    pub delay: Span,
}

impl Kind for SlowAccept {
    const NAME: &'static str = "slow_accept";
    const UNDO: &'static str = "the toxic is removed; new connections are accepted at once";
    const MARK: Mark = Mark {
        letter: 'A',
        colour: "#44aa99",
    };

    fn example() -> Self {
        Self {
            delay: Span::from_millis(500),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("delay", self.delay)
            .refuse(
                self.delay == Span::ZERO,
                "delay",
                "a delay of 0s changes nothing",
                "give it a length such as `500ms`",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay
    }

    fn effect(&self) -> Effect {
        Effect::Open { delay: self.delay }
    }

    fn summary(&self) -> String {
        format!("accepted {} late", self.delay)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.toxic("slow_accept", [("delay", millis(self.delay))])
    }
}
