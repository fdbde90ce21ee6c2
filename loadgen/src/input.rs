//! The lab's end of the protocol: lines on standard input, read by a thread of their own.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use lab_wire::ToGenerator;

use crate::session::Signal;

/// The longest line, in bytes. An assignment takes a few thousand.
const LONGEST_LINE: u64 = 16 << 20;

/// How long the session may take to end once the input has ended. It needs a few milliseconds,
/// unless nobody reads its output.
const GRACE: Duration = Duration::from_millis(500);

/// The session's inbox, and its address for others who have something to say.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// Signals in the order they came.
    pub(crate) signals: Receiver<Signal>,
    /// Sends to it.
    pub(crate) sender: Sender<Signal>,
}

/// Starts reading standard input into an inbox.
pub(crate) fn listen() -> Inbox {
    let (sender, signals) = mpsc::channel();
    let lines = sender.clone();
    // Without this thread nothing can be said to the generator: let the caller's first wait fail.
    let _ = thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            read(&mut BufReader::new(io::stdin()), &lines);
            thread::sleep(GRACE);
            leave();
        });
    Inbox { signals, sender }
}

/// Reads to the end of the input, a stop, or the first line that is none.
fn read(input: &mut impl BufRead, session: &Sender<Signal>) {
    loop {
        let signal = next(input);
        let is_last = !matches!(
            signal,
            Signal::Said(
                ToGenerator::Prepare(_) | ToGenerator::Start { .. } | ToGenerator::Change { .. }
            )
        );
        if session.send(signal).is_err() || is_last {
            return;
        }
    }
}

fn next(input: &mut impl BufRead) -> Signal {
    let mut line = Vec::new();
    match input.take(LONGEST_LINE).read_until(b'\n', &mut line) {
        Err(error) => return Signal::Garbled(format!("failed to read a line: {error}")),
        Ok(0) => return Signal::HungUp,
        Ok(_) if line.last() != Some(&b'\n') => {
            return Signal::Garbled(format!("a line without an end, {} bytes", line.len()));
        }
        Ok(_) => {}
    }
    match serde_json::from_slice(&line) {
        Ok(message) => Signal::Said(message),
        Err(error) => Signal::Garbled(format!("a line that is no message: {error}")),
    }
}

/// The one place where the process ends other than by returning from `main`: the lab has hung up
/// or said stop, and the session, which would have returned long ago, is stuck writing to a pipe
/// that nobody empties. There is no one left to be polite to.
#[expect(
    clippy::exit,
    reason = "the main thread is blocked in a write; no other call ends it"
)]
fn leave() {
    std::process::exit(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: &[&str]) {
        let (sender, signals) = mpsc::channel();
        read(&mut BufReader::new(input), &sender);
        let seen: Vec<String> = signals
            .try_iter()
            .map(|signal| match signal {
                Signal::Said(message) => format!("{message:?}"),
                Signal::Garbled(reason) => reason.split(':').next().unwrap_or_default().to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn lines() {
        check(b"", &["HungUp"]);
        check(b"\"stop\"\n\"stop\"\n", &["Stop"]);
        check(
            b"{\"start\":{\"monotonic_nanos\":5}}\n",
            &["Start { monotonic_nanos: 5 }", "HungUp"],
        );
        check(b"\n", &["a line that is no message"]);
        check(b"{}\n", &["a line that is no message"]);
        check(b"\xff\xfe\n", &["a line that is no message"]);
        check(
            b"{\"prepare\":{\"version\":1}}\n",
            &["a line that is no message"],
        );
        check(b"\"stop\"", &["a line without an end, 6 bytes"]);
    }

    #[test]
    fn an_endless_line_is_not_read_to_its_end() {
        let (sender, signals) = mpsc::channel();
        read(&mut BufReader::new(io::repeat(b'[')), &sender);
        assert!(matches!(signals.try_recv(), Ok(Signal::Garbled(_))));
    }
}
