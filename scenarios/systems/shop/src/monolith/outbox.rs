//! Sends orders that were put off to the orders service, oldest first, one at a time.

use http::Method;

use super::{Monolith, checkout};
use crate::context::Context;
use crate::failure::Failure;
use crate::pace::Outcome;
use crate::upstream::Call;

/// Sends the oldest order that waits.
pub(super) async fn send_next(monolith: &Monolith) -> Outcome {
    match try_next(monolith).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            let log = &monolith.log;
            log.failure("order-still-deferred", &failure.to_string());
            Outcome::Failed
        }
    }
}

async fn try_next(monolith: &Monolith) -> Result<Outcome, Failure> {
    let Some(waiting) = monolith.store.oldest_waiting().await? else {
        return Ok(Outcome::Idle);
    };
    let context = Context::background(waiting.key);
    let call = Call::with_json(Method::POST, "/orders", &waiting.order);
    let reply = monolith.orders.call(&call, &context).await;
    let reply = reply.map_err(|error| Failure::Dependency {
        dependency: monolith.orders.name(),
        error,
    })?;
    let placed = checkout::read(monolith, &reply)?.order;
    monolith.store.sent(waiting.id, placed).await?;
    Ok(Outcome::Done)
}
