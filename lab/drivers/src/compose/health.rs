//! A compose file's health checks: a command within the container, asked until it succeeds.

use std::time::Duration;

use testcontainers::bollard::Docker;
use tokio::time::{Instant, sleep, timeout_at};

use crate::containers::exec;

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
        let mut unheard = drop;
        let asked = exec::run(docker, id, command, &[], &mut unheard);
        match timeout_at(deadline, asked).await {
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
