//! A client on hyper that costs little: each connection is driven by the user who sends on it.
//!
//! A connection that is driven by a task of its own wakes that task for each request and is woken
//! by it for each reply. Here the user's task polls the connection itself, between sending and the
//! last byte, so that nothing but the socket ever wakes it. At rest nobody polls a connection;
//! before it is used again one look tells whether the server has closed it meanwhile.
//!
//! To the system it is the client of the other executor: HTTP/1.1, the same headers, connections
//! kept for 90 s, no redirect followed, no compression, no proxy.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use lab_model::load::Outcome;
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::{Transport, USER_AGENT};
use crate::reply::{Intake, Keep, Reply};

/// How long a connection may rest: as long as the other executor's.
const REST: Duration = Duration::from_secs(90);

/// The connections that all users of a thread share.
#[derive(Debug)]
pub(crate) struct Client {
    hosts: Mutex<Vec<Host>>,
    settings: Builder,
}

/// What is sent to one address.
#[derive(Debug)]
struct Host {
    authority: Authority,
    header: HeaderValue,
    /// Connections at rest: the last one to come is the next to go.
    resting: VecDeque<(Line, Instant)>,
}

/// A connection.
#[derive(Debug)]
struct Line {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
    /// The driver has ended and is not to be polled again.
    over: bool,
}

/// Why a request brought no reply.
enum Fault {
    /// The connection was closed before anything was sent; here is the request.
    Unsent(Box<Request<Full<Bytes>>>),
    /// Somewhere on the way.
    Broken,
}

impl Client {
    /// Without connections.
    pub(crate) fn new() -> Self {
        Self {
            hosts: Mutex::default(),
            settings: Builder::new(),
        }
    }

    /// Completes a request's headers, and takes a connection from those at rest.
    fn take(&self, authority: &Authority, headers: &mut HeaderMap) -> Option<Line> {
        let mut hosts = self.hosts();
        let known = hosts.iter().position(|host| host.authority == *authority);
        let index = known.unwrap_or(hosts.len());
        if known.is_none() {
            hosts.push(Host {
                authority: authority.clone(),
                header: HeaderValue::from_str(authority.as_str()).ok()?,
                resting: VecDeque::new(),
            });
        }
        let host = hosts.get_mut(index)?;
        headers.insert(header::HOST, host.header.clone());
        while let Some((mut line, _)) = host.resting.pop_back() {
            if line.look() {
                return Some(line);
            }
        }
        None
    }

    /// Lays a connection to rest, and ends the one that has rested longest where that is too long.
    fn rest(&self, authority: &Authority, line: Line) {
        let now = Instant::now();
        let mut hosts = self.hosts();
        let Some(host) = hosts.iter_mut().find(|host| host.authority == *authority) else {
            return;
        };
        host.resting.push_back((line, now));
        let too_long = |(_, since): &(Line, Instant)| now.duration_since(*since) > REST;
        if host.resting.front().is_some_and(too_long) {
            host.resting.pop_front();
        }
    }

    async fn connect(&self, authority: &Authority) -> Result<Line, Outcome> {
        let stream = TcpStream::connect(authority.as_str()).await;
        let stream = stream.map_err(|_| Outcome::Connect)?;
        // Where it cannot be set requests are sent all the same.
        let _ = stream.set_nodelay(true);
        let shake = self.settings.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = shake.map_err(|_| Outcome::Connect)?;
        Ok(Line {
            sender,
            driver: Box::pin(driver),
            over: false,
        })
    }

    /// A panic while it was held would have to come from hyper; the connections are still there.
    fn hosts(&self) -> MutexGuard<'_, Vec<Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Client {
    async fn send(&self, request: Request<Bytes>, keep: Keep) -> Result<Reply, Outcome> {
        let mut request = request.map(Full::new);
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        let authority = parts.authority.take().ok_or(Outcome::Connect)?;
        let path = parts.path_and_query.take();
        *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
        let headers = request.headers_mut();
        for (name, value) in [(header::ACCEPT, "*/*"), (header::USER_AGENT, USER_AGENT)] {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        let mut rested = self.take(&authority, headers);
        loop {
            let fresh = rested.is_none();
            let mut line = match rested.take() {
                Some(line) => line,
                None => self.connect(&authority).await?,
            };
            match line.exchange(request, keep).await {
                Ok(reply) => {
                    if line.look() {
                        self.rest(&authority, line);
                    }
                    return Ok(reply);
                }
                // Closed while it rested: nothing was sent, another one may serve.
                Err(Fault::Unsent(again)) if !fresh => request = *again,
                Err(Fault::Unsent(_) | Fault::Broken) => return Err(Outcome::Broken),
            }
        }
    }
}

impl Line {
    /// Whether it can take a request. Lets the driver notice what has happened since it was last
    /// polled; nobody is woken by what happens later.
    fn look(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.over && self.sender.is_ready()
    }

    /// Lets the driver read and write what it can.
    fn drive(&mut self, context: &mut Context<'_>) {
        // An error comes as the end of the reply, too.
        self.over = self.over || self.driver.as_mut().poll(context).is_ready();
    }

    /// Sends a request and takes its reply in to the last byte.
    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        keep: Keep,
    ) -> Result<Reply, Fault> {
        let (head, mut body) = self.head(request).await?.into_parts();
        let mut intake = Intake::new(keep);
        while let Some(piece) = self.piece(&mut body).await? {
            intake.take(&piece);
        }
        Ok(intake.finish(head.status.as_u16(), &head.headers))
    }

    /// The reply's head.
    ///
    /// Only the driver can complete what is waited for here and in [`Line::piece`], and this task
    /// polls it: those need not wake anybody, and must not count against the task's budget, whose
    /// end they would announce to a waker that nobody hears.
    async fn head(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Fault> {
        let mut reply = pin!(unconstrained(self.sender.try_send_request(request)));
        poll_fn(|context| {
            self.over = self.over || self.driver.as_mut().poll(context).is_ready();
            match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(reply) => Poll::Ready(reply.map_err(|mut failed| {
                    failed
                        .take_message()
                        .map_or(Fault::Broken, |request| Fault::Unsent(Box::new(request)))
                })),
                Poll::Pending if self.over => Poll::Ready(Err(Fault::Broken)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// The next piece of the reply's body; `None` behind the last one.
    async fn piece(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Fault> {
        poll_fn(|context| {
            let mut silent = Context::from_waker(Waker::noop());
            let mut frame = Pin::new(&mut *body).poll_frame(&mut silent);
            if frame.is_pending() {
                self.drive(context);
                frame = Pin::new(&mut *body).poll_frame(&mut silent);
            }
            match frame {
                Poll::Ready(None) => Poll::Ready(Ok(None)),
                // Trailers are no part of the body.
                Poll::Ready(Some(Ok(frame))) => {
                    Poll::Ready(Ok(Some(frame.into_data().unwrap_or_default())))
                }
                Poll::Ready(Some(Err(_))) => Poll::Ready(Err(Fault::Broken)),
                Poll::Pending if self.over => Poll::Ready(Err(Fault::Broken)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}
