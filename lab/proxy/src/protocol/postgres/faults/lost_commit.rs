//! `postgres_lost_commit`: a commit goes through, and its caller never learns of it.

use crate::protocol::postgres::rule::{Deed, Occasion, PostgresFault};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// `postgres_lost_commit` has no attributes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LostCommit {}

impl PostgresFault for LostCommit {
    const NAME: &'static str = "postgres_lost_commit";

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn meets(&self, occasion: &Occasion<'_>, _draw: Draw) -> Option<Deed> {
        matches!(occasion, Occasion::Commit).then_some(Deed::End(None))
    }
}
