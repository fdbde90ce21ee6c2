//! What happens to a request before it is served: refused, made to wait, or let in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::config::AdmissionSettings;
use crate::failure::{Cause, Failure};
use crate::log::Log;
use crate::metrics::Metrics;

/// The door of a service.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    queue: Option<Arc<Semaphore>>,
    workers: Option<Arc<Semaphore>>,
    /// Requests in service; they outlive their callers.
    requests: TaskTracker,
    metrics: Metrics,
    log: Log,
}

impl Admission {
    pub(crate) fn new(settings: AdmissionSettings, requests: TaskTracker, log: Log) -> Self {
        let places = |limit: Option<usize>| limit.map(|limit| Arc::new(Semaphore::new(limit)));
        Self {
            queue: places(settings.queue),
            workers: places(settings.workers),
            metrics: Metrics::new(requests.clone(), settings.workers, settings.queue),
            requests,
            log,
        }
    }

    /// What it says of itself.
    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// A place in the service, if one is free: `Err` sheds the load at once, before it costs
    /// anything.
    fn enter(&self) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        let take = |queue: &Arc<Semaphore>| Arc::clone(queue).try_acquire_owned();
        self.queue
            .as_ref()
            .map(take)
            .transpose()
            .map_err(|_| Failure::Overloaded)
    }

    /// Waits for a worker, first come, first served.
    async fn worker(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(self.workers.as_ref()?)
            .acquire_owned()
            .await
            .ok()
    }
}

/// Serves a request in a task of its own, so that work goes on when the caller has gone: as in
/// most systems, giving up early does not make the work go away.
pub(crate) async fn admit(
    State(admission): State<Admission>,
    request: Request,
    next: Next,
) -> Response {
    let place = match admission.enter() {
        Ok(place) => place,
        Err(failure) => {
            let response = failure.into_response();
            admission.metrics.count(response.status());
            return response;
        }
    };
    let door = admission.clone();
    let metrics = admission.metrics.clone();
    let served = admission.requests.spawn(async move {
        let _place = place;
        let _worker = door.worker().await;
        let response = next.run(request).await;
        if let Some(Cause(cause)) = response.extensions().get() {
            door.log.failure("request-failed", cause);
        }
        response
    });
    let response = served
        .await
        .unwrap_or_else(|_| Failure::Internal.into_response());
    metrics.count(response.status());
    response
}
