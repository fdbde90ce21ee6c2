//! A server whose latency is known: a thread a connection, sleeping to the microsecond.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lab_model::{Histogram, Span};

/// How long an answer takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// Always so long.
    Serves(Duration),
    /// What arrives in `[from, until)` is answered so long after `until`, everything else at once
    /// so long after it came.
    Stalls {
        service: Duration,
        from: Instant,
        until: Instant,
    },
    /// For ever.
    Hangs,
}

/// What a server saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    /// From a request's last byte to its reply's first.
    pub(crate) service: Histogram,
}

/// A running server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<(Behaviour, Seen)>>,
}

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello world\n";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

impl Server {
    pub(crate) fn start(behaviour: Behaviour) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self {
            address: listener.local_addr()?,
            state: Arc::new(Mutex::new((behaviour, Seen::default()))),
        };
        let own = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                let serve = move || own.serve(stream);
                // Out of threads: the connection breaks, and the measurement shows it.
                let _ = thread::Builder::new().stack_size(128 << 10).spawn(serve);
            }
        });
        Ok(server)
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.with(|(now, _)| *now = behaviour);
    }

    pub(crate) fn seen(&self) -> Seen {
        self.with(|(_, seen)| seen.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut (Behaviour, Seen)) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, mut stream: TcpStream) {
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let _ = stream.set_nodelay(true);
        let mut buffer = Vec::new();
        let mut chunk = [0; 4_096];
        loop {
            while let Some(end) = buffer
                .windows(END_OF_HEAD.len())
                .position(|window| window == END_OF_HEAD)
            {
                let came = Instant::now();
                buffer.drain(..end + END_OF_HEAD.len());
                let behaviour = self.with(|(behaviour, seen)| {
                    seen.requests += 1;
                    *behaviour
                });
                let answer = match behaviour {
                    Behaviour::Stalls {
                        service,
                        from,
                        until,
                    } if from <= came && came < until => until + service,
                    Behaviour::Serves(service) | Behaviour::Stalls { service, .. } => {
                        came + service
                    }
                    Behaviour::Hangs => came + Duration::from_secs(86_400),
                };
                thread::sleep(answer.saturating_duration_since(came));
                self.with(|(_, seen)| seen.service.record(Span::from(came.elapsed())));
                if stream.write_all(REPLY).is_err() {
                    return;
                }
            }
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            }
        }
    }
}
