//! A compose file's health checks: a command within the container, asked until it succeeds.

use std::time::Duration;

use futures_util::StreamExt;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use tokio::time::{Instant, sleep, timeout_at};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks until the command succeeds, for a while at most; an error is what it wrote last.
pub(crate) async fn until_healthy(
    docker: &Docker,
    id: &str,
    command: &[String],
    within: Duration,
) -> Result<(), String> {
    let deadline = Instant::now() + within;
    let mut said = "nothing".to_owned();
    loop {
        match timeout_at(deadline, ask(docker, id, command)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(found)) => said = found,
            Err(_) => return Err(said),
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(said);
        }
        sleep(PAUSE).await;
    }
}

/// Whether the command ends with 0 within a container; else what it wrote last, and how it ended.
async fn ask(docker: &Docker, id: &str, command: &[String]) -> Result<(), String> {
    let words = |error: Error| error.to_string();
    let options = CreateExecOptions {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let exec = docker.create_exec(id, options).await.map_err(words)?;
    let none = None::<StartExecOptions>;
    let started = docker.start_exec(&exec.id, none).await.map_err(words)?;
    let mut said = String::new();
    if let StartExecResults::Attached { mut output, .. } = started {
        // Its end is the command's.
        while let Some(Ok(written)) = output.next().await {
            let text = written.to_string();
            if let Some(line) = text.lines().rfind(|line| !line.trim().is_empty()) {
                said = line.chars().take(400).collect();
            }
        }
    }
    let ended = docker.inspect_exec(&exec.id).await.map_err(words)?;
    match ended.exit_code {
        Some(0) => Ok(()),
        Some(code) => Err(format!("{said} (exit status: {code})").trim().to_owned()),
        None => Err(said),
    }
}
