//! When the cause came, went, and came again; when blocks ran.

use std::collections::BTreeMap;

use lab_model::exercise::Saying;
use lab_model::rehearsal::{BlockEnd, Pass, Rehearsal, RehearsalEvent, Target};
use lab_model::{Event, Record, Span};

/// When what happened, on the journal's clock.
#[derive(Debug, Clone, Default)]
pub struct Moments<'a> {
    /// What is rehearsed.
    pub rehearsal: Option<&'a Rehearsal>,
    /// The start of the load.
    pub zero: Span,
    /// The fault was acknowledged.
    pub t0: Option<Span>,
    /// It was taken back for the first time.
    pub healed: Option<Span>,
    /// It was acknowledged again.
    pub replayed: Option<Span>,
    /// The incident was declared over.
    pub judged: Option<Span>,
    /// When each fault (index) was first found gone although nobody had taken it back.
    pub gone: BTreeMap<usize, Span>,
    /// What stores held at the end: whether everything.
    books: Vec<(&'a Target, bool)>,
    /// The last record.
    pub last: Span,
    /// Executions of blocks.
    pub executions: BTreeMap<Pass, Execution<'a>>,
    /// Somebody took the seat.
    pub seated: Option<Span>,
    /// What they said, in order.
    pub said: Vec<(Span, &'a Saying)>,
    /// When the clock stood still: from, to.
    pub pauses: Vec<(Span, Span)>,
}

/// One execution of blocks.
#[derive(Debug, Clone, Default)]
pub struct Execution<'a> {
    /// When it began.
    pub begun: Span,
    /// When it was over.
    pub ended: Option<Span>,
    /// The block that failed for good, and what it was for.
    pub failed: Option<(String, String)>,
    /// Its attempts, in order.
    pub blocks: Vec<Attempt<'a>>,
}

/// One attempt of a block.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The block's id.
    pub id: &'a str,
    /// What it is for.
    pub kind: &'a str,
    /// When it began.
    pub begun: Span,
    /// When and how it ended, and what it wrote.
    pub ended: Option<(Span, BlockEnd, &'a str)>,
}

impl Attempt<'_> {
    /// When it succeeded.
    pub fn succeeded(&self) -> Option<Span> {
        let (at, end, _) = self.ended?;
        end.is_success().then_some(at)
    }
}

impl<'a> Moments<'a> {
    pub(super) fn of(records: &'a [Record]) -> Self {
        let mut moments = Self::default();
        let mut is_replay = false;
        let mut paused = None;
        let mut pass = None;
        for record in records {
            moments.last = record.at;
            match &record.event {
                Event::LoadStarted => moments.zero = record.at,
                Event::FaultArmed { .. } if moments.rehearsal.is_some() => {
                    let at = if is_replay {
                        &mut moments.replayed
                    } else {
                        &mut moments.t0
                    };
                    at.get_or_insert(record.at);
                }
                Event::FaultLost { fault, .. } => {
                    moments.gone.entry(*fault).or_insert(record.at);
                }
                Event::FaultHealed { .. } if moments.t0.is_some() => {
                    moments.healed.get_or_insert(record.at);
                }
                Event::Rehearsal(event) => match event {
                    RehearsalEvent::Opened(rehearsal) => moments.rehearsal = Some(rehearsal),
                    RehearsalEvent::Books {
                        target,
                        missing,
                        problem,
                        ..
                    } => moments
                        .books
                        .push((target, *missing == 0 && problem.is_none())),
                    RehearsalEvent::Replayed => is_replay = true,
                    RehearsalEvent::Judged => moments.judged = Some(record.at),
                    RehearsalEvent::Seated => moments.seated = Some(record.at),
                    RehearsalEvent::Said { saying, .. } => {
                        moments.said.push((record.at, saying));
                        match saying {
                            Saying::Pause => paused = paused.or(Some(record.at)),
                            Saying::Resume => moments
                                .pauses
                                .extend(paused.take().map(|from| (from, record.at))),
                            _ => {}
                        }
                    }
                    RehearsalEvent::Begun { pass: begun } => {
                        pass = Some(*begun);
                        let execution = Execution {
                            begun: record.at,
                            ..Execution::default()
                        };
                        moments.executions.insert(*begun, execution);
                    }
                    other => {
                        let execution = pass.and_then(|pass| moments.executions.get_mut(&pass));
                        if let Some(execution) = execution {
                            execution.add(record.at, other);
                        }
                    }
                },
                _ => {}
            }
        }
        let last = moments.last;
        moments.pauses.extend(paused.map(|from| (from, last)));
        moments
    }

    /// How long the clock stood still before a moment.
    pub fn paused_before(&self, at: Span) -> Span {
        let each = self.pauses.iter();
        each.map(|(from, to)| at.min(*to).minus(*from))
            .fold(Span::ZERO, Span::plus)
    }

    /// The time between two moments in which the clock went.
    pub fn between(&self, from: Span, to: Span) -> Span {
        let paused = self.paused_before(to).minus(self.paused_before(from));
        to.minus(from).minus(paused)
    }

    /// The moment at which the clock has gone for so long since another.
    pub fn later(&self, from: Span, charged: Span) -> Span {
        let mut at = from.plus(charged);
        for (pause, end) in &self.pauses {
            if *end > from && at >= *pause {
                at = at.plus(end.minus(from.max(*pause)));
            }
        }
        at
    }

    /// The beginning of the second of load in which t0 lies: seconds count from there.
    pub fn base(&self) -> Span {
        let since = self.t0.unwrap_or_default().minus(self.zero).as_micros();
        self.zero.plus(Span::from_secs(since / 1_000_000))
    }

    /// When the incident was over: what was declared so, or the last record.
    pub fn end(&self) -> Span {
        self.judged.unwrap_or(self.last)
    }

    /// Whether the store of a target was found to hold everything.
    pub(super) fn books(&self, target: &Target) -> bool {
        let found = self.books.iter().rfind(|(known, _)| *known == target);
        found.is_some_and(|(_, held)| *held)
    }
}

impl<'a> Execution<'a> {
    fn add(&mut self, at: Span, event: &'a RehearsalEvent) {
        match event {
            RehearsalEvent::Block { id, kind, .. } => self.blocks.push(Attempt {
                id,
                kind,
                begun: at,
                ended: None,
            }),
            RehearsalEvent::BlockEnded {
                id, end, output, ..
            } => {
                if let Some(open) = self.blocks.iter_mut().rfind(|block| block.id == id) {
                    open.ended = Some((at, *end, output));
                }
            }
            RehearsalEvent::Ended { failed, .. } => {
                self.ended = Some(at);
                let kind = |id: &String| {
                    let block = self.blocks.iter().rfind(|block| block.id == id);
                    block.map_or_else(String::new, |block| block.kind.to_owned())
                };
                self.failed = failed.clone().map(|id| {
                    let kind = kind(&id);
                    (id, kind)
                });
            }
            _ => {}
        }
    }
}
