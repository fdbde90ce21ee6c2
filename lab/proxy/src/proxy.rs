//! The handle: what a program asks of the proxy, from any tokio runtime.

use crate::api::{self, ApiOptions};
use crate::config::Config;
use crate::control::{Control, LinkUpdate, Wanted};
use crate::error::Error;
use crate::events::Listener;
use crate::listen::{Listen, probe};
use crate::observe::Snapshot;
use crate::protocol::tls::Authority;
use crate::spec::{Down, LinkSpec, LinkView, Reach, ToxicSpec, ToxicUpdate, ToxicView};
use crate::worker::{Crew, Threads};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex as StdMutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, oneshot};

/// A running fault proxy.
///
/// A handle is cheap to clone; the proxy ends when the last one is dropped, or, so that one can
/// wait for it, with [`Proxy::shutdown`]. A call that was started is carried out even when its
/// caller stops waiting for it.
#[derive(Clone)]
pub struct Proxy {
    front: Handle,
    authority: Authority,
    control: Arc<Mutex<Control>>,
    /// Absent in the handle that the API server holds.
    owner: Option<Arc<Owner>>,
}

/// Ends the threads.
struct Owner {
    crew: Arc<Crew>,
    running: StdMutex<Option<Running>>,
}

struct Running {
    /// Dropping it ends the front thread.
    stop: oneshot::Sender<()>,
    front: JoinHandle<()>,
    workers: Threads,
}

