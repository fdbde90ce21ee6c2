//! The thread that owns the client library.
//!
//! `toxiproxy_rust` blocks, panics when it is built, used or dropped inside async code, panics when
//! a toxic cannot be sent, and takes every HTTP status for success. So it lives on one thread,
//! which is fed by a channel; a panic there costs the client, not the run; and whoever changes
//! something reads it back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use lab_engine::Failure;
use tokio::sync::oneshot;
use toxiproxy_rust::client::Client;

use super::http::Server;

/// What is done on the thread.
type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// What the thread has: the client library, and plain HTTP for what that cannot say.
pub(super) struct Session {
    client: Client,
    /// The server's API over plain HTTP.
    pub(super) server: Server,
}

impl Session {
    fn new(server: Server) -> Self {
        Self {
            client: Client::new(server.0),
            server,
        }
    }

    /// Calls the client library. A panic there becomes an error, and the client is built anew: its
    /// lock is poisoned then.
    pub(super) fn call<T>(
        &mut self,
        call: impl FnOnce(&Client) -> Result<T, String>,
    ) -> Result<T, String> {
        let client = &self.client;
        catch_unwind(AssertUnwindSafe(|| call(client))).unwrap_or_else(|panic| {
            self.client = Client::new(self.server.0);
            Err(words(panic.as_ref()))
        })
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the client gave up: {}", text.unwrap_or("no reason given"))
}

/// The thread.
pub(super) struct Owner {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Owner {
    /// Starts the thread and builds the client there.
    pub(super) fn start(server: Server) -> Result<Self, Failure> {
        let (sender, jobs) = channel::<Job>();
        let work = move || {
            let mut session = Session::new(server);
            for job in jobs {
                job(&mut session);
            }
        };
        let thread = Builder::new().name("toxiproxy".to_owned()).spawn(work);
        let thread = thread.map_err(|error| Failure::new("toxiproxy", error))?;
        Ok(Self {
            jobs: Some(sender),
            thread: Some(thread),
        })
    }

    /// Does something on the thread and waits for what comes of it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, String> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            let _ = sender.send(work(session));
        });
        let gone = || Failure::new("toxiproxy", "the client's thread has ended");
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).map_err(|_| gone())?;
        let answer = answer.await.map_err(|_| gone())?;
        answer.map_err(|reason| Failure::new("toxiproxy", reason))
    }
}

impl Drop for Owner {
    /// The client must be dropped outside async code: by its own thread, which is awaited.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
