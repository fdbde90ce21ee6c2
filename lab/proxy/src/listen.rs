//! Listening: addresses as Toxiproxy writes them, ports that stay reserved while a link is down,
//! and the loop that accepts.

use crate::error::Error;
use crate::events::Event;
use crate::link::Link;
use crate::relay::Parked;
use crate::spec::{Down, Reach};
use crate::worker::Crew;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

/// Connections the kernel may queue; it caps this at its own limit.
const BACKLOG: i32 = 4_096;
/// A name to listen on is local: it is known at once or not at all.
const RESOLVE_LIMIT: Duration = Duration::from_millis(500);

/// Peers that vanish without a word are found out, as Toxiproxy's are (Go's default).
pub(crate) fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new().with_time(Duration::from_secs(15))
}

/// How long a probe waits for the reset of a connection that was accepted.
const SETTLED: Duration = Duration::from_millis(50);

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
            // Accepted sockets inherit it.
            socket.set_tcp_keepalive(&keepalive())?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket.into())
        };
        listening()
            .map_err(|error| failed(&self.address.to_string(), format!("bind: {}", text(&error))))
    }
}

/// A port that answers nobody: it listens, and its queue is full.
pub(crate) struct Hanging {
    _listening: Socket,
    _queued: Vec<Socket>,
}

impl Reservation {
    /// Lets connecting to the port hang for as long as the result lives.
    pub(crate) fn hang(&self) -> Result<Hanging, Error> {
        let hanging = || {
            let listening = bind(self.address)?;
            // Linux queues one more than it is asked to, and answers nobody once that one is there.
            listening.listen(0)?;
            let queued = (0..2)
                .map(|_| queue(self.address))
                .collect::<io::Result<_>>()?;
            Ok(Hanging {
                _listening: listening,
                _queued: queued,
            })
        };
        hanging().map_err(|error: io::Error| {
            failed(
                &self.address.to_string(),
                format!("listen: {}", text(&error)),
            )
        })
    }
}

/// Starts connecting to a port of this machine, and does not wait for it.
fn queue(mut address: SocketAddr) -> io::Result<Socket> {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

/// `EINPROGRESS`: the handshake goes on by itself.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

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

fn refused(link: &Link) {
    link.http.refused(Instant::now());
    for events in [&link.events, &link.requests] {
        events.tell(|| Event::Refused {
            link: link.name.clone(),
        });
    }
}

/// Connects once and says what came of it within that time.
pub(crate) async fn probe(mut address: SocketAddr, patience: Duration) -> Reach {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let attempt = async {
        let stream = TcpStream::connect(address).await?;
        // A reset follows at once, or it does not follow.
        match timeout(SETTLED.min(patience), stream.readable()).await {
            Ok(_) => stream.try_read(&mut [0]).map(drop),
            Err(_) => Ok(()),
        }
    };
    match timeout(patience, attempt).await {
        Err(_) => Reach::Hangs,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Reach::Refused,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Reach::Reset,
        Ok(_) => Reach::Open,
    }
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
            refused(&link);
        } else if link.upstream().is_none() {
            let _ = stream.set_zero_linger();
            link.traffic.without_upstream.add(1);
            refused(&link);
        } else {
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = stream.into_std() {
                crew.send(Parked::accepted(stream, Arc::clone(&link)));
            }
        }
    }
}
