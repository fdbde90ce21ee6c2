//! Orders: creates orders and has them paid. `POST /orders`, `GET /orders/{order}`, `GET /ledger`.

mod books;
mod create;
mod dual_write;
mod reconcile;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::Method;

use crate::config::OrdersSettings;
use crate::context::Context;
use crate::document;
use crate::failure::Failure;
use crate::log::Log;
use crate::pace::Pace;
use crate::payments::{Charge, ChargeRequest};
use crate::resilience::Fallback;
use crate::schema::OrderDocument;
use crate::store::{Opened, StoreError};
use crate::tls::Trust;
use crate::upstream::{Call, CallError, Upstream};
pub(crate) use store::served::routes as database;
use store::{Order, OrderStore};

/// The service: its settings, its store and those it calls.
#[derive(Clone)]
pub(crate) struct Orders {
    settings: Arc<OrdersSettings>,
    store: Arc<dyn OrderStore>,
    payments: Arc<Upstream>,
    monolith: Arc<Upstream>,
    log: Log,
}

impl Orders {
    pub(crate) async fn new(
        settings: OrdersSettings,
        database: Opened,
        trust: &Trust,
        log: Log,
    ) -> Result<Self, StoreError> {
        let upstream = |name, address: &http::Uri, secure| {
            Arc::new(Upstream::new(
                name,
                address.clone(),
                settings.client.clone(),
                (trust, secure),
            ))
        };
        Ok(Self {
            payments: upstream("payments", &settings.payments, settings.tls),
            monolith: upstream("monolith", &settings.monolith, false),
            store: store::open(database).await?,
            settings: Arc::new(settings),
            log,
        })
    }

    /// What the service serves: requests that are admitted, and the books that always answer.
    pub(crate) fn routes(&self) -> (Router, Router) {
        let served = Router::new()
            .route("/orders", post(create::create))
            .route("/orders/{order}", get(books::order))
            .with_state(self.clone());
        let books = Router::new()
            .route("/ledger", get(books::ledger))
            .with_state(self.clone());
        (served, books)
    }

    /// The work that goes on between requests.
    pub(crate) async fn background(self, stop: tokio_util::sync::CancellationToken) {
        if self.settings.fallback == Fallback::Deferred {
            let pace = Pace::new(self.settings.reconcile);
            crate::pace::repeat(pace, stop, || reconcile::charge_next(&self)).await;
        }
    }

    /// Has an order charged; the charge's id.
    async fn charge(&self, order: &Order, context: &Context) -> Result<String, Failure> {
        let call = Call::with_json(
            Method::POST,
            "/charges",
            &ChargeRequest {
                order: order.id.clone(),
                cents: order.cents,
            },
        );
        // The order is its own key where the caller gave none: it is to be paid once.
        let context = match context.key() {
            Some(_) => context.clone(),
            None => context.clone().with_key(&order.id),
        };
        let name = self.payments.name();
        let reply = self.payments.call(&call, &context).await;
        let reply = reply.map_err(|error| Failure::Dependency {
            dependency: name,
            error,
        })?;
        match reply.json::<Charge>() {
            Some(charge) if reply.status.is_success() => Ok(charge.id),
            _ => Err(Failure::Unusable {
                dependency: name,
                reason: format!("answered {} to a charge", reply.status),
            }),
        }
    }

    /// The order as the service shows it.
    fn document(&self, order: &Order) -> OrderDocument {
        OrderDocument {
            order: order.id.clone(),
            payment: order.payment,
            total: order.cents,
            digest: order.digest.clone(),
            receipt: document::receipt(&order.id, &order.lines, order.cents, self.settings.receipt),
        }
    }
}

/// The failed call behind a failure, if one is.
fn failed_call(failure: &Failure) -> Option<&CallError> {
    match failure {
        Failure::Dependency { error, .. } => Some(error),
        _ => None,
    }
}
