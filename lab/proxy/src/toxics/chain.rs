//! The toxics of one direction of one connection, in order, with what each one holds.

use super::Toxic;
use super::queue::{End, Queue};
use super::stage::{Stage, Step, Turn};
use crate::seed::{self, Draw};
use crate::spec::Stream;
use crate::witness::{InFlight, Touch};
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What may wait to be written to the destination.
const OUT_ROOM: usize = 256 << 10;

/// A toxic at work.
struct Slot {
    toxic: Arc<Toxic>,
    touch: Touch,
    /// Whether it was told that the toxic acted on this connection.
    told: bool,
    stage: Box<dyn Stage>,
    input: Queue,
}

/// The toxics of a direction. Without any it costs nothing.
#[derive(Default)]
pub(crate) struct Chain {
    slots: Vec<Slot>,
    /// Toxics that spare this connection, by id and revision.
    spared: Vec<(u64, u64)>,
}

/// Where a chain belongs, for the choices that the seed decides.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) seed: u64,
    pub(crate) link: &'a str,
    pub(crate) connection: u64,
    pub(crate) stream: Stream,
}

/// What a chain has to know of its connection for one pass.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    pub(crate) now: Instant,
    pub(crate) both_finished: bool,
    pub(crate) in_flight: InFlight,
    /// What a delay may hold.
    pub(crate) delay_budget: usize,
}

/// What a pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// Everything that could move did; come back at that moment, if any.
    Waits(Option<Instant>),
    /// A toxic resets the connection.
    Reset,
}

impl Chain {
    /// Whether data has to go through it.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether a toxic delays or rations data.
    pub(crate) fn timed(&self) -> bool {
        self.slots.iter().any(|slot| slot.stage.timed())
    }

    /// Bytes held by the toxics.
    pub(crate) fn held(&self) -> usize {
        self.slots.iter().map(|slot| slot.input.bytes()).sum()
    }

    /// Bytes the first toxic may still take.
    pub(crate) fn room(&self, delay_budget: usize) -> usize {
        self.slots.first().map_or(OUT_ROOM, |slot| {
            slot.stage
                .room(delay_budget)
                .saturating_sub(slot.input.bytes())
        })
    }

