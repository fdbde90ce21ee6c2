//! `POST /orders`: keep the order, have it paid, answer.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use super::store::{Kept, NewOrder, Order};
use super::{Orders, dual_write, failed_call};
use crate::context::Context;
use crate::failure::Failure;
use crate::id;
use crate::order::{OrderRequest, Payment};

pub(super) async fn create(
    State(orders): State<Orders>,
    context: Context,
    Json(request): Json<OrderRequest>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let cents = request.total()?;
    let new = NewOrder {
        order: Order {
            id: id::fresh("o"),
            key: context.key().map(str::to_owned),
            digest: request.digest(),
            lines: request.lines,
            cents,
            payment: Payment::Pending,
        },
        single: orders.settings.idempotency,
    };
    let mut order = match orders.store.keep(new).await? {
        Kept::Earlier(order) if order.payment.is_accepted() => {
            return Ok(answer(&orders, &order));
        }
        // An earlier attempt failed, or is still on its way: this one carries on with the same
        // order, and payments recognises the charge by its key.
        Kept::Earlier(order) | Kept::New(order) => order,
    };
    tokio::time::sleep(orders.settings.work).await;
    pay(&orders, &mut order, &context).await?;
    dual_write::copy(&orders, &order, &context).await;
    Ok(answer(&orders, &order))
}

/// Has the order charged and keeps how that ended. `Err` where the order is refused for it.
async fn pay(orders: &Orders, order: &mut Order, context: &Context) -> Result<(), Failure> {
    let (payment, charge, failure) = match orders.charge(order, context).await {
        Ok(charge) => (Payment::Charged, Some(charge), None),
        Err(failure) => {
            let fallback = orders.settings.fallback;
            if failed_call(&failure).is_some_and(|error| fallback.covers(error)) {
                orders.log.failure("charge-deferred", &failure.to_string());
                (Payment::Deferred, None, None)
            } else {
                (Payment::Failed, None, Some(failure))
            }
        }
    };
    order.payment = orders
        .store
        .settle(order.id.clone(), payment, charge)
        .await?;
    match failure {
        // Another attempt under the same key may have had more luck meanwhile.
        Some(failure) if !order.payment.is_accepted() => Err(failure),
        _ => Ok(()),
    }
}

fn answer(orders: &Orders, order: &Order) -> (StatusCode, Json<Value>) {
    let document = orders.document(order).write(orders.settings.schema);
    (StatusCode::CREATED, Json(document))
}
