//! The shop's own database, spoken to over HTTP: a question, an answer, both JSON.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::config::ClientSettings;
use crate::context::Context;
use crate::tls;
use crate::upstream::{Call, Upstream};

/// How long a database may take for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A way to the database. One that is not there fails each question, and serves again once it is.
#[derive(Debug, Clone)]
pub(crate) struct Remote(Arc<Upstream>);

impl Remote {
    pub(super) fn open(address: &str) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Open {
            path: address.to_owned(),
            reason,
        };
        let base: Uri = address
            .parse()
            .map_err(|error: http::uri::InvalidUri| unusable(error.to_string()))?;
        let trust = tls::trust(None).map_err(unusable)?;
        let settings = ClientSettings::plain(PATIENCE);
        Ok(Self(Arc::new(Upstream::new(
            "database",
            base,
            settings,
            (&trust, false),
        ))))
    }

    /// Asks at a path.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<A, StoreError> {
        let call = Call::with_json(Method::POST, path, question);
        self.answered(&call).await
    }

    /// Reads what stands at a path.
    pub(crate) async fn read<A: DeserializeOwned>(&self, path: String) -> Result<A, StoreError> {
        self.answered(&Call::get(path)).await
    }

    async fn answered<A: DeserializeOwned>(&self, call: &Call) -> Result<A, StoreError> {
        let reply = self.0.call(call, &Context::background(None)).await;
        let reply = reply.map_err(|error| StoreError::Statement(format!("database: {error}")))?;
        if !reply.status.is_success() {
            let answer = format!("database: answered {}", reply.status);
            return Err(StoreError::Statement(answer));
        }
        let unreadable = || StoreError::Unreadable("an answer of the database".to_owned());
        reply.json().ok_or_else(unreadable)
    }
}
