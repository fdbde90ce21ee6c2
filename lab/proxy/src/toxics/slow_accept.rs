//! `slow_accept`: a connection is accepted late. Until then the upstream does not see it, and
//! nothing passes either way. An extension.
//!
//! The caller's own connect succeeds at once, as it does with every server whose queue has room:
//! the kernel answers the handshake, the program accepts later.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Attributes of `slow_accept`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SlowAccept {
    /// Milliseconds until the connection is accepted.
    delay: i64,
}

impl Fault for SlowAccept {
    const NAME: &'static str = "slow_accept";
    type State = ();

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)
    }

    fn begin(&self, _now: Instant, _draw: Draw) -> Self::State {}

    fn turn(&self, (): &mut Self::State, turn: &mut Turn<'_>) -> Step {
        turn.pass();
        Step::Input
    }

    fn opens_after(&self) -> Duration {
        milliseconds(self.delay)
    }
}
