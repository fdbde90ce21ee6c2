//! Answers that end too early.

use lab_model::ByteSize;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// Answers break off in their body and the connection closes, as when a server is stopped without
/// being drained. Bodies that are no longer pass whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTruncate {
    /// How much of the body passes.
    pub after: ByteSize,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpTruncate {
    const NAME: &'static str = "http_truncate";
    const UNDO: &'static str = "the rule is removed; answers pass whole";
    const MARK: Mark = Mark {
        letter: 't',
        colour: "#67001f",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            after: ByteSize(20),
            matching: Match::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let checks = Checks::default().fits("after", self.after, self.after.0);
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::CutShort)
    }

    fn summary(&self) -> String {
        let matching = self.matching.summary();
        format!("answers end after {}{matching}", self.after)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [("bytes", json!(self.after.0))];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
