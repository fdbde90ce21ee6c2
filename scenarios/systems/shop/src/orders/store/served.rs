//! Database: keeps orders for the orders service in a file that outlives its process, and answers
//! what [`OrderStore`] asks. `POST /keep`, `/settle`, `/order`, `/deferred`, `GET /ledger`.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{Kept, NewOrder, Order, OrderStore};
use crate::failure::Failure;
use crate::ledger::{Page, PageQuery};
use crate::order::Payment;
use crate::store::{Opened, StoreError};

pub(super) const KEEP: &str = "/keep";
pub(super) const SETTLE: &str = "/settle";
pub(super) const ORDER: &str = "/order";
pub(super) const DEFERRED: &str = "/deferred";
pub(super) const LEDGER: &str = "/ledger";

/// How the charge of an order ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Settle {
    pub(super) id: String,
    pub(super) payment: Payment,
    pub(super) charge: Option<String>,
}

type Store = State<Arc<dyn OrderStore>>;

/// What it serves: questions that are admitted, and the books that always answer.
pub(crate) async fn routes(database: Opened) -> Result<(Router, Router), StoreError> {
    if matches!(database, Opened::Remote(_)) {
        return Err(StoreError::Unfit("a database behind a database"));
    }
    let store = super::open(database).await?;
    let served = Router::new()
        .route(KEEP, post(keep))
        .route(SETTLE, post(settle))
        .route(ORDER, post(order))
        .route(DEFERRED, post(deferred))
        .with_state(Arc::clone(&store));
    let books = Router::new().route(LEDGER, get(ledger)).with_state(store);
    Ok((served, books))
}

async fn keep(State(store): Store, Json(new): Json<NewOrder>) -> Result<Json<Kept>, Failure> {
    Ok(Json(store.keep(new).await?))
}

async fn settle(State(store): Store, Json(ask): Json<Settle>) -> Result<Json<Payment>, Failure> {
    let settled = store.settle(ask.id, ask.payment, ask.charge).await?;
    Ok(Json(settled))
}

async fn order(
    State(store): Store,
    Json(id): Json<String>,
) -> Result<Json<Option<Order>>, Failure> {
    Ok(Json(store.order(id).await?))
}

async fn deferred(State(store): Store) -> Result<Json<Option<Order>>, Failure> {
    Ok(Json(store.oldest_deferred().await?))
}

async fn ledger(
    State(store): Store,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page>, Failure> {
    let entries = store.entries(query.after, query.limit()).await?;
    Ok(Json(Page::new(entries, query)))
}
