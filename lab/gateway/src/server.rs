//! The thread of a gateway: its two listeners, questions to upstreams, a report each second.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lab_model::Name;
use lab_model::event::Event;
use lab_model::gateway::Gateway;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::admin;
use crate::forward::{Body, Gate, forward};
use crate::state::{Question, State};

/// How often a report is made.
const REPORT: Duration = Duration::from_secs(1);
/// What an upstream may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait after a listener failed: descriptors may have run out.
const PAUSE: Duration = Duration::from_millis(50);

/// What a gateway needs.
pub struct Options {
    /// What it serves.
    pub gateway: Gateway,
    /// The address on which callers reach it; a free port is chosen.
    pub host: IpAddr,
    /// Where each callee of its links is reached.
    pub upstreams: BTreeMap<Name, SocketAddr>,
    /// Decides which upstream each request gets.
    pub seed: u64,
    /// What the admin API asks for.
    pub token: String,
    /// Takes changes, and a report each second with requests.
    pub news: Box<dyn Fn(Event) + Send>,
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Running {
    /// Where callers reach it.
    pub address: SocketAddr,
    /// Where its admin API is.
    pub admin: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Ends it with everything that passes it. Blocks until its thread has ended.
    pub fn stop(self) {
        let _ = self.stop.send(());
        // A thread that panicked has ended as well.
        let _ = self.thread.join();
    }
}

/// Starts a gateway; it serves when this returns.
pub fn start(options: Options) -> io::Result<Running> {
    let listen = |host: IpAddr| {
        let listener = StdListener::bind((host, 0))?;
        listener.set_nonblocking(true)?;
        Ok::<_, io::Error>((listener.local_addr()?, listener))
    };
    let (address, callers) = listen(options.host)?;
    let (admin, admins) = listen(Ipv4Addr::LOCALHOST.into())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel();
    let (sender, begun) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("gateway".to_owned())
        .spawn(move || {
            let Options {
                gateway,
                upstreams,
                seed,
                token,
                news,
                ..
            } = options;
            LocalSet::new().block_on(&runtime, async move {
                let keepalive = gateway.keepalive;
                let state = match State::new(gateway, &upstreams, seed, news) {
                    Ok(state) => state,
                    Err(reason) => return drop(sender.send(Err(io::Error::other(reason)))),
                };
                let gate = Rc::new(Gate::new(state, keepalive));
                let listeners = TcpListener::from_std(callers)
                    .and_then(|callers| Ok((callers, TcpListener::from_std(admins)?)));
                match listeners {
                    Ok((callers, admins)) => {
                        serve(&gate, callers, admins, token.into());
                        let _ = sender.send(Ok(()));
                        let _ = stopped.await;
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
            // What is still open ends with the runtime.
        })?;
    begun
        .recv()
        .map_err(|_| io::Error::other("the gateway's thread ended"))??;
    Ok(Running {
        address,
        admin,
        stop,
        thread,
    })
}

fn serve(gate: &Rc<Gate>, callers: TcpListener, admins: TcpListener, token: Rc<str>) {
    let to = Rc::clone(gate);
    spawn_local(accept(callers, move |request| {
        forward(Rc::clone(&to), request)
    }));
    let to = Rc::clone(gate);
    spawn_local(accept(admins, move |request| {
        admin::serve(Rc::clone(&to), Rc::clone(&token), request)
    }));
    for question in gate.state.borrow().questions() {
        spawn_local(ask(Rc::clone(gate), question));
    }
    let gate = Rc::clone(gate);
    spawn_local(async move {
        let mut ticks = interval(REPORT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            gate.state.borrow_mut().report();
        }
    });
}

/// Accepts connections for ever, each served by a task of its own.
async fn accept<S, F>(listener: TcpListener, service: S)
where
    S: Fn(Request<Incoming>) -> F + Clone + 'static,
    F: Future<Output = Response<Body>> + 'static,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        // Small messages must not wait for acknowledgements; where this fails they just may.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        spawn_local(async move {
            let service = service_fn(move |request| {
                let served = service(request);
                async { Ok::<_, Infallible>(served.await) }
            });
            let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is its caller's business.
            let _ = connection.with_upgrades().await;
        });
    }
}

/// Asks an upstream for its health for ever.
async fn ask(gate: Rc<Gate>, question: Question) {
    let mut ticks = interval(question.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let good = timeout(PATIENCE, once(&question)).await.unwrap_or(false);
        gate.state
            .borrow_mut()
            .answered(question.route, question.upstream, good);
    }
}

/// Whether the path answers with a status below 400.
async fn once(question: &Question) -> bool {
    let Ok(stream) = TcpStream::connect(question.address).await else {
        return false;
    };
    let Ok((mut sender, connection)) = client::handshake(TokioIo::new(stream)).await else {
        return false;
    };
    let request = Request::get(&question.path)
        .header("host", question.address.to_string())
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else { return false };
    // The connection is driven beside the request and dropped with it: no task is left behind.
    tokio::select! {
        reply = sender.send_request(request) => {
            reply.is_ok_and(|reply| reply.status().as_u16() < 400)
        }
        _ = connection => ready(false).await,
    }
}
