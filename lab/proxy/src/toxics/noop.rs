//! `noop`: a toxic that does nothing, for tests of a set-up.

use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// No attributes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Noop {}

impl Fault for Noop {
    const NAME: &'static str = "noop";
    type State = ();

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn begin(&self, _now: Instant, _draw: Draw) -> Self::State {}

    fn turn(&self, (): &mut Self::State, turn: &mut Turn<'_>) -> Step {
        turn.pass();
        Step::Input
    }
}
