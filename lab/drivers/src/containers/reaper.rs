//! `lab __reap FOLDER LABEL`: removes everything of one run from the engine when the lab is gone.
//!
//! It stands in a session of its own. Its standard input is a pipe that only the lab holds open:
//! its end means that the lab is gone, by whatever signal. A line `done` before that means that
//! the lab has removed everything itself.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::setsid;

use super::engine::Engine;
use super::removal::remove_all;
use crate::lease;
use crate::processes::tree;

/// What the lab says when nothing is left to do.
pub(crate) const DONE: &[u8] = b"done\n";
/// How long an engine that does not answer is waited for: it may be restarting.
const PATIENCE: Duration = Duration::from_secs(120);
/// A create can take a while on a busy engine and come after everything seemed gone.
const LATE: Duration = Duration::from_secs(2);

/// Waits for the end of its owner, then removes.
pub fn run(folder: &Path, label: &str) -> ExitCode {
    // Fails only where it leads a session already.
    let _ = setsid();
    let mut said = Vec::new();
    let _ = std::io::stdin().lock().read_to_end(&mut said);
    if said == DONE {
        return ExitCode::SUCCESS;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::FAILURE;
    };
    let processes = tree::kill_until_none(|| others(folder), Duration::from_secs(3));
    let left = runtime.block_on(async {
        let left = remove(label).await;
        if !left.is_empty() {
            return left;
        }
        tokio::time::sleep(LATE).await;
        remove(label).await
    });
    if left.is_empty() && processes.is_empty() {
        lease::end(folder);
        ExitCode::SUCCESS
    } else {
        // Swept by the next start; here is what it was.
        let _ = fs::write(folder.join("left.txt"), left.join("\n"));
        ExitCode::FAILURE
    }
}

/// Removes what carries a label, however often the engine goes and comes back meanwhile; what is
/// left when the patience is over.
async fn remove(label: &str) -> Vec<String> {
    let begun = tokio::time::Instant::now();
    loop {
        let left = match Engine::find().await {
            Ok(engine) => {
                let most = PATIENCE.saturating_sub(begun.elapsed());
                remove_all(&engine.docker, label, most).await.1
            }
            Err(failure) => vec![failure.to_string()],
        };
        if left.is_empty() || begun.elapsed() > PATIENCE {
            return left;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The run's processes but for this one.
fn others(folder: &Path) -> Vec<i32> {
    tree::marked(folder)
}
