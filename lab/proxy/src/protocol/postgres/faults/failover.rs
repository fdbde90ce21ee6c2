//! `postgres_failover`: sessions end, and no new one begins until the fault is taken back.

use crate::protocol::postgres::answer::Error;
use crate::protocol::postgres::rule::{Deed, Occasion, PostgresFault};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// Attributes of `postgres_failover`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failover {
    /// What becomes of open sessions: `terminated`, as by a server that is shut down, or `reset`,
    /// as by one that crashed.
    sessions: String,
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            sessions: "terminated".to_owned(),
        }
    }
}

impl PostgresFault for Failover {
    const NAME: &'static str = "postgres_failover";

    fn check(&self) -> Result<(), String> {
        if matches!(self.sessions.as_str(), "terminated" | "reset") {
            return Ok(());
        }
        let got = &self.sessions;
        Err(format!(
            "attribute sessions must be terminated or reset, got {got:?}"
        ))
    }

    fn meets(&self, occasion: &Occasion<'_>, _draw: Draw) -> Option<Deed> {
        match occasion {
            Occasion::Opens { .. } => Some(Deed::End(Some(Error::starting_up()))),
            Occasion::Lives => {
                let words = (self.sessions == "terminated").then(Error::terminated);
                Some(Deed::End(words))
            }
            _ => None,
        }
    }
}
