//! `tls_slow_handshake`: the server hears late of who calls.

use crate::protocol::tls::rule::{Deed, TlsFault};
use crate::seed::Draw;
use crate::toxics::time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Attributes of `tls_slow_handshake`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SlowHandshake {
    /// Milliseconds.
    delay: i64,
}

impl TlsFault for SlowHandshake {
    const NAME: &'static str = "tls_slow_handshake";

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)
    }

    fn deed(&self, _draw: Draw) -> Deed {
        Deed::Hold(Duration::from_millis(self.delay.unsigned_abs()))
    }
}
