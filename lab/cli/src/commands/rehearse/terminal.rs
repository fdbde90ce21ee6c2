//! The user's terminal, lent to the shell and recorded.

use std::io;
use std::path::Path;

use lab_drivers::seat::{Cast, Header, Seat, Shell, Terminal};
use lab_engine::Stop;
use lab_engine::stop::Urgency;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What the shell is given.
pub(super) struct Equipment {
    /// Where the parts of the system are.
    pub(super) variables: Vec<(String, String)>,
    /// What is never recorded.
    pub(super) secrets: Vec<String>,
}

/// What it takes to lend a terminal.
pub(super) struct Lent<'a> {
    pub(super) program: &'a Path,
    /// The run's folder.
    pub(super) folder: &'a Path,
    pub(super) equipment: Equipment,
    pub(super) title: String,
    /// When the journal was opened, in seconds since 1970.
    pub(super) timestamp: i64,
    /// The same on the clock that everything is stamped by.
    pub(super) origin: Instant,
    /// Completes when the seat has to be given back.
    pub(super) over: oneshot::Receiver<()>,
    pub(super) stop: &'a Stop,
}

/// Lends the terminal to the user's shell until that ends, or has to.
pub(super) async fn lend(lent: Lent<'_>) -> io::Result<()> {
    let Equipment { variables, secrets } = lent.equipment;
    let shell = std::env::var_os("SHELL");
    let shell = Shell::prepare(lent.program, lent.folder, shell, variables)?;
    let size = Terminal::size();
    let header = Header {
        size,
        timestamp: lent.timestamp,
        title: lent.title,
    };
    let mut cast = Cast::create(lent.folder, &header, &secrets)?;
    let mut sizes = signal(SignalKind::window_change())?;
    let mut terminal = Terminal::lend()?;
    let (mut seat, mut output) = Seat::take(lent.program, lent.folder, &shell, size)?;
    let mut over = lent.over;
    let mut bytes = vec![0; 16 << 10];
    let (mut typing, mut mine) = (true, true);
    loop {
        tokio::select! {
            biased;
            // Once said, it is not asked again.
            _ = &mut over, if mine => {
                mine = false;
                seat.end();
            }
            _ = lent.stop.at_least(Urgency::Orderly), if mine => {
                mine = false;
                seat.end();
            }
            read = output.read(&mut bytes) => match read? {
                0 => break,
                read => {
                    terminal.show(&bytes[..read]);
                    cast.shown(lent.origin.elapsed(), &bytes[..read])?;
                }
            },
            keys = terminal.keys.recv(), if typing => match keys {
                // A shell that has just ended hears no more.
                Some(keys) => drop(seat.typed(&keys).await),
                None => typing = false,
            },
            _ = sizes.recv() => {
                let size = Terminal::size();
                cast.resized(lent.origin.elapsed(), size)?;
                let _ = seat.resize(size).await;
            }
        }
    }
    seat.end();
    seat.ended().await?;
    cast.end(lent.origin.elapsed())
}
