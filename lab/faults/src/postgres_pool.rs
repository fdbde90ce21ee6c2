//! Databases that have no place left.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// Sessions of PostgreSQL beyond a number get the server's own refusal: `sorry, too many clients
/// already` (53300). Those that are open stay, and count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresPool {
    /// Sessions that there may be on the link at once.
    pub connections: u32,
}

impl Kind for PostgresPool {
    const NAME: &'static str = "postgres_pool";
    const UNDO: &'static str = "the rule is removed; sessions begin again";
    const MARK: Mark = Mark {
        letter: 'p',
        colour: "#a6761d",
    };
    const REACH: Reach = Reach::Database;

    fn example() -> Self {
        Self { connections: 5 }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .fits("connections", self.connections, self.connections.into())
            .done()
    }

    fn effect(&self) -> Effect {
        // Those below the number are let in.
        Effect::Exchange {
            deed: Deed::TurnedAway,
            share: Ratio::ZERO,
        }
    }

    fn summary(&self) -> String {
        let sessions = if self.connections == 1 {
            "session"
        } else {
            "sessions"
        };
        format!("no more than {} {sessions}", self.connections)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        toxic(
            target,
            Self::NAME,
            [("connections", json!(self.connections))],
        )
    }
}
