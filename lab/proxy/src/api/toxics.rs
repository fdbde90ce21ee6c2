//! The routes of toxics.

use super::links::listed;
use super::{answer, body};
use crate::error::Error;
use crate::proxy::Proxy;
use crate::spec::ToxicView;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;

/// Which kinds of toxics routes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of Toxiproxy; the others can neither be seen nor added. See
    /// [`Kind::is_extension`](crate::Kind::is_extension).
    Toxiproxy,
    /// All of them.
    Every,
}

/// The routes below `{links}/{link}/toxics`.
pub(super) fn routes(links: &str, scope: Scope) -> Router<Proxy> {
    type One = Path<String>;
    type Two = Path<(String, String)>;
    let index = move |State(proxy): State<Proxy>, Path(link): One| async move {
        answer::value(StatusCode::OK, all(&proxy, &link, scope).await)
    };
    let create = move |State(proxy): State<Proxy>, Path(link): One, sent: Bytes| async move {
        answer::value(StatusCode::OK, add(&proxy, &link, &sent, scope).await)
    };
    let show = move |State(proxy): State<Proxy>, Path((link, toxic)): Two| async move {
        answer::value(StatusCode::OK, find(&proxy, &link, &toxic, scope).await)
    };
    let update = move |State(proxy): State<Proxy>, Path((link, toxic)): Two, sent: Bytes| async move {
        let changed = change(&proxy, &link, &toxic, &sent, scope).await;
        answer::value(StatusCode::OK, changed)
    };
    let remove = move |State(proxy): State<Proxy>, Path((link, toxic)): Two| async move {
        answer::nothing(take(&proxy, &link, &toxic, scope).await)
    };
    Router::new()
        .route(&format!("{links}/{{link}}/toxics"), get(index).post(create))
        .route(
            &format!("{links}/{{link}}/toxics/{{toxic}}"),
            get(show).post(update).patch(update).delete(remove),
        )
}

async fn all(proxy: &Proxy, link: &str, scope: Scope) -> Result<Vec<ToxicView>, Error> {
    Ok(listed(proxy.link(link).await?, scope).toxics)
}

async fn add(proxy: &Proxy, link: &str, sent: &[u8], scope: Scope) -> Result<ToxicView, Error> {
    proxy.link(link).await?;
    proxy.add_toxic(link, body::toxic(sent, scope)?).await
}

async fn find(proxy: &Proxy, link: &str, toxic: &str, scope: Scope) -> Result<ToxicView, Error> {
    let found = all(proxy, link, scope).await?;
    let found = found.into_iter().find(|found| found.name == toxic);
    found.ok_or(Error::ToxicNotFound)
}

async fn change(
    proxy: &Proxy,
    link: &str,
    toxic: &str,
    sent: &[u8],
    scope: Scope,
) -> Result<ToxicView, Error> {
    find(proxy, link, toxic, scope).await?;
    let update = body::toxic_update(sent)?;
    proxy.update_toxic(link, toxic, update).await
}

async fn take(proxy: &Proxy, link: &str, toxic: &str, scope: Scope) -> Result<(), Error> {
    find(proxy, link, toxic, scope).await?;
    proxy.remove_toxic(link, toxic).await
}
