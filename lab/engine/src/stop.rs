//! The two-step stop: the first request heals and tears down in order, the second tears down fast.

use tokio::sync::watch;

/// How urgently a run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Nobody asked.
    None,
    /// Once.
    Orderly,
    /// Twice.
    Fast,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    urgency: Urgency,
    signal: i32,
}

/// A handle on which anyone asks for the end, and the run hears it.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: watch::Sender<Asked>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(Asked {
                urgency: Urgency::None,
                signal: 0,
            }),
        }
    }
}

impl Stop {
    /// A handle on which nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end, on behalf of a signal (2 or 15); asking again makes it fast.
    pub fn ask(&self, signal: i32) {
        self.sender.send_modify(|asked| match asked.urgency {
            Urgency::None => {
                *asked = Asked {
                    urgency: Urgency::Orderly,
                    signal,
                }
            }
            Urgency::Orderly | Urgency::Fast => asked.urgency = Urgency::Fast,
        });
    }

    /// Waits until at least this urgency was asked for; returns the first signal.
    pub async fn at_least(&self, urgency: Urgency) -> i32 {
        let mut receiver = self.sender.subscribe();
        let asked = receiver
            .wait_for(|asked| asked.urgency >= urgency)
            .await
            .map(|asked| *asked);
        match asked {
            Ok(asked) => asked.signal,
            // The sender lives in self, so the channel cannot close.
            Err(_) => std::future::pending().await,
        }
    }

    /// How urgently it was asked so far.
    pub fn urgency(&self) -> Urgency {
        self.sender.borrow().urgency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_request_is_fast() {
        let stop = Stop::new();
        assert_eq!(stop.urgency(), Urgency::None);
        stop.ask(15);
        assert_eq!(
            (stop.at_least(Urgency::Orderly).await, stop.urgency()),
            (15, Urgency::Orderly)
        );
        stop.ask(2);
        assert_eq!(
            stop.at_least(Urgency::Fast).await,
            15,
            "the first signal is the reason"
        );
    }
}
