//! Why a call to another service brought no usable answer.

use std::time::Duration;

use http::StatusCode;

/// How a call, or one attempt of it, ended without an answer below 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// No connection: refused, or no such host.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection broke before the whole answer was there.
    #[error("connection broken: {0}")]
    Broken(String),
    /// The caller's patience ended.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// It answered that it cannot.
    #[error("answered {0}")]
    Status(StatusCode),
    /// The breaker leaves the dependency alone.
    #[error("breaker open")]
    BreakerOpen,
    /// Too many calls are on their way already.
    #[error("bulkhead full")]
    BulkheadFull,
    /// The request itself is impossible.
    #[error("request cannot be sent: {0}")]
    Unsendable(String),
}

impl CallError {
    /// Whether another attempt could end differently.
    pub(crate) fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Broken(_) | Self::Timeout(_) | Self::Status(_) => true,
            Self::BreakerOpen | Self::BulkheadFull | Self::Unsendable(_) => false,
        }
    }

    /// The status a service answers with when it could not do without this call.
    pub(crate) fn status_for_caller(&self) -> StatusCode {
        match self {
            Self::Connect(_) | Self::Broken(_) | Self::Status(_) => StatusCode::BAD_GATEWAY,
            Self::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::BreakerOpen | Self::BulkheadFull => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unsendable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
