//! Answers that are damaged inside.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// Bytes of answers' bodies change, while head and length stay whole: what only who checks what he
/// reads will notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCorrupt {
    /// The share of the body's bytes that change.
    pub share: Ratio,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpCorrupt {
    const NAME: &'static str = "http_corrupt";
    const UNDO: &'static str = "the rule is removed; answers pass as they are";
    const MARK: Mark = Mark {
        letter: 'c',
        colour: "#762a83",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            share: crate::kind::share(0.05),
            matching: Match::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let checks = Checks::default().refuse(
            self.share.get() <= 0.0,
            "share",
            "a share of 0% changes nothing",
            "give it a share such as `5%`",
        );
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        // A short body may have no byte that changes.
        Effect::Exchange {
            deed: Deed::Corrupted,
            share: Ratio::ZERO,
        }
    }

    fn summary(&self) -> String {
        let matching = self.matching.summary();
        format!("{} of answers' bytes changed{matching}", self.share)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [("byte_rate", json!(self.share.get()))];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
