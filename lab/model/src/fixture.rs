//! What a service holds before anybody calls it.

use serde::{Deserialize, Serialize};

/// Something done once to a service that is ready, before its callers start.
///
/// Texts may hold `{seed}`, the run's seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixture {
    /// Statements for a PostgreSQL database, one after the other in one connection.
    Sql {
        /// Where it is; `{service:NAME}` is the service's own address.
        url: String,
        /// What is executed.
        statements: String,
    },
    /// A program and its arguments: beside the service, or in its container. `LAB_SEED` in its
    /// environment is the run's seed.
    Command(Vec<String>),
}

impl Fixture {
    /// `SQL`, or the command as it is written.
    pub fn summary(&self) -> String {
        match self {
            Self::Sql { .. } => "SQL".to_owned(),
            Self::Command(words) => words.join(" "),
        }
    }
}
