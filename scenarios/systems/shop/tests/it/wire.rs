//! A wire between two services that can be told to misbehave, and counts what passes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire does to each connection made from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Nothing.
    Pass,
    /// Delays what comes back.
    Late(Duration),
    /// Resets all but every n-th connection once the reply arrives: the request was served.
    ResetExceptEvery(usize),
    /// Resets every n-th connection once the reply arrives: the request was served.
    ResetEvery(usize),
    /// So many bytes per second come back.
    Squeeze(usize),
    /// Refuses connections.
    Down,
}

/// The wire. Dropped, it carries nothing any more.
pub(crate) struct Wire {
    address: SocketAddr,
    behaviour: watch::Sender<Behaviour>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    first_bytes: Mutex<Vec<u8>>,
}

impl Wire {
    /// A wire to `target`.
    pub(crate) async fn to(target: SocketAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = watch::channel(behaviour);
        let seen = Arc::<Seen>::default();
        tokio::spawn(run(listener, target, receiver, Arc::clone(&seen)));
        Self {
            address,
            behaviour: sender,
            seen,
        }
    }

    /// Where the caller has to connect.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what happens to connections made from now on.
    pub(crate) fn set(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Connections accepted so far: requests, unless connections are used again.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The first bytes of every connection, one after the other.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.seen.first_bytes.lock().unwrap()).into_owned()
    }
}

async fn run(
    listener: TcpListener,
    target: SocketAddr,
    mut behaviour: watch::Receiver<Behaviour>,
    seen: Arc<Seen>,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let now = *behaviour.borrow_and_update();
        if now == Behaviour::Down {
            listener = None;
            if behaviour.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match listener.take() {
            Some(open) => open,
            None => TcpListener::bind(address).await.unwrap(),
        };
        tokio::select! {
            changed = behaviour.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((stream, _)) = accepted {
                let number = seen.connections.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(carry(stream, target, now, number, Arc::clone(&seen)));
            },
        }
        listener = Some(open);
    }
}

async fn carry(
    caller: TcpStream,
    target: SocketAddr,
    behaviour: Behaviour,
    number: usize,
    seen: Arc<Seen>,
) {
    let Ok(served) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_target, mut to_target) = served.into_split();
    let requests = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        let mut first = true;
        while let Ok(length @ 1..) = from_caller.read(&mut buffer).await {
            if std::mem::take(&mut first) {
                seen.first_bytes.lock().unwrap().extend(&buffer[..length]);
            }
            if to_target.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
        from_caller
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_target.read(&mut buffer).await {
        let reset = match behaviour {
            Behaviour::ResetEvery(n) => number.is_multiple_of(n),
            Behaviour::ResetExceptEvery(n) => !number.is_multiple_of(n),
            _ => false,
        };
        if reset {
            requests.abort();
            let _ = to_caller.as_ref().set_zero_linger();
            // Without this the half would be closed in order before the reset.
            to_caller.forget();
            return;
        }
        let written = match behaviour {
            Behaviour::Late(delay) => {
                tokio::time::sleep(delay).await;
                to_caller.write_all(&buffer[..length]).await
            }
            Behaviour::Squeeze(rate) => squeeze(&mut to_caller, &buffer[..length], rate).await,
            _ => to_caller.write_all(&buffer[..length]).await,
        };
        if written.is_err() {
            break;
        }
    }
    requests.abort();
}

async fn squeeze(
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    bytes: &[u8],
    rate: usize,
) -> std::io::Result<()> {
    // Twenty pieces a second.
    for piece in bytes.chunks((rate / 20).max(1)) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        to.write_all(piece).await?;
    }
    Ok(())
}
