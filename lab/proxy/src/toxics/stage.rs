//! What a kind of toxic is, and how one of them runs on one direction of one connection.

use super::Shared;
use super::attributes;
use super::queue::{End, Queue};
use crate::seed::Draw;
use crate::witness::{InFlight, Marks, Touch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// What a toxic may hold back unless it says otherwise.
const ROOM: usize = 64 << 10;

/// A kind of toxic: the fields are its attributes, integers in the units of Toxiproxy's table.
pub(crate) trait Fault: Serialize + DeserializeOwned + Default + Send + 'static {
    /// The name used in `type`.
    const NAME: &'static str;
    /// What it remembers about one direction of one connection.
    type State: Send;

    /// Checks the attributes together; the text says what is wrong.
    fn check(&self) -> Result<(), String>;

    /// Starts on a connection: when it is accepted, or when the toxic comes to a live one.
    fn begin(&self, now: Instant, draw: Draw) -> Self::State;

    /// Its attributes have changed on a live connection.
    fn amended(&self, state: &mut Self::State, now: Instant) {
        let _ = (state, now);
    }

    /// Moves what may pass now from input to output, and says what it waits for.
    fn turn(&self, state: &mut Self::State, turn: &mut Turn<'_>) -> Step;

    /// Whether it delays or rations data, and so needs the worker with the finest timers.
    fn timed(&self) -> bool {
        false
    }

    /// The most bytes that may wait in its input; more stays in the socket, so that the sender
    /// feels the pressure. `delay_budget` is what a delay may hold.
    fn room(&self, delay_budget: usize) -> usize {
        let _ = delay_budget;
        ROOM
    }

    /// Whether removing it closes the connection instead of letting go what it holds.
    fn closes_when_removed(&self) -> bool {
        false
    }

    /// How long a connection that was accepted waits until the upstream is connected.
    fn opens_after(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a toxic sees of its direction for one turn.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) input: &'a mut Queue,
    pub(crate) output: &'a mut Queue,
    /// Bytes the output may still take.
    pub(crate) room: usize,
    /// Both peers finished sending: whatever is held is all there will ever be.
    pub(crate) both_finished: bool,
    pub(crate) in_flight: InFlight,
    pub(crate) marks: &'a Marks,
    pub(crate) touch: &'a mut Touch,
    /// What the connections of this toxic share.
    pub(crate) shared: &'a Shared,
}

impl Turn<'_> {
    /// Counts that the toxic acted on a chunk of so many bytes.
    pub(crate) fn acted_on(&mut self, bytes: usize) {
        self.acted();
        self.marks.chunks.add(1);
        self.marks.bytes.add(bytes as u64);
    }

    /// Counts that the toxic acted on the connection and the requests in flight there.
    pub(crate) fn acted(&mut self) {
        self.touch.count(self.marks, self.in_flight);
    }

    /// Records how long something was really held.
    pub(crate) fn held_since(&self, stamp: Instant) {
        self.marks
            .delay
            .record(self.now.saturating_duration_since(stamp));
    }

    /// Passes everything that there is room for, untouched.
    pub(crate) fn pass(&mut self) {
        self.pass_data();
        self.pass_end();
    }

    /// Passes the data that there is room for, but not the end.
    pub(crate) fn pass_data(&mut self) {
        while self.room > 0
            && let Some(segment) = self.input.pop()
        {
            self.room = self.room.saturating_sub(segment.data.len());
            self.output.push(segment.data, segment.stamp);
        }
    }

    /// Passes the end, when all data before it is gone.
    pub(crate) fn pass_end(&mut self) {
        if let Some((end, stamp)) = self.input.end()
            && self.output.coming_end().is_none()
        {
            self.output.finish(end, stamp);
        }
    }

    /// Closes the connection behind what already passed, dropping the rest.
    pub(crate) fn close(&mut self) {
        let dropped = self.input.clear();
        self.marks.dropped_bytes.add(dropped as u64);
        if self.output.coming_end().is_none() {
            self.marks.closes.add(1);
            self.output.finish(End::Closed, self.now);
        }
    }
}

/// What a toxic waits for after its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// More input, or room in its output.
    Input,
    /// A moment.
    Until(Instant),
    /// Nothing: reset the connection now.
    Reset,
}

/// A toxic that runs on one direction of one connection.
pub(crate) trait Stage: Send {
    /// See [`Fault::turn`].
    fn turn(&mut self, turn: &mut Turn<'_>) -> Step;
    /// Takes over new attributes, which were checked.
    fn amend(&mut self, attributes: &Map<String, Value>, now: Instant);
    /// See [`Fault::timed`].
    fn timed(&self) -> bool;
    /// See [`Fault::room`].
    fn room(&self, delay_budget: usize) -> usize;
    /// See [`Fault::closes_when_removed`].
    fn closes_when_removed(&self) -> bool;
    /// See [`Fault::opens_after`].
    fn opens_after(&self) -> Duration;
}

/// A kind's attributes with its state.
struct Running<F: Fault> {
    fault: F,
    state: F::State,
}

/// Starts a toxic with attributes that were merged and checked.
pub(super) fn start<F: Fault>(
    attributes: &Map<String, Value>,
    now: Instant,
    draw: Draw,
) -> Box<dyn Stage> {
    let fault: F = attributes::read(attributes).unwrap_or_default();
    let state = fault.begin(now, draw);
    Box::new(Running { fault, state })
}

impl<F: Fault> Stage for Running<F> {
    fn turn(&mut self, turn: &mut Turn<'_>) -> Step {
        self.fault.turn(&mut self.state, turn)
    }

    fn amend(&mut self, attributes: &Map<String, Value>, now: Instant) {
        self.fault = attributes::read(attributes).unwrap_or_default();
        self.fault.amended(&mut self.state, now);
    }

    fn timed(&self) -> bool {
        self.fault.timed()
    }

    fn room(&self, delay_budget: usize) -> usize {
        self.fault.room(delay_budget)
    }

    fn closes_when_removed(&self) -> bool {
        self.fault.closes_when_removed()
    }

    fn opens_after(&self) -> Duration {
        self.fault.opens_after()
    }
}

/// An attribute in milliseconds as a duration; it was checked not to be negative.
pub(crate) fn milliseconds(value: i64) -> Duration {
    Duration::from_millis(value.unsigned_abs())
}
