//! Connecting to the upstream, without ever holding up anything but its own connection.

use super::Leash;
use crate::link::Link;
use crate::listen::keepalive;
use socket2::SockRef;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;

/// Connects to where the link points now; the name is resolved anew each time. `None` when it
/// fails, takes longer than `limit`, or the connection is cut meanwhile.
pub(super) async fn dial(link: &Link, leash: &Leash, limit: Duration) -> Option<TcpStream> {
    let upstream = link.upstream()?;
    let connecting = tokio::time::timeout(limit, TcpStream::connect(&*upstream));
    let mut connecting = pin!(connecting);
    let connected = poll_fn(|context| {
        leash.attach(context.waker());
        if leash.verdict().is_some() {
            return Poll::Ready(None);
        }
        connecting
            .as_mut()
            .poll(context)
            .map(|result| result.ok()?.ok())
    });
    let stream = connected.await?;
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive());
    Some(stream)
}
