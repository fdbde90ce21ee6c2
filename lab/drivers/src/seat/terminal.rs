//! The user's own terminal while the shell has it: raw, its keys read, its screen written. Whatever
//! happens, it is given back as it was.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::frames::Size;

/// How often the end is looked for while nobody types.
const PULSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// A terminal that is lent to a shell; dropped, it is as it was.
pub struct Terminal {
    before: Option<Termios>,
    ended: Arc<AtomicBool>,
    screen: Option<mpsc::Sender<Vec<u8>>>,
    threads: Vec<JoinHandle<()>>,
    /// What is typed.
    pub keys: UnboundedReceiver<Vec<u8>>,
}

impl Terminal {
    /// Whether there is a terminal to lend.
    pub fn is_there() -> bool {
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
    }

    /// Its size; 80 × 24 where there is none.
    pub fn size() -> Size {
        let size = tcgetwinsize(std::io::stdout()).ok();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or_else(Size::default, |size| Size {
            columns: size.ws_col,
            rows: size.ws_row,
        })
    }

    /// Lends it out.
    pub fn lend() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        let ended = Arc::new(AtomicBool::new(false));
        let (sender, keys) = unbounded_channel();
        let stop = Arc::clone(&ended);
        let typing = std::thread::spawn(move || read(&sender, &stop));
        let (screen, shown) = mpsc::channel::<Vec<u8>>();
        let showing = std::thread::spawn(move || {
            let mut out = std::io::stdout().lock();
            for bytes in shown {
                // A window that is closed shows nothing.
                let _ = out.write_all(&bytes).and_then(|()| out.flush());
            }
        });
        Ok(Self {
            before: Some(before),
            ended,
            screen: Some(screen),
            threads: vec![typing, showing],
            keys,
        })
    }

    /// Shows something; never waits.
    pub fn show(&self, bytes: &[u8]) {
        if let Some(screen) = &self.screen {
            let _ = screen.send(bytes.to_vec());
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.screen = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        if let Some(before) = self.before.take() {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &before);
        }
    }
}

/// Reads keys until nobody wants them or the terminal is closed.
fn read(keys: &UnboundedSender<Vec<u8>>, ended: &AtomicBool) {
    let stdin = std::io::stdin();
    let mut bytes = [0; 4_096];
    while !ended.load(Ordering::Acquire) {
        let mut waits = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut waits, Some(&PULSE)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return,
        }
        match rustix::io::read(&stdin, &mut bytes) {
            Ok(0) => return,
            Ok(read) => {
                if keys.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}
