//! `postgres_read_only`: what writes is refused, as on a standby.

use crate::protocol::postgres::rule::{Deed, Occasion, PostgresFault};
use crate::protocol::postgres::sql;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// `postgres_read_only` has no attributes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ReadOnly {}

impl PostgresFault for ReadOnly {
    const NAME: &'static str = "postgres_read_only";

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn meets(&self, occasion: &Occasion<'_>, _draw: Draw) -> Option<Deed> {
        match occasion {
            Occasion::Statement(text) => sql::first_write(text).map(Deed::Refuse),
            _ => None,
        }
    }
}
