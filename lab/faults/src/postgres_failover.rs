//! Databases that are being replaced.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// Sessions of PostgreSQL end, and new ones are told `the database system is starting up` (57P03)
/// until the fault is taken back: what a caller sees of a failover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresFailover {
    /// What becomes of sessions that are open.
    #[serde(default)]
    pub sessions: Sessions,
}

/// How a session of PostgreSQL ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sessions {
    /// As by a server that is shut down: with its last words (57P01).
    #[default]
    Terminated,
    /// As by a server that crashed: with a reset.
    Reset,
}

impl Kind for PostgresFailover {
    const NAME: &'static str = "postgres_failover";
    const UNDO: &'static str = "the rule is removed; sessions begin again";
    const MARK: Mark = Mark {
        letter: 'f',
        colour: "#543005",
    };
    const REACH: Reach = Reach::Database;

    fn example() -> Self {
        Self {
            sessions: Sessions::Terminated,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default().done()
    }

    fn effect(&self) -> Effect {
        Effect::Exchange {
            deed: Deed::TurnedAway,
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        match self.sessions {
            Sessions::Terminated => "failing over".to_owned(),
            Sessions::Reset => "crashed and failing over".to_owned(),
        }
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let sessions = match self.sessions {
            Sessions::Terminated => "terminated",
            Sessions::Reset => "reset",
        };
        toxic(target, Self::NAME, [("sessions", json!(sessions))])
    }
}
