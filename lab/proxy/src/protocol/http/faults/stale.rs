//! `http_stale`: the first good answer to a `GET` is the answer to all that follow.

use crate::protocol::http::deed::Deed;
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// Attributes of `http_stale`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stale {
    r#match: Match,
}

impl HttpFault for Stale {
    const NAME: &'static str = "http_stale";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        vec![Deed::Stale]
    }
}
