//! Makes up for deferred charges, oldest first, one at a time.

use super::{Orders, dual_write};
use crate::context::Context;
use crate::failure::Failure;
use crate::order::Payment;
use crate::pace::Outcome;

/// Charges the oldest order whose charge was put off.
pub(super) async fn charge_next(orders: &Orders) -> Outcome {
    match try_next(orders).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            orders
                .log
                .failure("charge-still-deferred", &failure.to_string());
            Outcome::Failed
        }
    }
}

async fn try_next(orders: &Orders) -> Result<Outcome, Failure> {
    let Some(mut order) = orders.store.oldest_deferred().await? else {
        return Ok(Outcome::Idle);
    };
    // Under its own key, the charge that was given up may have been made after all: then payments
    // answers with it instead of charging again.
    let context = Context::background(order.key.clone());
    let charge = orders.charge(&order, &context).await?;
    let settled = orders
        .store
        .settle(order.id.clone(), Payment::Charged, Some(charge));
    order.payment = settled.await?;
    dual_write::copy(orders, &order, &context).await;
    Ok(Outcome::Done)
}
