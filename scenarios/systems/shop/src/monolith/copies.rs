//! Copies of orders in the monolith's store, written by the orders service (the dual write), and by
//! whoever reconciles the two. They are what a customer's own pages show.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Monolith, checkout, own};
use crate::context::Context;
use crate::failure::Failure;
use crate::ledger::{Page, PageQuery};
use crate::order::Payment;

/// The body of `PUT /copies/{order}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Copy {
    pub(crate) key: Option<String>,
    pub(crate) cents: i64,
    pub(crate) digest: String,
    pub(crate) payment: Payment,
}

pub(super) async fn put(
    State(monolith): State<Monolith>,
    Path(order): Path<String>,
    Json(copy): Json<Copy>,
) -> Result<StatusCode, Failure> {
    monolith.store.copy(order, copy).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An order as a customer's pages show it: from the copies, its own orders among them.
pub(super) async fn get(
    State(monolith): State<Monolith>,
    context: Context,
    Path(order): Path<String>,
) -> Result<Json<Value>, Failure> {
    if let Some(copy) = monolith.store.copy_of(order.clone()).await? {
        return Ok(Json(json!(copy)));
    }
    if monolith.settings.read_through {
        return checkout::order(State(monolith), context, Path(order)).await;
    }
    Err(Failure::NotFound("copy"))
}

/// Takes a copy back; one that is not there is fine. What was placed here is no copy.
pub(super) async fn delete(
    State(monolith): State<Monolith>,
    Path(order): Path<String>,
) -> Result<StatusCode, Failure> {
    if own::is_own(&order) {
        return Err(Failure::NotFound("copy"));
    }
    monolith.store.forget(order).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn ledger(
    State(monolith): State<Monolith>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page>, Failure> {
    let entries = monolith.store.copies(query.after, query.limit()).await?;
    Ok(Json(Page::new(entries, query)))
}
