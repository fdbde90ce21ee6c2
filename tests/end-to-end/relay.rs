//! A relay in front of the container engine's socket, which can be cut and mended: for whoever
//! looks through it the engine stops and comes back. It can also keep what is there, by cutting
//! whoever asks for a removal.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lab_tests::engine;

#[derive(Default)]
struct State {
    cut: AtomicBool,
    keeps: AtomicBool,
    open: Mutex<Vec<UnixStream>>,
}

/// A relay that runs until the test's process ends.
pub(crate) struct Relay(Arc<State>);

impl Relay {
    pub(crate) fn start(at: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(at)?;
        let state = Arc::new(State::default());
        let relay = Self(Arc::clone(&state));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                // One that cannot be served is closed, as it is dropped.
                let _ = serve(&stream, &state);
            }
        });
        Ok(relay)
    }

    /// Ends every connection, and every new one at once.
    pub(crate) fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        let open = std::mem::take(&mut *self.0.open.lock().unwrap_or_else(PoisonError::into_inner));
        for stream in open {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on nothing is removed.
    pub(crate) fn keep(&self) {
        self.0.keeps.store(true, Ordering::SeqCst);
    }

    /// Lets connections and removals through again.
    pub(crate) fn mend(&self) {
        self.0.cut.store(false, Ordering::SeqCst);
        self.0.keeps.store(false, Ordering::SeqCst);
    }
}

fn serve(stream: &UnixStream, state: &Arc<State>) -> io::Result<()> {
    if state.cut.load(Ordering::SeqCst) {
        return Ok(());
    }
    let address = engine::address();
    let upstream = UnixStream::connect(address.trim_start_matches("unix://"))?;
    let mut open = state.open.lock().unwrap_or_else(PoisonError::into_inner);
    open.extend([stream.try_clone()?, upstream.try_clone()?]);
    let (asks, engine) = (stream.try_clone()?, upstream.try_clone()?);
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        let _ = forward(&asks, &engine, &state);
        let _ = engine.shutdown(Shutdown::Write);
    });
    let (mut asks, mut engine) = (stream.try_clone()?, upstream);
    std::thread::spawn(move || {
        let _ = io::copy(&mut engine, &mut asks);
        let _ = asks.shutdown(Shutdown::Write);
    });
    Ok(())
}

/// Requests, up to the first one that may not pass.
fn forward(mut asks: &UnixStream, mut engine: &UnixStream, state: &State) -> io::Result<()> {
    let mut chunk = [0; 16 << 10];
    loop {
        let read = asks.read(&mut chunk)?;
        // A client writes the head of a request at once.
        let removes = chunk[..read].starts_with(b"DELETE ");
        if removes && state.keeps.load(Ordering::SeqCst) {
            return asks.shutdown(Shutdown::Both);
        }
        if read == 0 {
            return Ok(());
        }
        engine.write_all(&chunk[..read])?;
    }
}
