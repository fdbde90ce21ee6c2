//! What a service answers when it cannot do what was asked.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::store::StoreError;
use crate::upstream::CallError;

/// Why a request was not served.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// No such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The service has too much to do.
    #[error("too many requests in service")]
    Overloaded,
    /// A service that this one needs did not do its part.
    #[error("{dependency}: {error}")]
    Dependency {
        dependency: &'static str,
        error: CallError,
    },
    /// A service that this one needs answered something that it cannot use.
    #[error("{dependency}: {reason}")]
    Unusable {
        dependency: &'static str,
        reason: String,
    },
    /// The store failed.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The service has a bug.
    #[error("internal error")]
    Internal,
}

/// Rides along with an answer of 500 and above, for the log.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) String);

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Dependency { error, .. } => error.status_for_caller(),
            Self::Unusable { .. } => StatusCode::BAD_GATEWAY,
            Self::Store(_) | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Invalid(_) => "invalid",
            Self::Overloaded => "overloaded",
            Self::Dependency { .. } => "dependency-failed",
            Self::Unusable { .. } => "dependency-unusable",
            Self::Store(_) => "store-failed",
            Self::Internal => "internal",
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code(), "message": self.to_string() } });
        let status = self.status();
        let mut response = (status, Json(body)).into_response();
        if matches!(self, Self::Overloaded) {
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        if status.is_server_error() {
            response.extensions_mut().insert(Cause(self.to_string()));
        }
        response
    }
}
