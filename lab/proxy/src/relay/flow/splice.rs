//! Moving bytes from socket to socket inside the kernel, for streams that are large enough.
//!
//! A pipe is only filled when it is empty. So "would block" while filling means that the source
//! has nothing, and while draining that the destination is full.

use super::pipe::{PIPE, Pipe};
use super::{Ending, Flow, Io};
use rustix::pipe::{SpliceFlags, splice};
use std::io;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// A read of that size counts as large.
const LARGE: usize = 64 << 10;
/// Large reads in a row until splicing starts, and small ones until it ends.
const LARGE_READS: u8 = 2;
const SMALL_READS: u8 = 16;

/// Whether a direction splices, decided by the size of its reads.
#[derive(Debug, Default)]
pub(super) struct Habit {
    splices: bool,
    /// Reads in a row that speak for the other way.
    against: u8,
}

impl Habit {
    fn read(&mut self, bytes: usize) {
        if (bytes >= LARGE) == self.splices {
            self.against = 0;
            return;
        }
        self.against += 1;
        let limit = if self.splices {
            SMALL_READS
        } else {
            LARGE_READS
        };
        if self.against >= limit {
            self.splices = !self.splices;
            self.against = 0;
        }
    }
}

impl Flow {
    /// Takes note of a read that was copied.
    pub(super) fn note_read(&mut self, bytes: usize) {
        self.habit.read(bytes);
    }

    /// Bytes that may be spliced now; 0 when they have to be copied.
    pub(super) fn splice_limit(&self, io: &Io<'_>) -> usize {
        if io.conversation.is_some()
            || !self.habit.splices
            || !self.chain.is_empty()
            || !self.out.is_empty()
        {
            return 0;
        }
        match &io.tap {
            None => PIPE,
            Some(tap) => {
                let limit = usize::try_from(tap.opaque(self.stream)).unwrap_or(PIPE);
                if limit < LARGE { 0 } else { limit.min(PIPE) }
            }
        }
    }

    /// Bytes that wait in the pipe.
    pub(super) fn piped(&self) -> usize {
        self.pipe.as_ref().map_or(0, |pipe| pipe.filled)
    }

    /// Moves bytes from the source into an empty pipe. `None` when there is no pipe to be had.
    pub(super) fn fill(
        &mut self,
        io: &mut Io<'_>,
        context: &mut Context<'_>,
        limit: usize,
    ) -> Option<Poll<Result<usize, Ending>>> {
        let mut pipe = self.pipe.take().or_else(|| {
            let taken = Pipe::take();
            if taken.is_none() {
                self.habit = Habit::default();
            }
            taken
        })?;
        let source = &*io.source;
        let filled = ready(source, context, Interest::READABLE, || {
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            splice(source, None, &pipe.writer, None, limit, flags)
        });
        match filled {
            Poll::Pending => {
                pipe.give_back();
                Some(Poll::Pending)
            }
            Poll::Ready(Ok(bytes @ 1..)) => {
                pipe.filled = bytes;
                self.pipe = Some(pipe);
                self.habit.read(bytes);
                self.count_spliced(io, bytes);
                Some(Poll::Ready(Ok(bytes)))
            }
            Poll::Ready(ended) => {
                pipe.give_back();
                self.source_ends(io, ended.is_ok());
                Some(Poll::Ready(Ok(0)))
            }
        }
    }

    /// Moves bytes from the pipe to the destination, until the pipe is empty.
    pub(super) fn drain(
        &mut self,
        io: &mut Io<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Ending>> {
        while let Some(pipe) = &mut self.pipe {
            if pipe.filled == 0 {
                break;
            }
            let destination = &*io.destination;
            let drained = ready!(ready(destination, context, Interest::WRITABLE, || {
                let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
                splice(&pipe.reader, None, destination, None, pipe.filled, flags)
            }));
            let Ok(bytes @ 1..) = drained else {
                return Poll::Ready(Err(Ending::DestinationGone));
            };
            pipe.filled = pipe.filled.saturating_sub(bytes);
            self.count_sent(io, bytes);
        }
        Poll::Ready(Ok(()))
    }
}

/// Tries when the socket is ready, and waits when it is not.
fn ready(
    socket: &TcpStream,
    context: &mut Context<'_>,
    interest: Interest,
    mut work: impl FnMut() -> rustix::io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(if interest.is_readable() {
            socket.poll_read_ready(context)
        } else {
            socket.poll_write_ready(context)
        })?;
        match socket.try_io(interest, || work().map_err(io::Error::from)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_reads_start_and_small_ones_end_it() {
        let mut habit = Habit::default();
        let mut after = |reads: &[usize]| {
            for bytes in reads {
                habit.read(*bytes);
            }
            habit.splices
        };
        assert!(!after(&[LARGE, 1, LARGE]));
        assert!(after(&[LARGE]));
        assert!(after(&[1; 15]));
        assert!(after(&[LARGE]));
        assert!(!after(&[1; 16]));
    }
}
