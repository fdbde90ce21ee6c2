//! Orders that the monolith places itself, as before there was a service for them: kept among its
//! copies, charged by payments.

use http::Method;

use super::{Copy, Monolith};
use crate::context::Context;
use crate::failure::Failure;
use crate::id;
use crate::order::{OrderRequest, Payment};
use crate::payments::{Charge, ChargeRequest};
use crate::schema::OrderDocument;
use crate::upstream::Call;

/// What the ids of its own orders begin with.
const PREFIX: &str = "m";

/// Keeps the order, has it charged, keeps how that ended.
pub(super) async fn place(
    monolith: &Monolith,
    order: &OrderRequest,
    cents: i64,
    context: &Context,
) -> Result<OrderDocument, Failure> {
    let id = id::fresh(PREFIX);
    let mut copy = Copy {
        key: context.key().map(str::to_owned),
        cents,
        digest: order.digest(),
        payment: Payment::Pending,
    };
    monolith.store.copy(id.clone(), copy.clone()).await?;
    let charged = charge(monolith, &id, cents, context).await;
    copy.payment = match &charged {
        Ok(_) => Payment::Charged,
        Err(_) => Payment::Failed,
    };
    monolith.store.copy(id.clone(), copy.clone()).await?;
    charged.map(|_| document(id, copy))
}

async fn charge(
    monolith: &Monolith,
    order: &str,
    cents: i64,
    context: &Context,
) -> Result<Charge, Failure> {
    let order = order.to_owned();
    let call = Call::with_json(Method::POST, "/charges", &ChargeRequest { order, cents });
    let dependency = monolith.payments.name();
    let reply = monolith.payments.call(&call, context).await;
    let reply = reply.map_err(|error| Failure::Dependency { dependency, error })?;
    match reply.json::<Charge>() {
        Some(charge) if reply.status.is_success() => Ok(charge),
        _ => Err(Failure::Unusable {
            dependency,
            reason: format!("answered {} to a charge", reply.status),
        }),
    }
}

/// The order as a customer sees it; the monolith never wrote receipts.
pub(super) fn document(order: String, copy: Copy) -> OrderDocument {
    OrderDocument {
        order,
        payment: copy.payment,
        total: copy.cents,
        digest: copy.digest,
        receipt: String::new(),
    }
}

/// Whether an order of that id was placed here; the others are copies of the service's.
pub(super) fn is_own(order: &str) -> bool {
    order
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.starts_with('-'))
}
