//! Answers that come in drops.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use lab_model::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem, millis};
use crate::requests::Match;

/// Answers' bodies come a few bytes at a time: each read succeeds, so that a deadline for a read
/// never strikes, and only one for the whole call does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpDrip {
    /// How much at a time.
    pub bytes: ByteSize,
    /// How far apart, in whole milliseconds.
    pub every: Span,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpDrip {
    const NAME: &'static str = "http_drip";
    const UNDO: &'static str = "the rule is removed; answers held back are sent at once";
    const MARK: Mark = Mark {
        letter: 'd',
        colour: "#1b7837",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            bytes: ByteSize(10),
            every: Span::from_millis(200),
            matching: Match::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let checks = Checks::default()
            .fits("bytes", self.bytes, self.bytes.0)
            .refuse(
                self.bytes.0 == 0,
                "bytes",
                "0 bytes at a time never end",
                "at least 1B",
            )
            .millis("every", self.every)
            .refuse(
                self.every == Span::ZERO,
                "every",
                "drops 0s apart are a stream",
                "give it a length such as `200ms`",
            );
        self.matching.check(checks).done()
    }

    fn longest_delay(&self) -> Span {
        self.every
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::Dripped)
    }

    fn summary(&self) -> String {
        let (bytes, every) = (self.bytes, self.every);
        format!("answers {bytes} each {every}{}", self.matching.summary())
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [
            ("bytes", json!(self.bytes.0)),
            ("every", json!(millis(self.every))),
        ];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
