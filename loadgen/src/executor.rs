//! Who runs journeys: users who each take one arrival at a time.
//!
//! The work of a user, [`Work::serve`], is the same whoever runs it; goose is one way to run many.

use std::time::Duration;

use lab_model::Span;
use lab_model::traffic::{Arrivals, Load};
use lab_wire::Part;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
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
use crate::transport::Transport;

pub(crate) mod goose;

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
    /// Waits for the next arrival and walks its journey. A closed user waits for the start of the
    /// load and then walks one journey after another.
    pub(crate) async fn serve<T: Transport>(&self, transport: &T) {
        let Due { arrival, origin } = self.arrivals.take().await;
        let Some(think) = self.closed else {
            if self.recorder.take(arrival.index, origin.elapsed()) {
                self.walk(transport, arrival, origin).await;
            }
            return;
        };
        sleep(origin.until(Span::ZERO).duration()).await;
        while let Some(arrival) = self.recorder.enter(origin.elapsed()) {
            self.walk(transport, arrival, origin).await;
            // A system that refuses at once must not make a user spin.
            sleep(think.duration().max(LEAST_THINK)).await;
        }
    }

    /// Walks one arrival's journey and records how it ended.
    pub(crate) async fn walk<T: Transport>(&self, transport: &T, arrival: Arrival, origin: Origin) {
        let Some(journey) = self.journeys.get(arrival.journey) else {
            return;
        };
        let walker = Walker {
            transport,
            data: &self.data,
            origin,
            stop: &self.stop,
        };
        let walk = walker.walk(journey, self.keys.arrival(arrival.index)).await;
        self.recorder.finish(arrival.index, walk);
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

/// The least pause between two journeys of a closed user.
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
            let users = usize::try_from(*users).unwrap_or(MOST_USERS);
            return Self {
                users: users.div_ceil(part.of.get() as usize).clamp(1, MOST_USERS),
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
