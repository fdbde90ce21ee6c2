//! The life of the generator: prepare, ready, start, report each second, end.

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

use lab_model::traffic::{Arrivals, Journey};
use lab_model::{Rate, Span};
use lab_wire::{Assignment, FromGenerator, ToGenerator, VERSION};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::clock::{Origin, now_nanos};
use crate::executor::{LaunchError, Staff, Work, launch, raise_open_files};
use crate::handover::Handover;
use crate::input::Inbox;
use crate::keys::Keys;
use crate::output::Output;
use crate::pacer::{self, Change, Due};
use crate::recorder::Recorder;
use crate::schedule::{Arrival, Schedule, ScheduleError};
use crate::script::{self, AssignmentError};

/// What the session hears.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The lab said something.
    Said(ToGenerator),
    /// The lab said something that is no message.
    Garbled(String),
    /// The lab closed our input.
    HungUp,
    /// All users wait for arrivals.
    Staffed,
    /// The users are gone.
    Deserted(String),
}

/// Why the generator cannot do its work.
#[derive(Debug, Error)]
enum Failure {
    #[error("the lab speaks version {0} of the protocol, the generator version {VERSION}")]
    Version(u32),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Script(#[from] AssignmentError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error("failed to start the pacer: {0}")]
    Pacer(std::io::Error),
    #[error("{0}")]
    Garbled(String),
    #[error("expected {expected}, got {got}")]
    Unexpected {
        expected: &'static str,
        got: &'static str,
    },
    #[error("the start lies {0} s away; is it an instant of this host's monotonic clock?")]
    Start(u64),
    #[error("the change of the rate came too late for {0}")]
    Change(Span),
    #[error("the users are gone: {0}")]
    Deserted(String),
    #[error("failed to write to the lab: {0}")]
    Output(#[from] std::io::Error),
}

/// How far the start may lie from now, in seconds, before it is taken for a mistake.
const FARTHEST_START: u64 = 60;

/// How long what is in flight may take to notice a stop before it is given up, in steps of
/// [`STOP_STEP`].
const STOP_STEPS: u32 = 25;
const STOP_STEP: Duration = Duration::from_millis(1);

/// How long before it begins a change of the rate must be known: the pacer looks every 20 ms.
const LEAST_NOTICE: Span = Span::from_millis(50);

/// Between two looks at whether everything has ended, once the last phase has.
const END_STEP: Span = Span::from_millis(5);

/// What arrivals may take beyond their patience and their timeouts before the end gives them up:
/// the coarseness of timers and of a busy machine.
const END_MARGIN: Span = Span::from_secs(1);

/// Runs one session to its end.
pub(crate) fn run(mut output: Output, inbox: &Inbox) -> ExitCode {
    let last = match session(&mut output, inbox) {
        Ok(()) => FromGenerator::Ended,
        Err(failure) => FromGenerator::Failed {
            reason: failure.to_string(),
        },
    };
    // A lab that is gone cannot be told.
    let told = output.send(&last).is_ok();
    if told && last == FromGenerator::Ended {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn session(output: &mut Output, inbox: &Inbox) -> Result<(), Failure> {
    let Some(assignment) = wait(inbox, "prepare", |signal| match signal {
        Signal::Said(ToGenerator::Prepare(assignment)) => Ok(assignment),
        other => Err(other),
    })?
    else {
        return Ok(());
    };
    let load = Load::prepare(&assignment, inbox.sender.clone())?;
    let staffed = wait(inbox, "users to come", |signal| match signal {
        Signal::Staffed => Ok(()),
        other => Err(other),
    })?;
    if staffed.is_none() {
        return Ok(());
    }
    output.send(&FromGenerator::Ready)?;
    let start = wait(inbox, "start", |signal| match signal {
        Signal::Said(ToGenerator::Start { monotonic_nanos }) => Ok(monotonic_nanos),
        other => Err(other),
    })?;
    match start {
        Some(nanos) => load.run(nanos, output, inbox),
        None => Ok(()),
    }
}

/// Waits for one signal; `None` when the lab wants no more.
fn wait<T>(
    inbox: &Inbox,
    expected: &'static str,
    accept: impl FnOnce(Signal) -> Result<T, Signal>,
) -> Result<Option<T>, Failure> {
    // The inbox holds a sender of its own, so it never disconnects.
    let signal = inbox.signals.recv().unwrap_or(Signal::HungUp);
    accept(signal).map_or_else(
        |other| interrupt(other, expected).map(|()| None),
        |value| Ok(Some(value)),
    )
}

/// What a signal means that was not waited for: the end, or a failure.
fn interrupt(signal: Signal, expected: &'static str) -> Result<(), Failure> {
    let got = match signal {
        Signal::HungUp | Signal::Said(ToGenerator::Stop) => return Ok(()),
        Signal::Garbled(reason) => return Err(Failure::Garbled(reason)),
        Signal::Deserted(reason) => return Err(Failure::Deserted(reason)),
        Signal::Said(ToGenerator::Prepare(_)) => "prepare",
        Signal::Said(ToGenerator::Start { .. }) => "start",
        Signal::Said(ToGenerator::Change { .. }) => "change",
        Signal::Staffed => "users",
    };
    Err(Failure::Unexpected { expected, got })
}

/// A load, prepared: users wait, nothing is due.
struct Load {
    work: Arc<Work>,
    runtime: Handle,
    schedule: Schedule,
    /// The longest an arrival can take from its due time.
    longest: Span,
    users: usize,
}

impl Load {
    fn prepare(assignment: &Assignment, signals: Sender<Signal>) -> Result<Self, Failure> {
        if assignment.version != VERSION {
            return Err(Failure::Version(assignment.version));
        }
        let load = &assignment.load;
        let (journeys, data) = script::prepare(assignment)?;
        let (phases, seed, part) = (&assignment.phases, assignment.seed, assignment.part);
        let schedule = Schedule::new(load, phases, seed, part)?;
        let recorded = Schedule::new(load, phases, seed, part)?;
        let work = Arc::new(Work {
            recorder: Recorder::new(recorded, &journeys),
            journeys,
            data,
            closed: match &load.arrivals {
                Arrivals::Closed { think, .. } => Some(*think),
                _ => None,
            },
            keys: Keys::new(assignment.seed),
            arrivals: Handover::default(),
            stop: CancellationToken::new(),
        });
        let longest = load.journeys.iter().map(Journey::longest).max();
        let cores = available_parallelism().map_or(1, NonZero::get);
        let staff = Staff::of(load, schedule.end(), part, raise_open_files(), cores);
        let runtime = launch(load.executor, Arc::clone(&work), staff, signals)?;
        Ok(Self {
            work,
            runtime,
            schedule,
            longest: longest.unwrap_or_default(),
            users: staff.users,
        })
    }

    /// Runs from the start to the last report, whatever ends it.
    fn run(self, start: u64, output: &mut Output, inbox: &Inbox) -> Result<(), Failure> {
        let distance = start.abs_diff(now_nanos()) / 1_000_000_000;
        if distance > FARTHEST_START {
            return Err(Failure::Start(distance));
        }
        let origin = Origin::at(start);
        let (work, stop) = (Arc::clone(&self.work), self.work.stop.clone());
        let (end, closed) = (self.schedule.end(), self.schedule.is_closed());
        let hand_over = move |due| work.arrivals.give(due);
        let (changes, heard) = mpsc::channel();
        if closed {
            for _ in 0..self.users {
                hand_over(Due {
                    arrival: Arrival::NONE,
                    origin,
                });
            }
        } else {
            let started =
                pacer::start(&self.runtime, self.schedule, origin, hand_over, stop, heard);
            started.map_err(Failure::Pacer)?;
        }
        let attendance = Attendance {
            work: &self.work,
            origin,
            end,
            longest: self.longest,
            changes,
        };
        let ended = attendance.attend(output, inbox);
        attendance.stop();
        self.work.recorder.close(origin.elapsed());
        // The last report goes out even when something failed: what was measured was measured.
        attendance
            .report(output)
            .map_err(Failure::Output)
            .and(ended)
    }
}

/// What attends to a load that runs.
struct Attendance<'a> {
    work: &'a Work,
    origin: Origin,
    end: Span,
    longest: Span,
    changes: mpsc::Sender<Change>,
}

impl Attendance<'_> {
    /// Reports each second until every arrival has ended or something else ends the load.
    fn attend(&self, output: &mut Output, inbox: &Inbox) -> Result<(), Failure> {
        let Self { origin, end, .. } = *self;
        let recorder = &self.work.recorder;
        let give_up = end
            .plus(Recorder::PATIENCE)
            .plus(self.longest)
            .plus(END_MARGIN);
        let mut next_report = Span::from_secs(1);
        loop {
            let now = origin.elapsed();
            if now >= end && (now >= give_up || recorder.is_settled(now)) {
                return Ok(());
            }
            if now >= next_report {
                self.report(output)?;
                // After a pause of the whole process one report covers all of it.
                while next_report <= now {
                    next_report = next_report.plus(Span::from_secs(1));
                }
            }
            let wake = if now >= end {
                now.plus(END_STEP).min(next_report)
            } else {
                next_report.min(end)
            };
            match inbox.signals.recv_timeout(origin.until(wake).duration()) {
                Ok(Signal::Said(ToGenerator::Change { rate, from })) => {
                    self.change(rate, from)?;
                    output.send(&FromGenerator::Changed { from, rate })?;
                }
                Ok(signal) => return interrupt(signal, "stop"),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Appends a segment to the schedule: to the recorder's copy here, to the pacer's by a word to
    /// it, which it hears long before the segment begins.
    fn change(&self, rate: Rate, from: Span) -> Result<(), Failure> {
        let in_time = self.origin.elapsed().plus(LEAST_NOTICE) <= from;
        if !in_time || !self.work.recorder.change(from, rate) {
            return Err(Failure::Change(from));
        }
        // Nobody hears it once the pacer has handed over its last arrival: the load has ended.
        let _ = self.changes.send(Change { from, rate });
        Ok(())
    }

    fn report(&self, output: &mut Output) -> std::io::Result<()> {
        let report = self.work.recorder.report(self.origin.elapsed());
        if !report.writes.is_empty() {
            output.send(&FromGenerator::Wrote(report.writes))?;
        }
        output.send(&FromGenerator::Report(report.load))
    }

    /// Cancels what is in flight and gives it a moment to end by itself.
    fn stop(&self) {
        self.work.stop.cancel();
        for _ in 0..STOP_STEPS {
            if self.work.recorder.in_flight() == 0 {
                return;
            }
            sleep(STOP_STEP);
        }
    }
}
