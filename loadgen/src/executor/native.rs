//! Users of the lab's own, on hyper: for high rates: less processor time a request.
//!
//! All users of a process share one thread: nothing is handed from thread to thread, and the timer
//! that paces arrivals is one more thing the thread waits for. Where one thread is too few the load
//! is shared among several processes.
//!
//! Users are hired as they are needed: one always waits for the next arrival, up to the most that
//! the load can keep busy. The user who became free last takes it, so that a light load on a system
//! that answers keeps few of them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use tokio::runtime::Handle;

use super::{LaunchError, Staff, Work, runtime};
use crate::session::Signal;
use crate::transport::native::Client;

/// The users and what they share.
struct Team {
    work: Arc<Work>,
    client: Client,
    hired: AtomicUsize,
    most: usize,
}

/// Launches the first user; the others follow when they are needed.
pub(super) fn launch(
    work: Arc<Work>,
    staff: Staff,
    signals: Sender<Signal>,
) -> Result<Handle, LaunchError> {
    let runtime = runtime(1)?;
    let handle = runtime.handle().clone();
    let team = Arc::new(Team {
        work,
        client: Client::new(),
        hired: AtomicUsize::new(0),
        most: staff.users,
    });
    let attend = move || {
        runtime.block_on(async {
            hire(&team);
            let _ = signals.send(Signal::Staffed);
            pending::<()>().await;
        });
    };
    thread::Builder::new()
        .name("native".to_owned())
        .spawn(attend)?;
    Ok(handle)
}

/// Hires one user more, unless there are enough.
fn hire(team: &Arc<Team>) {
    if team.hired.load(Ordering::Relaxed) < team.most {
        team.hired.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(user(Arc::clone(team)));
    }
}

/// Takes arrival after arrival.
#[expect(
    clippy::manual_async_fn,
    reason = "a user hires users: only a type that is written out can say that it may be sent"
)]
fn user(team: Arc<Team>) -> impl Future<Output = ()> + Send {
    async move {
        loop {
            let due = team.work.arrivals.take().await;
            if team.work.arrivals.is_short() {
                hire(&team);
            }
            team.work.serve(&team.client, due).await;
        }
    }
}
