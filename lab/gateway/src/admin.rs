//! The API for routes, flags and figures. It has a port and a token of its own and knows nothing of
//! faults, so that whoever rehearses may be given it.
//!
//! | request | does |
//! |---|---|
//! | `GET /routes`, `GET /routes/{route}` | shows routes with their shares and health |
//! | `PATCH /routes/{route}` `{"shares":{"service":"5%"}}` | sets shares; the others divide the rest |
//! | `GET /flags`, `GET /flags/{flag}` | shows flags; needs no token |
//! | `PUT /flags/{flag}` `{"value":"on"}` | gives a flag another value |
//! | `GET /figures?seconds=10` | requests, failures and times of the last seconds, by upstream |
//! | `POST /services/{service}/restart` | asks whoever runs the system to start a service again |
//!
//! The token comes as `authorization: Bearer …`; `x-lab-by` says who acts, for the journal. Errors
//! are `{"error":{"message":…,"help":…}}`.

use std::collections::BTreeMap;
use std::rc::Rc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use lab_model::Ratio;
use serde::Deserialize;
use serde_json::json;

use crate::forward::{Body, Gate, reply, words};
use crate::state::Refusal;

/// The largest body of a change, in bytes.
const LARGEST: usize = 64 << 10;
/// The window of figures where none is asked for, in seconds.
const SECONDS: u64 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shares {
    shares: BTreeMap<String, Ratio>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    value: String,
}

/// Serves one request.
pub(crate) async fn serve(
    gate: Rc<Gate>,
    token: Rc<str>,
    request: Request<Incoming>,
) -> Response<Body> {
    match answer(&gate, &token, request).await {
        Ok(value) => reply(StatusCode::OK, &value),
        Err(refusal) => words(&refusal),
    }
}

async fn answer(
    gate: &Gate,
    token: &str,
    request: Request<Incoming>,
) -> Result<serde_json::Value, Refusal> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let reads_flags = head.method == Method::GET && parts.first() == Some(&"flags");
    if !reads_flags && !is_allowed(&head.headers, token) {
        let help =
            "send `authorization: Bearer TOKEN`; it stands in gateway.json of the run's folder";
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong",
            help,
        ));
    }
    let by = head
        .headers
        .get("x-lab-by")
        .and_then(|value| value.to_str().ok());
    let by = by.filter(|by| !by.is_empty()).unwrap_or("admin").to_owned();
    let state = &gate.state;
    match (&head.method, parts.as_slice()) {
        (&Method::GET, ["routes"]) => state.borrow().show(None),
        (&Method::GET, ["routes", route]) => state.borrow().show(Some(route)),
        (&Method::PATCH, ["routes", route]) => {
            let Shares { shares } = read(body).await?;
            let shares = shares
                .into_iter()
                .map(|(name, share)| (name, share.get()))
                .collect();
            let change = state.borrow_mut().set_shares(route, &shares, &by)?;
            Ok(json!(change))
        }
        (&Method::GET, ["flags"]) => Ok(state.borrow().show_flags()),
        (&Method::GET, ["flags", flag]) => state.borrow().show_flag(flag),
        (&Method::PUT, ["flags", flag]) => {
            let Value { value } = read(body).await?;
            let change = state.borrow_mut().set_flag(flag, &value, &by)?;
            Ok(json!(change))
        }
        (&Method::POST, ["services", service, "restart"]) => state.borrow().restart(service, &by),
        (&Method::GET, ["figures"]) => Ok(state.borrow().figures(seconds(head.uri.query())?)),
        _ => {
            let message = format!("nothing is served at {} {path}", head.method);
            let help = "there is /routes, /flags, /figures and /services/{service}/restart";
            Err(Refusal::new(StatusCode::NOT_FOUND, message, help))
        }
    }
}

/// Compares without telling by its time how much of the token was right.
fn is_allowed(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes);
    let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
    given.is_some_and(|given| {
        let differences = given
            .iter()
            .zip(token.as_bytes())
            .fold(0, |all, (a, b)| all | (a ^ b));
        given.len() == token.len() && differences == 0
    })
}

fn seconds(query: Option<&str>) -> Result<u64, Refusal> {
    let Some(query) = query else {
        return Ok(SECONDS);
    };
    let given = query
        .strip_prefix("seconds=")
        .and_then(|text| text.parse().ok());
    given.ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("`{query}` is no window"),
            "seconds=10",
        )
    })
}

async fn read<T: serde::de::DeserializeOwned>(body: Incoming) -> Result<T, Refusal> {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, message, "");
    let body = Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(|e| bad(e.to_string()))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| bad(error.to_string()))
}