    /// How long a connection that was accepted waits until the upstream is connected; stacked
    /// toxics add up.
    pub(crate) fn opens_after(&self) -> Duration {
        let waits = self.slots.iter().map(|slot| slot.stage.opens_after());
        waits.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Counts that the connection was held that long before the upstream was connected.
    pub(crate) fn opened(&mut self, waited: Duration) {
        for slot in &mut self.slots {
            if !slot.stage.opens_after().is_zero() {
                slot.touch.count(&slot.toxic.marks, InFlight::default());
                slot.toxic.marks.delay.record(waited);
            }
        }
    }

    /// Data from the source.
    pub(crate) fn push(&mut self, data: Bytes, now: Instant, out: &mut Queue) {
        self.entry(out).push(data, now);
    }

    /// The end of the source.
    pub(crate) fn finish(&mut self, end: End, now: Instant, out: &mut Queue) {
        self.entry(out).finish(end, now);
    }

    fn entry<'a>(&'a mut self, out: &'a mut Queue) -> &'a mut Queue {
        match self.slots.first_mut() {
            Some(slot) => &mut slot.input,
            None => out,
        }
    }

    /// Takes over the toxics of the link as they are now. What a removed one held goes on, and
    /// state is kept for those that stay.
    pub(crate) fn adopt(
        &mut self,
        toxics: &[Arc<Toxic>],
        place: Place<'_>,
        now: Instant,
        out: &mut Queue,
    ) {
        let bytes = |toxic: &&Arc<Toxic>| toxic.kind.protocol().is_none();
        let here = || {
            let here = toxics.iter().filter(bytes);
            here.filter(|toxic| toxic.stream == place.stream)
        };
        for index in (0..self.slots.len()).rev() {
            let id = self.slots[index].toxic.id;
            if !here().any(|toxic| toxic.id == id && place.chosen_by(toxic)) {
                self.remove(index, now, out);
            }
        }
        for toxic in here() {
            let found = self.slots.iter_mut().find(|slot| slot.toxic.id == toxic.id);
            match found {
                Some(slot) if slot.toxic.revision == toxic.revision => {}
                Some(slot) => {
                    slot.stage.amend(&toxic.attributes, now);
                    slot.toxic = Arc::clone(toxic);
                }
                None if place.chosen_by(toxic) => {
                    toxic.marks.chosen.add(1);
                    self.insert(toxic, place, now);
                }
                None => self.spare(toxic),
            }
        }
        self.spared
            .retain(|(id, _)| toxics.iter().any(|toxic| toxic.id == *id));
    }

    fn insert(&mut self, toxic: &Arc<Toxic>, place: Place<'_>, now: Instant) {
        let draw = Draw::new(place.seed, place.link, &toxic.name, place.connection);
        let Some(stage) = toxic.start(now, draw) else {
            return;
        };
        let slot = Slot {
            toxic: Arc::clone(toxic),
            touch: Touch::default(),
            told: false,
            stage,
            input: Queue::default(),
        };
        let before = |slot: &Slot| slot.toxic.id < toxic.id;
        let index = self.slots.partition_point(before);
        self.slots.insert(index, slot);
    }

    /// Counts a connection once for each state of a toxic that spares it.
    fn spare(&mut self, toxic: &Toxic) {
        let state = (toxic.id, toxic.revision);
        if !self.spared.contains(&state) {
            self.spared.push(state);
            toxic.marks.spared.add(1);
        }
    }

    fn remove(&mut self, index: usize, now: Instant, out: &mut Queue) {
        let mut slot = self.slots.remove(index);
        let next = match self.slots.get_mut(index) {
            Some(next) => &mut next.input,
            None => out,
        };
        if slot.stage.closes_when_removed() {
            next.finish(End::Closed, now);
        }
        slot.input.pour_into(next);
    }

    /// Names the toxics that acted on the connection and were not named before.
    pub(crate) fn newly_touched(&mut self) -> impl Iterator<Item = &Toxic> {
        self.slots.iter_mut().filter_map(|slot| {
            let new = slot.touch.connection() && !slot.told;
            slot.told |= new;
            new.then_some(&*slot.toxic)
        })
    }

    /// Moves everything that may move now.
    pub(crate) fn pass(&mut self, around: Surroundings, out: &mut Queue) -> Passed {
        loop {
            let mut wakes: Option<Instant> = None;
            let mut moved = false;
            for index in 0..self.slots.len() {
                let (head, tail) = self.slots.split_at_mut(index + 1);
                let Some(slot) = head.last_mut() else { break };
                let (output, capacity) = match tail.first_mut() {
                    Some(next) => (&mut next.input, next.stage.room(around.delay_budget)),
                    None => (&mut *out, OUT_ROOM),
                };
                let before = (output.bytes(), output.coming_end());
                let mut turn = Turn {
                    now: around.now,
                    input: &mut slot.input,
                    room: capacity.saturating_sub(output.bytes()),
                    output,
                    both_finished: around.both_finished,
                    in_flight: around.in_flight,
                    marks: &slot.toxic.marks,
                    touch: &mut slot.touch,
                    shared: &slot.toxic.shared,
                };
                match slot.stage.turn(&mut turn) {
                    Step::Input => {}
                    Step::Until(moment) => {
                        wakes = Some(wakes.map_or(moment, |earliest| earliest.min(moment)));
                    }
                    Step::Reset => return Passed::Reset,
                }
                moved |= index > 0 && before != (turn.output.bytes(), turn.output.coming_end());
            }
            // A toxic that made room lets the one before it move more.
            if !moved {
                return Passed::Waits(wakes);
            }
        }
    }
}

impl Place<'_> {
    fn chosen_by(self, toxic: &Toxic) -> bool {
        let (seed, link) = (self.seed, self.link);
        seed::chosen(seed, link, &toxic.name, self.connection, toxic.toxicity)
    }
}
