//! The life of one process: settings, service, signal, end.

use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, Role};
use crate::log::Log;
use crate::server::start;

/// The exit code of a process that was told something it cannot use.
const USAGE: u8 = 2;
/// How long the runtime may take to end after the service has drained.
const RUNTIME_END: Duration = Duration::from_millis(50);

/// Plays `role` (`monolith`, `orders` or `payments`) with settings from the environment, until
/// SIGTERM or SIGINT.
///
/// Ends with 0 after a signal, with 2 where the role or a setting cannot be used, with 1 where the
/// service cannot start.
pub fn run(role: &str) -> ExitCode {
    let role: Role = match role.parse() {
        Ok(role) => role,
        Err(error) => {
            eprintln!("shop: {error}");
            return ExitCode::from(USAGE);
        }
    };
    let log = Log::new(role);
    let config = match Config::from_env(role) {
        Ok(config) => config,
        Err(error) => {
            log.failure("settings-unusable", &error.to_string());
            return ExitCode::from(USAGE);
        }
    };
    let ended = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let ended = runtime.block_on(serve(config));
            runtime.shutdown_timeout(RUNTIME_END);
            ended
        });
    match ended {
        Ok(()) => {
            log.event("stopped", "");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            log.failure("not-started", &reason);
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> Result<(), String> {
    // Before the start: a signal that comes during it must not be lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let running = start(config).await.map_err(|error| error.to_string())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}
