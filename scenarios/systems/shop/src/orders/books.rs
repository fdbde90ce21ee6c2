//! What orders holds: one order, or all of them page by page.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::Value;

use super::Orders;
use crate::failure::Failure;
use crate::ledger::{Page, PageQuery};

pub(super) async fn order(
    State(orders): State<Orders>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let order = orders.store.order(id).await?;
    let order = order.ok_or(Failure::NotFound("order"))?;
    Ok(Json(orders.document(&order).write(orders.settings.schema)))
}

pub(super) async fn ledger(
    State(orders): State<Orders>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page>, Failure> {
    let entries = orders.store.entries(query.after, query.limit()).await?;
    Ok(Json(Page::new(entries, query)))
}
