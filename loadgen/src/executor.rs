//! Who runs journeys: users who each take one arrival at a time.
//!
//! The work of a user, [`Work::serve`], is the same whoever runs it: journeys, cookies, retries,
//! checks, ledgers and the record know nothing of the executor. An executor brings the users, the
//! threads they run on, and a client that sends their requests.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use lab_model::Span;
use lab_model::traffic::{Arrivals, Executor, Load};
use lab_wire::Part;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::Origin;
use crate::data::Data;
use crate::handover::Handover;
use crate::journey::Walker;
use crate::keys::Keys;
use crate::pacer::Due;
use crate::recorder::Recorder;
use crate::schedule::Arrival;
use crate::script::JourneyScript;
use crate::session::Signal;
use crate::transport::Transport;

pub(crate) mod goose;
pub(crate) mod native;

/// Why users could not be launched.
#[derive(Debug, Error)]
pub(crate) enum LaunchError {
    /// goose refused its settings.
    #[error("goose refused: {0}")]
    Goose(#[from] Box<::goose::GooseError>),
    /// No runtime or thread.
    #[error("failed to start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// No HTTP client.
    #[error("failed to make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// goose would stop the users when a terminal's Ctrl-C reaches this process, too.
    #[error("failed to take over Ctrl-C: {0}")]
    Interrupt(#[from] ctrlc::Error),
}

/// Launches users; sends [`Signal::Staffed`] once they can take arrivals, and
/// [`Signal::Deserted`] should they ever all be gone. Tasks beside them go to the runtime.
///
/// The users end with the process: nothing waits for what they have in flight.
pub(crate) fn launch(
    executor: Executor,
    work: Arc<Work>,
    staff: Staff,
    signals: Sender<Signal>,
) -> Result<Handle, LaunchError> {
    match executor {
        Executor::Goose => goose::launch(work, staff, signals),
        Executor::Native => native::launch(work, staff, signals),
    }
}

/// A runtime of so many threads. One thread has a simpler runtime, in which nothing is
/// synchronised.
fn runtime(threads: usize) -> std::io::Result<Runtime> {
    let mut builder = if threads == 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.worker_threads(threads).enable_all().build()
}

/// What all users share.
#[derive(Debug)]
pub(crate) struct Work {
    /// Journeys by the schedule's index.
    pub(crate) journeys: Vec<JourneyScript>,
    /// Rows of data.
    pub(crate) data: Data,
    /// Ids and random values.
    pub(crate) keys: Keys,
    /// The pause of closed users between two journeys; `None` where arrivals follow a schedule.
    pub(crate) closed: Option<Span>,
    /// Where arrivals come from.
    pub(crate) arrivals: Handover<Due>,
    /// Where they are resolved.
    pub(crate) recorder: Recorder,
    /// Ends everything in flight.
    pub(crate) stop: CancellationToken,
}

impl Work {
    /// Walks the journey of an arrival that was taken. A closed user waits for the start of the
    /// load and then walks one journey after another.
    pub(crate) async fn serve<T: Transport>(&self, transport: &T, due: Due) {
        let Due { arrival, origin } = due;
        let Some(think) = self.closed else {
            if self.recorder.take(arrival.index, origin.elapsed()) {
                self.walk(transport, arrival, origin).await;
            }
            return;
        };
        sleep(origin.until(Span::ZERO).duration()).await;
        while let Some(arrival) = self.recorder.enter(origin.elapsed()) {
            let good = self.walk(transport, arrival, origin).await;
            // A system that refuses at once must not make a user spin.
            let least = if good { Duration::ZERO } else { LEAST_THINK };
            let pause = think.duration().max(least);
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
    }

    /// Walks one arrival's journey and records how it ended; whether it ended well.
    async fn walk<T: Transport>(&self, transport: &T, arrival: Arrival, origin: Origin) -> bool {
        let Some(journey) = self.journeys.get(arrival.journey) else {
            return false;
        };
        let walker = Walker {
            transport,
            data: &self.data,
            origin,
            stop: &self.stop,
        };
        let walk = walker.walk(journey, self.keys.arrival(arrival.index)).await;
        let good = walk.good;
        self.recorder.finish(arrival.index, walk);
        good
    }
}

/// The most users. Each holds a connection while its request is in flight; a load that needs more
/// against a hanging system leaves arrivals unsent, which are bad and reported.
const MOST_USERS: usize = 10_000;

/// Files that are open for other reasons than users' connections.
const OTHER_FILES: u64 = 64;

/// How many requests a second one thread can send beside everything else a request costs it.
const REQUESTS_PER_THREAD: f64 = 4_000.0;

/// How many closed users one thread serves.
const USERS_PER_THREAD: usize = 500;

/// The least pause of a closed user behind a journey that failed.
const LEAST_THINK: Duration = Duration::from_millis(1);

/// What it takes to run a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Staff {
    /// Users who each walk one journey at a time.
    pub(crate) users: usize,
    /// Threads they run on.
    pub(crate) threads: usize,
}

impl Staff {
    /// As many users as a load needs so that no arrival waits for one, even when every request runs
    /// into its timeout: for each journey its highest rate times the longest it can take (Little's law), a
    /// tenth more, and a few. At most [`MOST_USERS`], and what the limit of open files allows.
    ///
    /// As few threads as can send the requests, at most one a core: threads that wake one another
    /// for single requests cost more than they bring.
    pub(crate) fn of(load: &Load, until: Span, part: Part, open_files: u64, cores: usize) -> Self {
        if let Arrivals::Closed { users, .. } = &load.arrivals {
            let users = usize::try_from(part.share(u64::from(*users))).unwrap_or(MOST_USERS);
            return Self {
                users: users.min(MOST_USERS),
                threads: users.div_ceil(USERS_PER_THREAD).clamp(1, cores.max(1)),
            };
        }
        let peak = load.arrivals.peak(until).unwrap_or(0.0) / f64::from(part.of.get());
        let (mut busy, mut requests) = (0.0, 0.0);
        for journey in &load.journeys {
            let rate = peak * load.share(&journey.name);
            busy += rate * journey.longest().as_secs_f64();
            requests += rate * journey.steps.len() as f64;
        }
        let connections =
            usize::try_from(open_files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        Self {
            users: (whole(busy * 1.1) + 16)
                .min(MOST_USERS)
                .min(connections.max(1)),
            threads: whole(requests / REQUESTS_PER_THREAD).clamp(1, cores.max(1)),
        }
    }
}

/// Rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of products of numbers above zero, at most 10^15 or so"
)]
fn whole(number: f64) -> usize {
    number.ceil() as usize
}

/// Raises this process's limit of open files as far as it may, and returns it.
pub(crate) fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
    // `None` is no limit.
    if raised.is_ok() {
        limit.maximum
    } else {
        limit.current
    }
    .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::load;
    use crate::script::tests::step;
    use serde_json::json;

