//! A relay in front of the container engine's socket, which can be cut and mended: for whoever
//! looks through it the engine stops and comes back.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lab_tests::engine;

#[derive(Default)]
struct State {
    cut: AtomicBool,
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

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.0.cut.store(false, Ordering::SeqCst);
    }
}

fn serve(stream: &UnixStream, state: &State) -> io::Result<()> {
    if state.cut.load(Ordering::SeqCst) {
        return Ok(());
    }
    let address = engine::address();
    let upstream = UnixStream::connect(address.trim_start_matches("unix://"))?;
    let mut open = state.open.lock().unwrap_or_else(PoisonError::into_inner);
    open.extend([stream.try_clone()?, upstream.try_clone()?]);
    for (from, to) in [(stream, &upstream), (&upstream, stream)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}
