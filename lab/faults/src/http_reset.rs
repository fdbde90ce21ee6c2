//! Answers torn off.

use lab_model::ByteSize;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// The connection is reset in the middle of an answer: a server that crashes while it speaks. The
/// work was done, and its caller does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpReset {
    /// How much of the body passes; none resets behind the head.
    #[serde(default)]
    pub after: ByteSize,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpReset {
    const NAME: &'static str = "http_reset";
    const UNDO: &'static str = "the rule is removed; connections stay";
    const MARK: Mark = Mark {
        letter: 'r',
        colour: "#053061",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            after: ByteSize(0),
            matching: Match::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let checks = Checks::default().fits("after", self.after, self.after.0);
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::Reset)
    }

    fn summary(&self) -> String {
        let matching = self.matching.summary();
        format!("answers reset after {}{matching}", self.after)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [("bytes", json!(self.after.0))];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
