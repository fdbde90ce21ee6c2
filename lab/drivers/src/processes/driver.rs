//! The lab's side: chooses ports, fills in placeholders, and lets the supervisor start and stop.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, Environment, EnvironmentDriver, Pace, Signal, Signals};
use lab_model::event::ServiceState;
use lab_model::system::Service;
use lab_model::{Link, Name};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::protocol::{News, Order, Spawn};
use super::{MARK, tree};
use crate::folder;
use crate::lease::Lease;
use crate::template::Values;

/// How long the supervisor may take to start one process or to stop all.
const ANSWER: Duration = Duration::from_secs(10);

/// Starts services as processes of this host.
#[derive(Debug, Clone)]
pub struct Processes {
    /// The lab's own program, started again as supervisor and as the demo system.
    pub program: PathBuf,
}

type Waiting = Arc<Mutex<BTreeMap<Name, oneshot::Sender<Result<i32, String>>>>>;

struct Running {
    program: PathBuf,
    context: Context,
    orders: tokio::sync::Mutex<Option<ChildStdin>>,
    waiting: Waiting,
    stopped: tokio::sync::Mutex<Option<oneshot::Receiver<Vec<String>>>>,
    supervisor: tokio::sync::Mutex<Child>,
    lease: Lease,
}

#[async_trait]
impl EnvironmentDriver for Processes {
    fn name(&self) -> Name {
        crate::name("processes")
    }

    async fn open(&self, run: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure> {
        let lease = Lease::write(run, None)?;
        let broken = |error: std::io::Error| Failure::new("supervisor", error);
        let log = fs::File::create(run.folder.join(folder::LOGS).join("supervisor.log"))
            .map_err(broken)?;
        let mut supervisor = Command::new(&self.program)
            .arg("__supervise")
            .arg(&run.folder)
            .env_remove(MARK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(broken)?;
        let (Some(orders), Some(news)) = (supervisor.stdin.take(), supervisor.stdout.take()) else {
            return Err(Failure::new("supervisor", "has no pipes"));
        };
        let waiting = Waiting::default();
        let (sender, stopped) = oneshot::channel();
        tokio::spawn(listen(
            BufReader::new(news).lines(),
            Arc::clone(&waiting),
            signals,
            sender,
        ));
        Ok(Box::new(Running {
            program: self.program.clone(),
            context: run.clone(),
            orders: Some(orders).into(),
            waiting,
            stopped: Some(stopped).into(),
            supervisor: supervisor.into(),
            lease,
        }))
    }
}

/// Hands the supervisor's news to whoever waits for them.
async fn listen(
    mut news: Lines<BufReader<ChildStdout>>,
    waiting: Waiting,
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
    while let Ok(Some(line)) = news.next_line().await {
        match serde_json::from_str(&line) {
            Ok(News::Spawned { name, pid }) => answer(&name, Ok(pid)),
            Ok(News::Refused { name, reason }) => answer(&name, Err(reason)),
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

/// A port that was free a moment ago. It is given back right before the service takes it.
fn free_port() -> Result<(TcpListener, u16), Failure> {
    let broken = |error: std::io::Error| Failure::new("ports", error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(broken)?;
    let port = listener.local_addr().map_err(broken)?.port();
    Ok((listener, port))
}

impl Running {
    async fn order(&self, order: &Order) -> Result<(), String> {
        let mut line = serde_json::to_string(order).map_err(|error| error.to_string())?;
        line.push('\n');
        let mut orders = self.orders.lock().await;
        let pipe = orders.as_mut().ok_or("the supervisor was stopped")?;
        pipe.write_all(line.as_bytes())
            .await
            .map_err(|error| format!("the supervisor: {error}"))
    }

    fn spawn_order(
        &self,
        service: &Service,
        port: u16,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<Spawn, String> {
        let data = self
            .context
            .folder
            .join(folder::DATA)
            .join(service.name.as_str());
        fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        let values = Values {
            lab: &self.program.to_string_lossy(),
            port,
            data: &data.to_string_lossy(),
            links,
        };
        let mut command = service.command.iter().map(|word| values.fill(word));
        let program = command
            .next()
            .ok_or("it has no command; the process driver needs one")??;
        let arguments = command.collect::<Result<_, _>>()?;
        let env = service
            .env
            .iter()
            .map(|(name, value)| Ok((name.clone(), values.fill(value)?)))
            .collect::<Result<_, String>>()?;
        // Commands stand where the user stands; data has its own folder.
        let folder = std::env::current_dir().map_err(|error| error.to_string())?;
        let log = folder::log_path(&self.context.folder, &service.name);
        Ok(Spawn {
            name: service.name.clone(),
            program,
            arguments,
            env,
            folder,
            log,
        })
    }
}

#[async_trait]
impl Environment for Running {
    fn proxy_address(&self, _: &Link) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    async fn launch(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure> {
        let failed = |reason: String| Failure::new(format!("service {}", service.name), reason);
        let (listener, port) = free_port()?;
        let spawn = self.spawn_order(service, port, links).map_err(failed)?;
        let (sender, spawned) = oneshot::channel();
        let name = service.name.clone();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, sender);
        drop(listener);
        self.order(&Order::Spawn(Box::new(spawn)))
            .await
            .map_err(failed)?;
        match timeout(ANSWER, spawned).await {
            Ok(Ok(Ok(_))) => Ok(format!("127.0.0.1:{port}")),
            Ok(Ok(Err(reason))) => Err(failed(format!("cannot be started: {reason}"))),
            Ok(Err(_)) => Err(failed("the supervisor is gone".to_owned())),
            Err(_) => Err(failed("the supervisor did not answer".to_owned())),
        }
    }

    async fn last_lines(&self, service: &Name) -> Vec<String> {
        folder::last_lines(&folder::log_path(&self.context.folder, service), 10)
    }

    async fn stop(&self, pace: Pace) -> Vec<String> {
        let _ = self.order(&Order::Stop(pace.into())).await;
        let answer = match self.stopped.lock().await.take() {
            Some(stopped) => timeout(ANSWER, stopped).await.ok().and_then(Result::ok),
            None => Some(vec![]),
        };
        // The end of the pipe ends a supervisor that did not hear the order.
        drop(self.orders.lock().await.take());
        let mut supervisor = self.supervisor.lock().await;
        if timeout(ANSWER, supervisor.wait()).await.is_err() {
            let _ = supervisor.kill().await;
        }
        let left = if let Some(left) = answer {
            left
        } else {
            let folder = self.context.folder.clone();
            let swept = tokio::task::spawn_blocking(move || {
                tree::kill_until_none(|| tree::marked(&folder), Duration::from_secs(3))
            });
            swept
                .await
                .unwrap_or_default()
                .iter()
                .map(|pid| format!("process {pid}"))
                .collect()
        };
        if left.is_empty() {
            self.lease.end();
        }
        left
    }
}
