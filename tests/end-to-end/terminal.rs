//! A person's terminal: a pseudo-terminal with the program in it, and what its screen shows.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::Failed;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{Lab, Outcome, ensure, eventually};

/// Rows of a terminal.
const ROWS: u16 = 40;

/// A terminal in which the program runs.
pub(crate) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    master: Option<Box<dyn MasterPty + Send>>,
    closed: Arc<AtomicBool>,
}

impl Terminal {
    /// Starts the program in a terminal with so many columns.
    pub(crate) fn start(lab: &Lab, columns: u16, arguments: &[&str]) -> Result<Self, Failed> {
        Self::start_with(lab, columns, arguments, &[])
    }

    /// The same with an environment of its own beside the tester's.
    pub(crate) fn start_with(
        lab: &Lab,
        columns: u16,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self, Failed> {
        let size = PtySize {
            rows: ROWS,
            cols: columns,
            ..PtySize::default()
        };
        let pair = native_pty_system()
            .openpty(size)
            .map_err(|error| error.to_string())?;
        let mut command = CommandBuilder::new(Lab::program());
        command.args(arguments);
        command.cwd(lab.home());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("USER", "ada");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .map_err(|error| error.to_string())?;
        let mut output = pair
            .master
            .try_clone_reader()
            .map_err(|error| error.to_string())?;
        let keyboard = pair
            .master
            .take_writer()
            .map_err(|error| error.to_string())?;
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, columns, 0)));
        let shown = Arc::clone(&screen);
        let closed = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&closed);
        // Ends with the terminal, or with the first words after its window was closed: the reader
        // holds the window open until then.
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                shown
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .process(&bytes[..read]);
                if gone.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        Ok(Self {
            screen,
            child,
            keyboard,
            master: Some(pair.master),
            closed,
        })
    }

    /// What stands on the screen.
    pub(crate) fn screen(&self) -> String {
        self.screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .screen()
            .contents()
    }

    /// Waits until the screen shows a text.
    pub(crate) fn shows(&self, text: &str, within: Duration) -> Outcome {
        let shown = eventually(within, || self.screen().contains(text));
        ensure!(shown, "{text:?} was never shown:\n{}", self.screen());
        Ok(())
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &[u8]) -> Outcome {
        self.keyboard.write_all(keys)?;
        Ok(self.keyboard.flush()?)
    }

    /// Waits for the program's end; its exit code.
    pub(crate) fn ended(&mut self, within: Duration) -> Result<u32, Failed> {
        let begun = std::time::Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.exit_code());
            }
            if begun.elapsed() > within {
                return Err(format!("it goes on:\n{}", self.screen()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the program as nothing can hinder.
    pub(crate) fn kill(&mut self) -> Outcome {
        let pid = self.child.process_id().ok_or("no pid")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).ok_or("no pid")?;
        kill_process(pid, Signal::KILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// Closes the window, once the program says something more.
    pub(crate) fn close(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        self.master = None;
        self.keyboard = Box::new(std::io::sink());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.kill();
        }
    }
}
