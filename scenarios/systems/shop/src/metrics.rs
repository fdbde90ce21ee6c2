//! What a service says of itself, in Prometheus' text format: `GET /metrics`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use tokio_util::task::TaskTracker;

/// Classes of statuses, 1xx to 5xx.
const CLASSES: usize = 5;

/// Counters and gauges of a service.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    responses: Arc<[AtomicU64; CLASSES]>,
    /// Requests in service.
    requests: TaskTracker,
    /// How many workers there are, and how many requests may be in the service; 0 without a limit.
    workers: usize,
    queue: usize,
}

impl Metrics {
    pub(crate) fn new(requests: TaskTracker, workers: Option<usize>, queue: Option<usize>) -> Self {
        Self {
            responses: Arc::default(),
            requests,
            workers: workers.unwrap_or_default(),
            queue: queue.unwrap_or_default(),
        }
    }

    /// Counts a response.
    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.responses.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The text that a scraper reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let gauges = [
            (
                "shop_requests_in_service",
                "Requests that wait or are worked on.",
                self.requests.len(),
            ),
            ("shop_workers", "Workers; 0 without a limit.", self.workers),
            (
                "shop_queue_limit",
                "Requests that may be in the service; 0 without a limit.",
                self.queue,
            ),
        ];
        for (name, help, value) in gauges {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
            );
        }
        let name = "shop_responses_total";
        let _ = writeln!(
            text,
            "# HELP {name} Responses by class.\n# TYPE {name} counter"
        );
        for (class, counter) in self.responses.iter().enumerate() {
            let (class, count) = (class + 1, counter.load(Ordering::Relaxed));
            let _ = writeln!(text, "{name}{{class=\"{class}xx\"}} {count}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_class() {
        let metrics = Metrics::new(TaskTracker::new(), Some(10), None);
        metrics.count(StatusCode::CREATED);
        metrics.count(StatusCode::OK);
        metrics.count(StatusCode::SERVICE_UNAVAILABLE);
        let text = metrics.text();
        for line in [
            "shop_requests_in_service 0",
            "shop_workers 10",
            "shop_queue_limit 0",
            "shop_responses_total{class=\"2xx\"} 2",
            "shop_responses_total{class=\"5xx\"} 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}");
        }
    }
}
