//! The dual write: a copy of each order in the monolith's store, so that it could take over again.
//!
//! As such writes are usually made: after the fact, without an outbox. What fails is logged and
//! missing from then on; the two stores drift apart.

use http::Method;

use super::Orders;
use super::store::Order;
use crate::context::Context;
use crate::monolith::Copy;
use crate::upstream::Call;

/// Copies the order where the settings ask for it.
pub(super) async fn copy(orders: &Orders, order: &Order, context: &Context) {
    if !orders.settings.dual_write {
        return;
    }
    let copy = Copy {
        key: order.key.clone(),
        cents: order.cents,
        digest: order.digest.clone(),
        payment: order.payment,
    };
    let call = Call::with_json(Method::PUT, format!("/copies/{}", order.id), &copy);
    let failed = match orders.monolith.call(&call, context).await {
        Ok(reply) if reply.status.is_success() => None,
        Ok(reply) => Some(format!("answered {}", reply.status)),
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = failed {
        orders
            .log
            .failure("copy-lost", &format!("{}: {reason}", order.id));
    }
}