    fn staff(rate: f64, timeouts: &[(u32, &str)], open_files: u64) -> Staff {
        let weights: Vec<u32> = timeouts.iter().map(|(weight, _)| *weight).collect();
        let mut load = load(rate, &weights);
        for (journey, (_, timeout)) in load.journeys.iter_mut().zip(timeouts) {
            journey.steps = vec![step(json!({ "timeout": timeout }))];
        }
        Staff::of(&load, Span::from_secs(1), Part::WHOLE, open_files, 4)
    }

    #[test]
    fn as_many_users_as_a_hanging_system_holds() {
        let check = |rate, timeouts: &[(u32, &str)], open_files, expected| {
            assert_eq!(staff(rate, timeouts, open_files).users, expected);
        };
        check(200.0, &[(1, "10s")], 20_000, 2_216);
        // 100/s for 1.5 s and 50/s for 3 s: 300 at a time.
        check(150.0, &[(2, "1.5s"), (1, "3s")], 20_000, 346);
        check(1.0, &[(1, "1ms")], 20_000, 17);
        check(10_000.0, &[(1, "30s")], u64::MAX, MOST_USERS);
        check(1e6, &[(1, "8760h")], u64::MAX, MOST_USERS);
        check(200.0, &[(1, "10s")], 1_024, 960);
        check(200.0, &[(1, "10s")], 3, 1);
    }

    #[test]
    fn as_few_threads_as_do() {
        let check = |rate, expected| {
            assert_eq!(staff(rate, &[(1, "1s")], 20_000).threads, expected);
        };
        check(1.0, 1);
        check(4_000.0, 1);
        check(4_001.0, 2);
        check(1e6, 4);
    }
}
