//! Whether a peer has left, seen without reading: while a toxic blocks a direction, what the peer
//! sent stays in its socket, and its end lies behind that.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::TcpStream;

/// What is known of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// It may send more.
    There,
    /// It will send no more; it may still read.
    Finished,
    /// It reset the connection, or was found to be gone by a probe of the kernel's.
    Gone,
}

/// Looks at a socket; one system call, which does not wait.
pub(super) fn peer(stream: &TcpStream) -> Peer {
    let mut sockets = [PollFd::new(stream, PollFlags::RDHUP)];
    if poll(&mut sockets, Some(&Timespec::default())).is_err() {
        return Peer::There;
    }
    let found = sockets[0].revents();
    if found.contains(PollFlags::ERR) {
        Peer::Gone
    } else if found.intersects(PollFlags::RDHUP | PollFlags::HUP) {
        Peer::Finished
    } else {
        Peer::There
    }
}
