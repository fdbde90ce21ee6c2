//! The lab's side: chooses ports, fills in placeholders, and lets the supervisor start and stop.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{
    Context, Environment, EnvironmentDriver, Furnishing, Pace, ServiceFaults, Signals,
};
use lab_model::fixture::Fixture;
use lab_model::system::Service;
use lab_model::{Link, Name, Plan};
use lab_proxy::Authority;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::faults::{self, Faults, Fleet, Started};
use super::line::{ANSWER, Line};
use super::protocol::{Order, Spawn};
use super::{MARK, tree};
use crate::acts::Acts;
use crate::credentials;
use crate::fixtures;
use crate::folder;
use crate::lease::Lease;
use crate::template::Values;

/// Starts services as processes of this host.
#[derive(Debug, Clone)]
pub struct Processes {
    /// The lab's own program, started again as supervisor and as the demo system.
    pub program: PathBuf,
    /// Who signs the certificates that services are given.
    pub authority: Authority,
}

struct Running {
    program: PathBuf,
    authority: Authority,
    context: Context,
    line: Arc<Line>,
    fleet: Arc<Fleet>,
    faults: Acts<Faults>,
    stopped: tokio::sync::Mutex<Option<oneshot::Receiver<Vec<String>>>>,
    supervisor: tokio::sync::Mutex<Child>,
    lease: Lease,
}

#[async_trait]
impl EnvironmentDriver for Processes {
    fn name(&self) -> Name {
        crate::name("processes")
    }

    async fn obstacles(&self, plan: &Plan) -> Vec<String> {
        faults::obstacles(plan)
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
        let (line, stopped) = Line::new(orders, news, signals.clone());
        let (line, fleet) = (Arc::new(line), Arc::new(Fleet::default()));
        let hands = Faults {
            line: Arc::clone(&line),
            fleet: Arc::clone(&fleet),
            signals,
        };
        Ok(Box::new(Running {
            program: self.program.clone(),
            authority: self.authority.clone(),
            context: run.clone(),
            line,
            fleet,
            faults: Acts::new(hands),
            stopped: Some(stopped).into(),
            supervisor: supervisor.into(),
            lease,
        }))
    }
}

/// A port that was free a moment ago. It is given back right before the service takes it.
fn free_port() -> Result<(TcpListener, u16), Failure> {
    let broken = |error: std::io::Error| Failure::new("ports", error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(broken)?;
    let port = listener.local_addr().map_err(broken)?.port();
    Ok((listener, port))
}

impl Running {
    /// Runs a command to its end as the service would run it, with what it writes in the service's
    /// log.
    async fn beside(
        &self,
        service: &Service,
        words: Vec<String>,
        with: Furnishing<'_>,
    ) -> Result<(), String> {
        let port = with
            .address
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        let port = port.ok_or("the service has no port")?;
        let as_service = Service {
            command: words,
            ..service.clone()
        };
        let spawn = self.spawn_order(&as_service, port, with.links)?;
        let words = |error: std::io::Error| error.to_string();
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&spawn.log);
        let log = log.map_err(words)?;
        let mine = rustix::process::getpid().as_raw_nonzero().to_string();
        let status = Command::new(&self.program)
            .arg("__exec")
            .arg(mine)
            .arg(&spawn.program)
            .args(&spawn.arguments)
            .envs(spawn.env)
            .env(fixtures::SEED, with.seed.to_string())
            .env(MARK, &self.context.folder)
            .current_dir(&spawn.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(words)?)
            .stderr(log)
            .kill_on_drop(true)
            .status()
            .await
            .map_err(words)?;
        if status.success() {
            Ok(())
        } else {
            Err(status.to_string())
        }
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
        let (lab, data) = (self.program.to_string_lossy(), data.to_string_lossy());
        let credentials = |file: &str| {
            let names = [service.name.as_str(), "localhost", "127.0.0.1"];
            credentials::file(&self.authority, &self.context.folder, &names, file)
        };
        let values = |env| Values {
            lab: &lab,
            port,
            data: &data,
            links,
            credentials: &credentials,
            env,
        };
        let env: BTreeMap<String, String> = service
            .env
            .iter()
            .map(|(name, value)| Ok((name.clone(), values(&service.env).fill(value)?)))
            .collect::<Result<_, String>>()?;
        let values = values(&env);
        let mut command = service.command.iter().map(|word| values.fill(word));
        let program = command
            .next()
            .ok_or("it has no command; the process driver needs one")??;
        let arguments = command.collect::<Result<_, String>>()?;
        // Commands stand where the user stands; data has its own folder.
        let folder = std::env::current_dir().map_err(|error| error.to_string())?;
        let log = folder::log_path(&self.context.folder, &service.name);
        Ok(Spawn {
            name: service.name.clone(),
            program,
            arguments,
            env: env.into_iter().collect(),
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
        drop(listener);
        let pid = self.line.spawn(spawn.clone()).await.map_err(failed)?;
        let started = Started { pid, port, spawn };
        self.fleet
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(service.name.clone(), started);
        Ok(format!("127.0.0.1:{port}"))
    }

    async fn furnish(
        &self,
        service: &Service,
        fixture: &Fixture,
        with: Furnishing<'_>,
    ) -> Result<(), Failure> {
        fixtures::make(service, fixture, with, |words| {
            self.beside(service, words, with)
        })
        .await
    }

    fn service_faults(&self) -> Option<&dyn ServiceFaults> {
        Some(&self.faults)
    }

    async fn last_lines(&self, service: &Name) -> Vec<String> {
        folder::last_lines(&folder::log_path(&self.context.folder, service), 10)
    }

    async fn stop(&self, pace: Pace) -> Vec<String> {
        self.faults.end().await;
        let _ = self.line.order(&Order::Stop(pace.into())).await;
        let answer = match self.stopped.lock().await.take() {
            Some(stopped) => timeout(ANSWER, stopped).await.ok().and_then(Result::ok),
            None => Some(vec![]),
        };
        // The end of the pipe ends a supervisor that did not hear the order.
        self.line.close().await;
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
