//! `http_corrupt`: bytes of a reply's body change, while its head and its framing stay whole.

use crate::protocol::http::deed::{BodyDeed, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use crate::toxics::share;
use serde::{Deserialize, Serialize};

/// Attributes of `http_corrupt`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Corrupt {
    r#match: Match,
    /// The share of the body's bytes that change, 0 to 1.
    byte_rate: f64,
}

impl HttpFault for Corrupt {
    const NAME: &'static str = "http_corrupt";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        share("byte_rate", self.byte_rate)
    }

    fn deeds(&self, draw: Draw) -> Vec<Deed> {
        vec![Deed::Body(BodyDeed::corrupt(self.byte_rate, draw))]
    }
}
