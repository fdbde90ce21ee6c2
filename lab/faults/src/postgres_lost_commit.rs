//! Commits that nobody heard of.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// The connection to PostgreSQL is reset behind a commit, before its caller learns of it: the write
/// is there, and who made it cannot know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresLostCommit {}

impl Kind for PostgresLostCommit {
    const NAME: &'static str = "postgres_lost_commit";
    const UNDO: &'static str = "the rule is removed; commits are answered again";
    const MARK: Mark = Mark {
        letter: 'm',
        colour: "#01665e",
    };
    const REACH: Reach = Reach::Database;

    fn example() -> Self {
        Self {}
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default().done()
    }

    fn effect(&self) -> Effect {
        Effect::Exchange {
            deed: Deed::CommitLost,
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        "commits without an answer".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        toxic(target, Self::NAME, [])
    }
}
