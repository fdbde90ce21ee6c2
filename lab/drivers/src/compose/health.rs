//! A compose file's health checks: a command within the container, asked until it succeeds.

use std::time::Duration;

use futures_util::StreamExt;
use testcontainers::bollard::Docker;
use testcontainers::bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use tokio::time::sleep;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks until the command succeeds; whoever waits bounds the time.
pub(crate) async fn until_healthy(docker: &Docker, id: &str, command: &[String]) {
    while !succeeds(docker, id, command).await {
        sleep(PAUSE).await;
    }
}

/// Whether the command ends with 0 within a container.
async fn succeeds(docker: &Docker, id: &str, command: &[String]) -> bool {
    let options = CreateExecOptions {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let Ok(exec) = docker.create_exec(id, options).await else {
        return false;
    };
    let Ok(started) = docker.start_exec(&exec.id, None::<StartExecOptions>).await else {
        return false;
    };
    if let StartExecResults::Attached { mut output, .. } = started {
        // Its end is the command's.
        while output.next().await.is_some() {}
    }
    let ended = docker.inspect_exec(&exec.id).await;
    ended.is_ok_and(|ended| ended.exit_code == Some(0))
}
