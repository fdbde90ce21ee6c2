//! The routes of links, which Toxiproxy calls proxies.

use super::toxics::Scope;
use super::{answer, body};
use crate::control::LinkUpdate;
use crate::error::Error;
use crate::listen::Listen;
use crate::proxy::Proxy;
use crate::spec::LinkView;
use crate::toxics::is_extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;

/// A link with the toxics that a caller can read.
pub(super) fn listed(mut link: LinkView, scope: Scope) -> LinkView {
    if scope == Scope::Toxiproxy {
        link.toxics.retain(|toxic| !is_extension(&toxic.kind));
    }
    link
}

/// A link as Toxiproxy's clients can read it.
fn for_toxiproxy(link: LinkView) -> LinkView {
    listed(link, Scope::Toxiproxy)
}

/// `GET /proxies`
pub(super) async fn index(State(proxy): State<Proxy>) -> Response {
    let by_name = |links: Vec<LinkView>| {
        let listed = links.into_iter().map(for_toxiproxy);
        let named = listed.map(|link| (link.name.clone(), link));
        named.collect::<BTreeMap<_, _>>()
    };
    answer::value(StatusCode::OK, proxy.links().await.map(by_name))
}

/// `POST /proxies`
pub(super) async fn create(State(proxy): State<Proxy>, sent: Bytes) -> Response {
    let opened = match body::link(&sent) {
        Ok(spec) => proxy.open(spec).await,
        Err(error) => Err(error),
    };
    answer::value(StatusCode::CREATED, opened)
}

/// `GET /proxies/{link}`
pub(super) async fn show(State(proxy): State<Proxy>, Path(link): Path<String>) -> Response {
    let found = proxy.link(&link).await;
    answer::value(StatusCode::OK, found.map(for_toxiproxy))
}

/// `POST` or `PATCH /proxies/{link}`
pub(super) async fn update(
    State(proxy): State<Proxy>,
    Path(link): Path<String>,
    sent: Bytes,
) -> Response {
    answer::value(StatusCode::OK, change(&proxy, &link, &sent).await)
}

async fn change(proxy: &Proxy, link: &str, sent: &[u8]) -> Result<LinkView, Error> {
    proxy.link(link).await?;
    let fields = body::LinkFields::parse(sent)?;
    let listen = match &fields.listen {
        Some(listen) => Some(Listen::resolve(listen).await),
        None => None,
    };
    let update = LinkUpdate {
        listen,
        upstream: fields.upstream,
        enabled: fields.enabled,
    };
    proxy.update(link, update).await.map(for_toxiproxy)
}

/// `DELETE /proxies/{link}`
pub(super) async fn remove(State(proxy): State<Proxy>, Path(link): Path<String>) -> Response {
    answer::nothing(proxy.close(&link).await)
}

/// `POST /populate`
pub(super) async fn populate(State(proxy): State<Proxy>, sent: Bytes) -> Response {
    let outcome = match body::links(&sent) {
        Ok(specs) => proxy.populate(specs).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok((done, failed)) => {
            let done: Vec<_> = done.into_iter().map(for_toxiproxy).collect();
            answer::populated(&done, failed.as_ref())
        }
        Err(error) => answer::populated(&[], Some(&error)),
    }
}
