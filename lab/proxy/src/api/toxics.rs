//! The routes of toxics.

use super::links::without_extensions;
use super::{answer, body};
use crate::error::Error;
use crate::proxy::Proxy;
use crate::spec::ToxicView;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

/// `GET /proxies/{link}/toxics`
pub(super) async fn index(State(proxy): State<Proxy>, Path(link): Path<String>) -> Response {
    answer::value(StatusCode::OK, listed(&proxy, &link).await)
}

/// `POST /proxies/{link}/toxics`
pub(super) async fn create(
    State(proxy): State<Proxy>,
    Path(link): Path<String>,
    sent: Bytes,
) -> Response {
    answer::value(StatusCode::OK, add(&proxy, &link, &sent).await)
}

async fn add(proxy: &Proxy, link: &str, sent: &[u8]) -> Result<ToxicView, Error> {
    proxy.link(link).await?;
    proxy.add_toxic(link, body::toxic(sent)?).await
}

async fn listed(proxy: &Proxy, link: &str) -> Result<Vec<ToxicView>, Error> {
    Ok(without_extensions(proxy.link(link).await?).toxics)
}

async fn find(proxy: &Proxy, link: &str, toxic: &str) -> Result<ToxicView, Error> {
    let listed = listed(proxy, link).await?;
    let found = listed.into_iter().find(|found| found.name == toxic);
    found.ok_or(Error::ToxicNotFound)
}

/// `GET /proxies/{link}/toxics/{toxic}`
pub(super) async fn show(
    State(proxy): State<Proxy>,
    Path((link, toxic)): Path<(String, String)>,
) -> Response {
    answer::value(StatusCode::OK, find(&proxy, &link, &toxic).await)
}

/// `POST` or `PATCH /proxies/{link}/toxics/{toxic}`
pub(super) async fn update(
    State(proxy): State<Proxy>,
    Path((link, toxic)): Path<(String, String)>,
    sent: Bytes,
) -> Response {
    answer::value(StatusCode::OK, change(&proxy, &link, &toxic, &sent).await)
}

async fn change(proxy: &Proxy, link: &str, toxic: &str, sent: &[u8]) -> Result<ToxicView, Error> {
    find(proxy, link, toxic).await?;
    let update = body::toxic_update(sent)?;
    proxy.update_toxic(link, toxic, update).await
}

/// `DELETE /proxies/{link}/toxics/{toxic}`
pub(super) async fn remove(
    State(proxy): State<Proxy>,
    Path((link, toxic)): Path<(String, String)>,
) -> Response {
    let removed = match find(&proxy, &link, &toxic).await {
        Ok(_) => proxy.remove_toxic(&link, &toxic).await,
        Err(error) => Err(error),
    };
    answer::nothing(removed)
}
