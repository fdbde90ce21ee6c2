//! `http_delay`: replies wait, before their head or in the middle of their body.

use crate::protocol::http::deed::{BodyDeed, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use crate::toxics::{not_negative, time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Attributes of `http_delay`.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the attribute's name on the wire"
)]
pub(crate) struct Delay {
    r#match: Match,
    /// Milliseconds from when the reply (or that much of it) was there.
    delay: i64,
    /// Milliseconds it may be more or less.
    jitter: i64,
    /// `head`, or `body`.
    before: String,
    /// In the body: behind so many bytes of it.
    bytes: i64,
}

impl Default for Delay {
    fn default() -> Self {
        Self {
            r#match: Match::default(),
            delay: 0,
            jitter: 0,
            before: "head".to_owned(),
            bytes: 0,
        }
    }
}

impl HttpFault for Delay {
    const NAME: &'static str = "http_delay";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)?;
        time("jitter", self.jitter)?;
        not_negative("bytes", self.bytes)?;
        if self.jitter > self.delay {
            return Err("attribute jitter must be at most the delay".to_owned());
        }
        if !matches!(self.before.as_str(), "head" | "body") {
            return Err(format!(
                "attribute before must be head or body, got {:?}",
                self.before
            ));
        }
        Ok(())
    }

    fn deeds(&self, mut draw: Draw) -> Vec<Deed> {
        // Whole microseconds, evenly from delay − jitter up to delay + jitter.
        let (delay, jitter) = (self.delay.unsigned_abs(), self.jitter.unsigned_abs());
        let drawn = draw.below(jitter.saturating_mul(2_000));
        let wait = Duration::from_micros((delay - jitter.min(delay)) * 1_000 + drawn);
        vec![if self.before == "head" {
            Deed::Delay(wait)
        } else {
            let at = self.bytes.unsigned_abs();
            Deed::Body(BodyDeed::Pause { at, wait })
        }]
    }

    fn timed(&self) -> bool {
        true
    }
}
