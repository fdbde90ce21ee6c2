//! Listening: addresses as Toxiproxy writes them, ports that stay reserved while a link is down,
//! and the loop that accepts.

use crate::error::Error;
use crate::link::Link;
use crate::relay::Parked;
use crate::spec::Down;
use crate::worker::Crew;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, lookup_host};
use tokio::time::{sleep, timeout};

/// Connections the kernel may queue; it caps this at its own limit.
const BACKLOG: i32 = 4_096;
/// A name to listen on is local: it is known at once or not at all.
const RESOLVE_LIMIT: Duration = Duration::from_millis(500);

/// Where a link is to listen: a name, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    /// As it was asked for.
    pub(crate) asked: String,
    pub(crate) address: Result<SocketAddr, Error>,
}

impl Listen {
    /// Resolves `host:port`; a missing host means any address, "" any address and port.
    pub(crate) async fn resolve(asked: &str) -> Self {
        let address = match asked.rsplit_once(':') {
            _ if asked.is_empty() => Ok((Ipv6Addr::UNSPECIFIED, 0).into()),
            None => Err(failed(
                asked,
                format!("address {asked}: missing port in address"),
            )),
            Some(("", port)) => port
                .parse()
                .map(|port: u16| (Ipv6Addr::UNSPECIFIED, port).into())
                .map_err(|_| failed(asked, format!("address {port}: invalid port"))),
            Some(_) => lookup(asked).await,
        };
        let asked = asked.to_owned();
        Self { asked, address }
    }

    /// How it is shown while nothing listens yet.
    pub(crate) fn shown(&self) -> String {
        match &self.address {
            Ok(address) if address.port() != 0 => address.to_string(),
            _ => self.asked.clone(),
        }
    }
}

async fn lookup(asked: &str) -> Result<SocketAddr, Error> {
    let found = match timeout(RESOLVE_LIMIT, lookup_host(asked)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(failed(asked, text(&error))),
        Err(_) => return Err(failed(asked, "lookup timed out".to_owned())),
    };
    let found: Vec<_> = found.collect();
    let preferred = found.iter().find(|address| address.is_ipv4());
    preferred
        .or(found.first())
        .copied()
        .ok_or_else(|| failed(asked, "no such host".to_owned()))
}

fn failed(asked: &str, reason: String) -> Error {
    Error::Listen {
        address: asked.to_owned(),
        reason,
    }
}

/// The system's message as Go words it: lower case, without the number.
fn text(error: &io::Error) -> String {
    let message = error.to_string();
    let message = message.split(" (os error").next().unwrap_or_default();
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// A port that belongs to a link: bound, but not listening, so that nobody else gets it while the
/// link is down and callers are refused.
pub(crate) struct Reservation {
    _socket: Socket,
    pub(crate) address: SocketAddr,
}

impl Reservation {
    /// Takes a port.
    pub(crate) fn take(address: SocketAddr) -> Result<Self, Error> {
        let bound = bind(address).or_else(|error| {
            // Without IPv6, any address is any IPv4 address.
            match address {
                SocketAddr::V6(any) if any.ip().is_unspecified() => {
                    bind(([0, 0, 0, 0], address.port()).into())
                }
                _ => Err(error),
            }
        });
        bound
            .and_then(|socket| {
                let local = socket.local_addr()?;
                let address = local
                    .as_socket()
                    .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
                Ok(Self {
                    _socket: socket,
                    address,
                })
            })
            .map_err(|error| failed(&address.to_string(), format!("bind: {}", text(&error))))
    }

    /// Starts listening on it; has to be called on the runtime that accepts.
    pub(crate) fn listen(&self) -> Result<TcpListener, Error> {
        let listening = || {
            let socket = bind(self.address)?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket.into())
        };
        listening()
            .map_err(|error| failed(&self.address.to_string(), format!("bind: {}", text(&error))))
    }
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if let SocketAddr::V6(any) = address
        && any.ip().is_unspecified()
    {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Accepts until it is aborted, and hands each connection on. While the link is down it resets
/// and counts them.
pub(crate) async fn accept(
    listener: TcpListener,
    link: Arc<Link>,
    crew: Arc<Crew>,
    down: Option<Down>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: let some close instead of spinning.
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        if down.is_some() {
            let _ = stream.set_zero_linger();
            link.down.refused.add(1);
        } else if link.upstream().is_none() {
            let _ = stream.set_zero_linger();
            link.traffic.without_upstream.add(1);
        } else {
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = stream.into_std() {
                crew.send(Parked::accepted(stream, Arc::clone(&link)));
            }
        }
    }
}
