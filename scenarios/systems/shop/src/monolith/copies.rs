//! Copies of orders in the monolith's store, written by the orders service (the dual write).

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Monolith;
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

pub(super) async fn ledger(
    State(monolith): State<Monolith>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page>, Failure> {
    let entries = monolith.store.copies(query.after, query.limit()).await?;
    Ok(Json(Page::new(entries, query)))
}
