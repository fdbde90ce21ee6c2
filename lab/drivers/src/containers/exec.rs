//! A command within a container, run to its end.

use futures_util::StreamExt;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};

/// Whether the command ends with 0 within a container; else what it wrote last, and how it ended.
/// `heard` gets all that it writes.
pub(crate) async fn run(
    docker: &Docker,
    id: &str,
    command: &[String],
    env: &[String],
    heard: &mut (dyn FnMut(String) + Send),
) -> Result<(), String> {
    let words = |error: Error| error.to_string();
    let options = CreateExecOptions {
        cmd: Some(command.to_vec()),
        env: (!env.is_empty()).then(|| env.to_vec()),
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
            heard(text);
        }
    }
    let ended = docker.inspect_exec(&exec.id).await.map_err(words)?;
    match ended.exit_code {
        Some(0) => Ok(()),
        Some(code) => Err(format!("{said} (exit status: {code})").trim().to_owned()),
        None => Err(said),
    }
}
