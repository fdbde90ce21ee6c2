//! `POST /checkout`: the cart becomes an order, by the orders service; `POST /v1/checkout`: by the
//! monolith itself, as before there was one.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Waiting;
use super::{Monolith, own};
use crate::context::Context;
use crate::failure::Failure;
use crate::id;
use crate::order::{OrderRequest, Payment};
use crate::schema::OrderDocument;
use crate::upstream::{Call, CallError, Reply};

/// The body of `POST /checkout`.
#[derive(Debug, Deserialize)]
pub(super) struct Checkout {
    cart: String,
}

/// By the orders service.
pub(super) async fn checkout(
    State(monolith): State<Monolith>,
    context: Context,
    Json(Checkout { cart }): Json<Checkout>,
) -> Result<Response, Failure> {
    place(&monolith, context, cart, By::Service).await
}

/// By the monolith itself.
pub(super) async fn checkout_here(
    State(monolith): State<Monolith>,
    context: Context,
    Json(Checkout { cart }): Json<Checkout>,
) -> Result<Response, Failure> {
    place(&monolith, context, cart, By::Monolith).await
}

/// Who places an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Monolith,
    Service,
}

async fn place(
    monolith: &Monolith,
    context: Context,
    cart: String,
    by: By,
) -> Result<Response, Failure> {
    let single = context.key().filter(|_| monolith.settings.idempotency);
    let single = single.map(str::to_owned);
    if let Some(key) = &single
        && let Some(answer) = monolith.store.answer(key.clone()).await?
    {
        return Ok(created(answer));
    }
    let lines = monolith.store.cart(cart).await?;
    let order = OrderRequest {
        lines: lines.ok_or(Failure::NotFound("cart"))?,
    };
    let total = order.total()?;
    let context = context.with_some_key();
    let placed = match by {
        By::Service => by_service(monolith, &order, &context).await,
        By::Monolith => own::place(monolith, &order, total, &context).await,
    };
    let document = match placed {
        Err(Failure::Dependency { error, .. }) if monolith.settings.fallback.covers(&error) => {
            monolith.log.failure("order-deferred", &error.to_string());
            put_off(monolith, order, total, &context).await
        }
        placed => placed,
    }?;
    let answer = json!(document).to_string();
    match single {
        // Of two checkouts under one key the first answer stands.
        Some(key) => Ok(created(monolith.store.keep_answer(key, answer).await?)),
        None => Ok(created(answer)),
    }
}

async fn by_service(
    monolith: &Monolith,
    order: &OrderRequest,
    context: &Context,
) -> Result<OrderDocument, Failure> {
    let call = Call::with_json(Method::POST, "/orders", order);
    let reply = monolith.orders.call(&call, context).await;
    let reply = reply.map_err(|error| dependency_failed(monolith, error))?;
    read(monolith, &reply)
}

fn dependency_failed(monolith: &Monolith, error: CallError) -> Failure {
    Failure::Dependency {
        dependency: monolith.orders.name(),
        error,
    }
}

/// Reads what orders answered.
pub(super) fn read(monolith: &Monolith, reply: &Reply) -> Result<OrderDocument, Failure> {
    let unusable = |reason| Failure::Unusable {
        dependency: monolith.orders.name(),
        reason,
    };
    if !reply.status.is_success() {
        return Err(unusable(format!("answered {}", reply.status)));
    }
    OrderDocument::read(&reply.body, monolith.settings.reader).map_err(unusable)
}

/// Accepts the order and keeps it for later.
async fn put_off(
    monolith: &Monolith,
    order: OrderRequest,
    total: i64,
    context: &Context,
) -> Result<OrderDocument, Failure> {
    let digest = order.digest();
    let waiting = Waiting {
        id: id::fresh("w"),
        key: context.key().map(str::to_owned),
        order,
    };
    let document = OrderDocument {
        order: waiting.id.clone(),
        payment: Payment::Deferred,
        total,
        digest,
        receipt: String::new(),
    };
    monolith.store.put_off(waiting).await?;
    Ok(document)
}

fn created(answer: String) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::CREATED, json, answer).into_response()
}

/// `GET /orders/{order}`: by the id that checkout gave, even while the order still waits here.
pub(super) async fn order(
    State(monolith): State<Monolith>,
    context: Context,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Failure::NotFound("order"));
    }
    let placed = match monolith.store.waiting(id.clone()).await? {
        Some(None) => return Ok(Json(json!({ "order": id, "payment": Payment::Deferred }))),
        Some(Some(placed)) => placed,
        None => id,
    };
    if let Some(copy) = monolith.store.own(placed.clone()).await? {
        return Ok(Json(json!(own::document(placed, copy))));
    }
    let call = Call::get(format!("/orders/{placed}"));
    let reply = monolith.orders.call(&call, &context).await;
    let reply = reply.map_err(|error| dependency_failed(&monolith, error))?;
    if reply.status == StatusCode::NOT_FOUND {
        return Err(Failure::NotFound("order"));
    }
    Ok(Json(json!(read(&monolith, &reply)?)))
}
