//! goose's client: reqwest, shared by all users.

use bytes::Bytes;
use http::Request;
use lab_model::load::Outcome;

use super::{Transport, USER_AGENT};
use crate::reply::{Intake, Keep, Reply};

impl Transport for reqwest::Client {
    async fn send(&self, request: Request<Bytes>, keep: Keep) -> Result<Reply, Outcome> {
        let (parts, body) = request.into_parts();
        // The script's addresses were parsed before the load began.
        let url = reqwest::Url::parse(&parts.uri.to_string()).map_err(|_| Outcome::Connect)?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        let mut response = self.execute(request).await.map_err(|error| {
            if error.is_connect() {
                Outcome::Connect
            } else {
                Outcome::Broken
            }
        })?;
        let mut intake = Intake::new(keep);
        while let Some(piece) = response.chunk().await.map_err(|_| Outcome::Broken)? {
            intake.take(&piece);
        }
        Ok(intake.finish(response.status().as_u16(), response.headers()))
    }
}

/// The client that all users share: connections are pooled, and nothing happens that the scenario
/// did not ask for.
///
/// No proxy from the environment, no redirect followed (a redirect is the step's reply), no
/// compression, HTTP/1.1, no timeout of its own (steps have theirs).
pub(crate) fn shared_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .http1_only()
        .user_agent(USER_AGENT)
        .build()
}
