//! `http_reset`: the connection is reset in the middle of a reply.

use crate::protocol::http::deed::{BodyDeed, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use crate::toxics::not_negative;
use serde::{Deserialize, Serialize};

/// Attributes of `http_reset`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reset {
    r#match: Match,
    /// Bytes of the body that pass; 0 resets behind the head, with or without a body.
    bytes: i64,
}

impl HttpFault for Reset {
    const NAME: &'static str = "http_reset";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        not_negative("bytes", self.bytes)
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        vec![Deed::Body(BodyDeed::Cut {
            at: self.bytes.unsigned_abs(),
            reset: true,
        })]
    }
}
