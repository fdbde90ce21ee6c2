//! The lab's end of the pipes to its supervisor: orders go out, news come in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lab_engine::Failure;
use lab_engine::seam::{Signal, Signals};
use lab_model::Name;
use lab_model::event::ServiceState;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::protocol::{News, Order, Spawn};

/// How long the supervisor may take to start one process or to stop all.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

type Waiting = Mutex<BTreeMap<Name, oneshot::Sender<Result<i32, String>>>>;

/// What the lab says to its supervisor, and who waits for an answer.
pub(super) struct Line {
    orders: tokio::sync::Mutex<Option<ChildStdin>>,
    waiting: Arc<Waiting>,
    /// Ends of services that are the run's own doing, and still to be heard of.
    expected: Arc<Mutex<BTreeMap<Name, u32>>>,
}

impl Line {
    /// Takes the pipes; what is sent to the receiver is what was left in the end.
    pub(super) fn new(
        orders: ChildStdin,
        news: ChildStdout,
        signals: Signals,
    ) -> (Self, oneshot::Receiver<Vec<String>>) {
        let (sender, stopped) = oneshot::channel();
        let line = Self {
            orders: Some(orders).into(),
            waiting: Arc::default(),
            expected: Arc::default(),
        };
        tokio::spawn(listen(
            BufReader::new(news).lines(),
            Arc::clone(&line.waiting),
            Arc::clone(&line.expected),
            signals,
            sender,
        ));
        (line, stopped)
    }

    /// One order.
    pub(super) async fn order(&self, order: &Order) -> Result<(), String> {
        let mut line = serde_json::to_string(order).map_err(|error| error.to_string())?;
        line.push('\n');
        let mut orders = self.orders.lock().await;
        let pipe = orders.as_mut().ok_or("the supervisor was stopped")?;
        pipe.write_all(line.as_bytes())
            .await
            .map_err(|error| format!("the supervisor: {error}"))
    }

    /// Has a service started; its process.
    pub(super) async fn spawn(&self, spawn: Spawn) -> Result<i32, String> {
        let (sender, spawned) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(spawn.name.clone(), sender);
        self.order(&Order::Spawn(Box::new(spawn))).await?;
        match timeout(ANSWER, spawned).await {
            Ok(Ok(Ok(pid))) => Ok(pid),
            Ok(Ok(Err(reason))) => Err(format!("cannot be started: {reason}")),
            Ok(Err(_)) => Err("the supervisor is gone".to_owned()),
            Err(_) => Err("the supervisor did not answer".to_owned()),
        }
    }

    /// The next end of a service is no news.
    pub(super) fn expect_end(&self, service: &Name) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        *expected.entry(service.clone()).or_default() += 1;
    }

    /// It did not end after all: its next end is news again.
    pub(super) fn expect_no_end(&self, service: &Name) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.remove(service);
    }

    /// Nothing more is said: the end of the pipe.
    pub(super) async fn close(&self) {
        drop(self.orders.lock().await.take());
    }
}

/// Hands the supervisor's news to whoever waits for them.
async fn listen(
    mut news: Lines<BufReader<ChildStdout>>,
    waiting: Arc<Waiting>,
    expected: Arc<Mutex<BTreeMap<Name, u32>>>,
    signals: Signals,
    stopped: oneshot::Sender<Vec<String>>,
) {
    let answer = |name: &Name, outcome| {
        let sender = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        if let Some(sender) = sender {
            let _ = sender.send(outcome);
        }
    };
    let is_expected = |name: &Name| {
        let mut expected = expected.lock().unwrap_or_else(PoisonError::into_inner);
        let open = expected.get_mut(name).filter(|open| **open > 0);
        open.map(|open| *open -= 1).is_some()
    };
    while let Ok(Some(line)) = news.next_line().await {
        match serde_json::from_str(&line) {
            Ok(News::Spawned { name, pid }) => answer(&name, Ok(pid)),
            Ok(News::Refused { name, reason }) => answer(&name, Err(reason)),
            Ok(News::Exited { name, .. }) if is_expected(&name) => {}
            Ok(News::Exited { name, status }) => {
                let _ = signals.send(Signal::Service(name, ServiceState::Exited { status }));
            }
            Ok(News::Stopped { left }) => {
                let _ = stopped.send(left);
                return;
            }
            Err(_) => break,
        }
    }
    let _ = signals.send(Signal::Failed(Failure::new(
        "supervisor",
        "ended without being asked",
    )));
}
