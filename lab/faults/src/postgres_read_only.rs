//! Databases that may only be read.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// Statements of PostgreSQL that write are refused (25006), as by a standby that nobody promoted.
/// The server refuses them itself, so its transactions fail as they would there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresReadOnly {}

impl Kind for PostgresReadOnly {
    const NAME: &'static str = "postgres_read_only";
    const UNDO: &'static str = "the rule is removed; writes reach the server again";
    const MARK: Mark = Mark {
        letter: 'w',
        colour: "#66c2a5",
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
            deed: Deed::WriteRefused,
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        "no writes".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        toxic(target, Self::NAME, [])
    }
}
