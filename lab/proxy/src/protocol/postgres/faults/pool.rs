//! `postgres_pool`: sessions beyond a number get the server's own refusal.

use crate::protocol::postgres::answer::Error;
use crate::protocol::postgres::rule::{Deed, Occasion, PostgresFault};
use crate::seed::Draw;
use crate::toxics::not_negative;
use serde::{Deserialize, Serialize};

/// Attributes of `postgres_pool`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pool {
    /// Sessions that there may be; those that are open when it comes stay, and count.
    connections: i64,
}

impl PostgresFault for Pool {
    const NAME: &'static str = "postgres_pool";

    fn check(&self) -> Result<(), String> {
        not_negative("connections", self.connections)
    }

    fn meets(&self, occasion: &Occasion<'_>, _draw: Draw) -> Option<Deed> {
        match occasion {
            Occasion::Opens { others } => {
                let full = *others >= self.connections.unsigned_abs();
                Some(if full {
                    Deed::End(Some(Error::too_many()))
                } else {
                    Deed::Nothing
                })
            }
            _ => None,
        }
    }
}
