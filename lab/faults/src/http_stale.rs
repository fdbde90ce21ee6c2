//! Answers from yesterday.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// The first good answer to each `GET` since the fault came answers all that follow, with its age
/// as a cache would tell it: a cache that nobody invalidates. Other methods go through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpStale {
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpStale {
    const NAME: &'static str = "http_stale";
    const UNDO: &'static str = "the rule is removed with the answers it kept";
    const MARK: Mark = Mark {
        letter: 'o',
        colour: "#8c510a",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            matching: Match {
                path: Some("/products*".to_owned()),
                ..Match::default()
            },
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let method = self.matching.method.as_deref();
        let checks = Checks::default().refuse(
            method.is_some_and(|method| method != "GET"),
            "match",
            "only answers to `GET` are kept, as in any cache",
            "leave `method` out",
        );
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        // The first of each kind goes through, and so does what is no `GET`.
        Effect::Exchange {
            deed: Deed::Stale,
            share: Ratio::ZERO,
        }
    }

    fn summary(&self) -> String {
        format!("stale answers{}", self.matching.summary())
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        self.matching.toxic(target, Self::NAME, [])
    }
}
