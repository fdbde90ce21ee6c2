//! `postgres_slow`: statements wait before the server gets them.

use crate::protocol::glob;
use crate::protocol::postgres::rule::{Deed, Occasion, PostgresFault};
use crate::protocol::postgres::sql;
use crate::seed::Draw;
use crate::toxics::time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Attributes of `postgres_slow`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Slow {
    /// Which statements: `*` for any run of characters, without regard to case, each run of white
    /// space one blank; all where it is empty.
    statement: String,
    /// Milliseconds.
    delay: i64,
    /// Milliseconds it may be more or less.
    jitter: i64,
}

impl PostgresFault for Slow {
    const NAME: &'static str = "postgres_slow";

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)?;
        time("jitter", self.jitter)?;
        if self.jitter > self.delay {
            return Err("attribute jitter must be at most the delay".to_owned());
        }
        Ok(())
    }

    fn meets(&self, occasion: &Occasion<'_>, mut draw: Draw) -> Option<Deed> {
        let Occasion::Statement(text) = occasion else {
            return None;
        };
        let pattern = self.statement.to_ascii_uppercase();
        if !pattern.is_empty() && !glob(pattern.as_bytes(), &sql::plain(text)) {
            return None;
        }
        // Whole microseconds, evenly from delay − jitter up to delay + jitter.
        let (delay, jitter) = (self.delay.unsigned_abs(), self.jitter.unsigned_abs());
        let drawn = draw.below(jitter.saturating_mul(2_000));
        let wait = (delay - jitter.min(delay)) * 1_000 + drawn;
        Some(Deed::Hold(Duration::from_micros(wait)))
    }

    fn timed(&self) -> bool {
        true
    }
}