impl Proxy {
    /// Starts the threads; there is no link yet.
    pub fn start(config: Config) -> io::Result<Self> {
        let (seed, authority) = (config.seed, config.authority.clone());
        let (crew, workers) = Crew::start(config)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let front = thread::Builder::new()
            .name("proxy-front".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                runtime.shutdown_timeout(Duration::ZERO);
            })?;
        let running = Running {
            stop,
            front,
            workers,
        };
        let control = Control::new(Arc::clone(&crew), seed, authority.clone());
        Ok(Self {
            front: handle,
            authority,
            control: Arc::new(Mutex::new(control)),
            owner: Some(Arc::new(Owner {
                crew,
                running: StdMutex::new(Some(running)),
            })),
        })
    }

    /// Opens a link and says where it listens (or will, when it is not enabled).
    pub async fn open(&self, spec: LinkSpec) -> Result<LinkView, Error> {
        let control = Arc::clone(&self.control);
        self.run(async move {
            let listen = Listen::resolve(&spec.listen).await;
            control.lock().await.open(&spec, listen)
        })
        .await
    }

    /// Deletes a link: its connections are closed and its port is free.
    pub async fn close(&self, link: &str) -> Result<(), Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.close(&link).await })
            .await
    }

    /// Sets where a link connects to. Its connections are closed when that changes; while it is
    /// `None`, arriving ones are reset and counted.
    pub async fn set_upstream(&self, link: &str, upstream: Option<&str>) -> Result<(), Error> {
        let (control, link) = self.on(link);
        let upstream = upstream.map(str::to_owned);
        self.run(async move {
            control
                .lock()
                .await
                .set_upstream(&link, upstream.as_deref())
        })
        .await
    }

    /// Takes a link down: its connections are reset, and new ones refused, reset or left without
    /// an answer until it is enabled. Its port stays its own.
    pub async fn disable(&self, link: &str, down: Down) -> Result<(), Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.disable(&link, down).await })
            .await
    }

    /// Brings a link up again.
    pub async fn enable(&self, link: &str) -> Result<(), Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.enable(&link).await })
            .await
    }

    /// Connects to a link once, as a caller does, and says what came of it within `patience`. This
    /// is how one sees that a link refuses or hangs, which no counter can show. The attempt counts
    /// like any other where a link accepts.
    pub async fn probe(&self, link: &str, patience: Duration) -> Result<Reach, Error> {
        let (control, link) = self.on(link);
        self.run(async move {
            let bound = control.lock().await.bound(&link)?;
            Ok(match bound {
                Some(address) => probe(address, patience).await,
                None => Reach::Refused,
            })
        })
        .await
    }

    /// Has TLS of a link's connections to come end in the proxy and begin again, with certificates of
    /// [`Proxy::authority`], or pass. Where it ends, tap and faults of HTTP read what is said inside;
    /// whoever answers for the upstream is taken. What does not begin with TLS passes as it comes.
    pub async fn end_tls(&self, link: &str, ends: bool) -> Result<(), Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.end_tls(&link, ends) })
            .await
    }

    /// Switches the HTTP tap of a link: on for connections to come, off for all.
    pub async fn tap(&self, link: &str, on: bool) -> Result<(), Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.tap(&link, on) })
            .await
    }

    /// One link as it stands.
    pub async fn link(&self, link: &str) -> Result<LinkView, Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.view(&link) })
            .await
    }

    /// All links, by name.
    pub async fn links(&self) -> Result<Vec<LinkView>, Error> {
        let control = Arc::clone(&self.control);
        self.run(async move { Ok(control.lock().await.views()) })
            .await
    }

    /// Adds a toxic. It acts on live connections from now on.
    pub async fn add_toxic(&self, link: &str, toxic: ToxicSpec) -> Result<ToxicView, Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.add_toxic(&link, toxic) })
            .await
    }

    /// Changes attributes or toxicity of a toxic, on live connections too.
    pub async fn update_toxic(
        &self,
        link: &str,
        toxic: &str,
        update: ToxicUpdate,
    ) -> Result<ToxicView, Error> {
        let (control, link) = self.on(link);
        let toxic = toxic.to_owned();
        self.run(async move { control.lock().await.update_toxic(&link, &toxic, &update) })
            .await
    }

    /// Removes a toxic; what it held goes on its way.
    pub async fn remove_toxic(&self, link: &str, toxic: &str) -> Result<(), Error> {
        let (control, link) = self.on(link);
        let toxic = toxic.to_owned();
        self.run(async move { control.lock().await.remove_toxic(&link, &toxic) })
            .await
    }

    /// The toxics of a link: upstream first, then downstream, each in order of insertion.
    pub async fn toxics(&self, link: &str) -> Result<Vec<ToxicView>, Error> {
        Ok(self.link(link).await?.toxics)
    }

    /// One toxic of a link.
    pub async fn toxic(&self, link: &str, toxic: &str) -> Result<ToxicView, Error> {
        let toxics = self.toxics(link).await?;
        let found = toxics.into_iter().find(|found| found.name == toxic);
        found.ok_or(Error::ToxicNotFound)
    }

    /// Enables all links and removes all toxics.
    pub async fn reset(&self) -> Result<(), Error> {
        let control = Arc::clone(&self.control);
        self.run(async move { control.lock().await.reset().await })
            .await
    }

    /// A reading of all counters; see [`Snapshot::since`].
    pub async fn observe(&self) -> Result<Snapshot, Error> {
        let control = Arc::clone(&self.control);
        self.run(async move { Ok(control.lock().await.observe()) })
            .await
    }

    /// Tasks that run now: connections, listeners, and calls that are carried out. What is left
    /// behind shows here.
    pub async fn tasks(&self) -> Result<usize, Error> {
        let control = Arc::clone(&self.control);
        let front = self.front.clone();
        self.run(async move {
            let workers = control.lock().await.tasks();
            Ok(workers + front.metrics().num_alive_tasks())
        })
        .await
    }

    /// Who signs the certificates that faults of TLS show.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Hears every event from now on: what became of links, toxics and connections.
    pub async fn events(&self) -> Result<Listener, Error> {
        let control = Arc::clone(&self.control);
        self.run(async move { Ok(control.lock().await.listen()) })
            .await
    }

    /// Hears what becomes of each request of a link from now on ([`Event::Request`]), of connections
    /// that are not HTTP/1.1 when they end ([`Event::Ended`]), and of callers that reached nobody
    /// ([`Event::Refused`]). What is on its way already is told with what was seen of it. Nobody
    /// listening costs one look at a counter a request.
    ///
    /// [`Event::Request`]: crate::Event::Request
    /// [`Event::Ended`]: crate::Event::Ended
    /// [`Event::Refused`]: crate::Event::Refused
    pub async fn follow(&self, link: &str) -> Result<Listener, Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.follow(&link) })
            .await
    }

    /// Drops the counters of removed toxics, once they were read for the last time.
    pub async fn forget(&self) -> Result<(), Error> {
        let control = Arc::clone(&self.control);
        self.run(async move {
            control.lock().await.forget();
            Ok(())
        })
        .await
    }

    /// Serves Toxiproxy's HTTP API at `host:port` until the proxy ends, and says where.
    pub async fn serve_api(&self, at: &str, options: ApiOptions) -> Result<SocketAddr, Error> {
        let work = api::serve(self.borrowed(), at.to_owned(), options);
        self.run(work).await
    }

    /// Resets all connections and ends all threads. When it returns, every port is free; other
    /// handles get [`Error::Stopped`].
    pub async fn shutdown(&self) {
        let control = Arc::clone(&self.control);
        let _ = self
            .run(async move {
                control.lock().await.close_all().await;
                Ok(())
            })
            .await;
        let running = self.owner.as_ref().and_then(|owner| {
            owner.crew.stop();
            crate::link::held(&owner.running).take()
        });
        let Some(running) = running else { return };
        let (done, ended) = oneshot::channel();
        // Joining blocks, and this must not block the caller's runtime.
        let join = thread::Builder::new().spawn(move || {
            drop(running.stop);
            let _ = running.front.join();
            running.workers.join();
            let _ = done.send(());
        });
        if join.is_ok() {
            let _ = ended.await;
        }
    }

    pub(crate) async fn update(&self, link: &str, update: LinkUpdate) -> Result<LinkView, Error> {
        let (control, link) = self.on(link);
        self.run(async move { control.lock().await.update(&link, update).await })
            .await
    }

    pub(crate) async fn populate(
        &self,
        specs: Vec<LinkSpec>,
    ) -> Result<(Vec<LinkView>, Option<Error>), Error> {
        let control = Arc::clone(&self.control);
        self.run(async move {
            let mut wanted = Vec::with_capacity(specs.len());
            for spec in specs {
                let listen = Listen::resolve(&spec.listen).await;
                if let (true, Err(error)) = (spec.enabled, &listen.address) {
                    return Ok((Vec::new(), Some(error.clone())));
                }
                wanted.push(Wanted { spec, listen });
            }
            Ok(control.lock().await.populate(wanted).await)
        })
        .await
    }

    /// A handle that does not keep the proxy alive.
    pub(crate) fn borrowed(&self) -> Self {
        Self {
            authority: self.authority.clone(),
            owner: None,
            ..self.clone()
        }
    }

    fn on(&self, link: &str) -> (Arc<Mutex<Control>>, String) {
        (Arc::clone(&self.control), link.to_owned())
    }

    /// Carries a call out on the front thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.front.spawn(work).await.unwrap_or(Err(Error::Stopped))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Dropping what runs ends the front thread, and with it every listener.
        self.crew.stop();
    }
}
