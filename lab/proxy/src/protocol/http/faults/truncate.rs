//! `http_truncate`: the connection closes in the middle of a reply's body.

use crate::protocol::http::deed::{BodyDeed, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use crate::toxics::not_negative;
use serde::{Deserialize, Serialize};

/// Attributes of `http_truncate`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Truncate {
    r#match: Match,
    /// Bytes of the body that pass; shorter bodies pass whole.
    bytes: i64,
}

impl HttpFault for Truncate {
    const NAME: &'static str = "http_truncate";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        not_negative("bytes", self.bytes)
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        vec![Deed::Body(BodyDeed::Cut {
            at: self.bytes.unsigned_abs(),
            reset: false,
        })]
    }
}
