//! How fast the machine itself is while a run goes on: round trips of a fixed echo over loopback,
//! through no fault, twenty a second. Runs are compared relative to it.

use std::time::Duration;

use lab_engine::seam::{Signal, Signals};
use lab_model::{Histogram, Span};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Between two round trips.
const PAUSE: Duration = Duration::from_millis(50);
/// Round trips of one report.
const REPORT: u64 = 20;
/// What is echoed.
const BYTES: usize = 256;

/// Measures until it is dropped. A machine on which it cannot measure has no calibration, which a
/// comparison says.
#[derive(Debug)]
pub(crate) struct Calibration(JoinHandle<()>);

impl Calibration {
    /// Begins at once; every second's round trips come as a signal.
    pub(crate) fn start(signals: Signals) -> Self {
        Self(tokio::spawn(async move {
            // Ends with the first error; what was measured stands.
            let _ = measure(signals).await;
        }))
    }
}

impl Drop for Calibration {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn measure(signals: Signals) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let echo = async move {
        let (mut stream, _) = listener.accept().await?;
        let mut bytes = [0; BYTES];
        loop {
            stream.read_exact(&mut bytes).await?;
            stream.write_all(&bytes).await?;
        }
    };
    let ask = async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut pauses = interval(PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut bytes = [7; BYTES];
        let mut times = Histogram::new();
        loop {
            pauses.tick().await;
            let before = Instant::now();
            stream.write_all(&bytes).await?;
            stream.read_exact(&mut bytes).await?;
            times.record(Span::from(before.elapsed()));
            if times.count() == REPORT {
                let report = Signal::Calibration(std::mem::take(&mut times));
                if signals.send(report).is_err() {
                    return Ok(());
                }
            }
        }
    };
    tokio::select! {
        ended = echo => ended,
        ended = ask => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    #[tokio::test]
    async fn round_trips_are_reported() {
        let (sender, mut reports) = unbounded_channel();
        let calibration = Calibration::start(sender);
        let report = reports.recv().await.unwrap();
        let Signal::Calibration(times) = report else {
            panic!("{report:?}");
        };
        assert_eq!(times.count(), REPORT);
        drop(calibration);
    }
}
