//! `http_drip`: a reply's body comes a few bytes at a time.

use crate::protocol::http::deed::{BodyDeed, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use crate::toxics::{milliseconds, time};
use serde::{Deserialize, Serialize};

/// Attributes of `http_drip`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Drip {
    r#match: Match,
    /// Bytes at a time, at least 1.
    bytes: i64,
    /// Milliseconds between them.
    every: i64,
}

impl Default for Drip {
    fn default() -> Self {
        Self {
            r#match: Match::default(),
            bytes: 1,
            every: 0,
        }
    }
}

impl HttpFault for Drip {
    const NAME: &'static str = "http_drip";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        if self.bytes < 1 {
            return Err(format!(
                "attribute bytes must be at least 1, got {}",
                self.bytes
            ));
        }
        time("every", self.every)
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        vec![Deed::Body(BodyDeed::Drip {
            bytes: self.bytes.unsigned_abs(),
            every: milliseconds(self.every),
        })]
    }

    fn timed(&self) -> bool {
        true
    }
}
