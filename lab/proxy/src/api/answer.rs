//! Answers in the form Toxiproxy gives them.

use crate::error::Error;
use crate::spec::LinkView;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// A body of that type.
pub(super) fn typed(status: StatusCode, kind: &'static str, body: String) -> Response {
    let kind = HeaderValue::from_static(kind);
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Plain text, as Go's `http.Error` sends it.
pub(super) fn text(status: StatusCode, body: impl Into<String>) -> Response {
    let mut response = typed(status, "text/plain; charset=utf-8", body.into());
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// No body.
pub(super) fn empty(status: StatusCode) -> Response {
    (status, Body::empty()).into_response()
}

/// `{"error": …, "status": …}`; Toxiproxy sends it as plain text.
pub(super) fn error(error: &Error) -> Response {
    let status = status(error);
    let body = json!({"error": error.to_string(), "status": status.as_u16()});
    text(status, format!("{body}\n"))
}

/// A value, or why there is none.
pub(super) fn value<T: Serialize>(status: StatusCode, result: Result<T, Error>) -> Response {
    match result.map(|value| serde_json::to_string(&value)) {
        Ok(Ok(body)) => typed(status, "application/json", body),
        Ok(Err(failed)) => error(&Error::BadRequest(failed.to_string())),
        Err(failed) => error(&failed),
    }
}

/// 204, or why not.
pub(super) fn nothing(result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(failed) => error(&failed),
    }
}

/// What a populate request did: those links that were done, and the error that ended it.
pub(super) fn populated(done: &[LinkView], failed: Option<&Error>) -> Response {
    let (status, body) = match failed {
        None => (StatusCode::CREATED, json!({"proxies": done})),
        Some(error) => {
            let status = status(error);
            let text = error.to_string();
            (
                status,
                json!({"error": text, "status": status.as_u16(), "proxies": done}),
            )
        }
    };
    typed(status, "application/json", body.to_string())
}

fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
