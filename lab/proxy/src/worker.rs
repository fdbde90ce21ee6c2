//! The threads that relay: plain workers, and one for connections that are delayed or rationed.
//!
//! Each runs a tokio runtime of its own and owns its connections; they get them by a channel.

use crate::config::Config;
use crate::relay::Parked;
use crate::timers;
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a delay may hold in one direction while the total is exceeded.
const SCARCE: usize = 16 << 10;

/// The priority of the timed worker, where the system grants it: on a machine whose cores are all
/// busy it runs when a delay ends, not when a core is free.
const TIMED_NICENESS: i32 = -10;

/// What a worker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Moves bytes as fast as possible.
    Plain,
    /// Owns the connections whose data waits for a moment, and looks at its timers often.
    Timed,
}

enum Job {
    Serve(Parked),
    Stop,
}

/// All workers, as acceptors and relays see them.
pub(crate) struct Crew {
    plain: Vec<UnboundedSender<Job>>,
    timed: UnboundedSender<Job>,
    runtimes: Vec<Handle>,
    config: Config,
    /// Bytes that toxics hold, over all connections.
    held: AtomicUsize,
}

/// The threads of a crew, to be joined.
pub(crate) struct Threads(Vec<JoinHandle<()>>);

impl Crew {
    /// Starts all workers.
    pub(crate) fn start(config: Config) -> io::Result<(Arc<Self>, Threads)> {
        let count = config.workers.max(1);
        let channels: Vec<_> = (0..=count).map(|_| unbounded_channel()).collect();
        let (mut senders, receivers): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
        let timed = senders.swap_remove(0);
        let roles = [Role::Timed]
            .into_iter()
            .chain([Role::Plain].into_iter().cycle());
        let runtimes: Vec<_> = roles
            .take(count + 1)
            .map(runtime)
            .collect::<io::Result<_>>()?;
        let crew = Arc::new(Self {
            plain: senders,
            timed,
            runtimes: runtimes
                .iter()
                .map(|runtime| runtime.handle().clone())
                .collect(),
            config,
            held: AtomicUsize::new(0),
        });
        let mut threads = Vec::new();
        for (index, (jobs, runtime)) in receivers.into_iter().zip(runtimes).enumerate() {
            let (role, name) = match index {
                0 => (Role::Timed, "proxy-timed".to_owned()),
                _ => (Role::Plain, format!("proxy-{index}")),
            };
            let crew = Arc::clone(&crew);
            let work = move || work(runtime, jobs, role, &crew);
            threads.push(thread::Builder::new().name(name).spawn(work)?);
        }
        Ok((crew, Threads(threads)))
    }

    /// Hands a connection to a worker of the kind it needs.
    pub(crate) fn send(&self, connection: Parked) {
        let worker = match connection.role() {
            Role::Timed => &self.timed,
            Role::Plain => {
                let index = connection.number() % self.plain.len() as u64;
                let index = usize::try_from(index).unwrap_or_default();
                self.plain.get(index).unwrap_or(&self.timed)
            }
        };
        // A worker that is gone drops the connection, which closes it.
        let _ = worker.send(Job::Serve(connection));
    }

    /// Lets all workers end; their connections are closed.
    pub(crate) fn stop(&self) {
        for worker in self.plain.iter().chain([&self.timed]) {
            let _ = worker.send(Job::Stop);
        }
    }

    /// Tasks that run on all workers.
    pub(crate) fn tasks(&self) -> usize {
        let tasks = |runtime: &Handle| runtime.metrics().num_alive_tasks();
        self.runtimes.iter().map(tasks).sum()
    }

    /// How long connecting may take.
    pub(crate) fn dial_timeout(&self) -> Duration {
        self.config.dial_timeout
    }

    /// What a delay may hold in one direction now.
    pub(crate) fn delay_budget(&self) -> usize {
        if self.held.load(Relaxed) > self.config.held_in_total {
            SCARCE.min(self.config.held_per_direction)
        } else {
            self.config.held_per_direction
        }
    }

    /// Counts a change of what one direction holds.
    pub(crate) fn account(&self, before: usize, after: usize) {
        self.held.fetch_add(after, Relaxed);
        self.held.fetch_sub(before, Relaxed);
    }
}

impl Threads {
    /// Waits until all workers ended.
    pub(crate) fn join(self) {
        for thread in self.0 {
            let _ = thread.join();
        }
    }
}

fn runtime(role: Role) -> io::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    // Few events at a time, so that no connection waits for a crowd that came together.
    builder.event_interval(16).max_io_events_per_tick(16);
    if role == Role::Timed {
        // Looks at sockets and timers after that many tasks, not after 61, and takes no more than
        // that many events at once: what just arrived is stamped before a crowd of timers that are
        // due, and the other way round. This halves the error of delays for busy connections.
        builder.event_interval(4).max_io_events_per_tick(4);
    }
    builder.build()
}

fn work(runtime: Runtime, mut jobs: UnboundedReceiver<Job>, role: Role, crew: &Arc<Crew>) {
    if role == Role::Timed {
        // It has little to do, at the right moment. Without the privilege it goes on as it is.
        let _ = setpriority_process(Some(gettid()), TIMED_NICENESS);
    }
    runtime.block_on(async {
        let clock = tokio::spawn(timers::run());
        while let Some(Job::Serve(connection)) = jobs.recv().await {
            tokio::spawn(connection.serve(role, Arc::clone(crew)));
        }
        clock.abort();
    });
    // Closes all connections, and does not wait for a name that is still being resolved.
    runtime.shutdown_timeout(Duration::ZERO);
}
