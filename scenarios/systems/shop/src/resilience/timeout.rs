//! Timeout: how long a caller is willing to wait.

use std::time::Duration;

use crate::upstream::CallError;

/// Waits for `work` no longer than `limit`; without a limit, for ever. Work that is given up is
/// dropped, which closes its connection.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    match limit {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work)
            .await
            .unwrap_or(Err(CallError::Timeout(limit))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    async fn check(limit: Option<u64>, takes: u64, expected: Result<(), CallError>, after: u64) {
        let start = Instant::now();
        let work = async {
            sleep(Duration::from_millis(takes)).await;
            Ok(())
        };
        let result = within(limit.map(Duration::from_millis), work).await;
        assert_eq!(result, expected);
        assert_eq!(start.elapsed(), Duration::from_millis(after));
    }

    #[tokio::test(start_paused = true)]
    async fn the_caller_gives_up_at_the_limit_and_not_before() {
        let limit = Duration::from_millis(400);
        check(Some(400), 2_000, Err(CallError::Timeout(limit)), 400).await;
        check(Some(400), 300, Ok(()), 300).await;
        check(None, 600_000, Ok(()), 600_000).await;
    }
}
