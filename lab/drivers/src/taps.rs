//! Links that are followed: what the proxy tells of their requests, in the lab's words.

use lab_engine::desk::Refusal;
use lab_model::Link;
use lab_model::tap::{Exchange, Outcome, Passed, Tapped};
use lab_proxy::{EndedBy, Event, Listener, Proxy, RequestEnded, Told};

/// The proxies of a run, for who wants to see what passes them. Nothing can be changed from here.
#[derive(Clone)]
pub struct Taps {
    proxy: Proxy,
}

/// A link that is followed.
pub struct Tap {
    listener: Listener,
}

impl Taps {
    pub(crate) fn new(proxy: Proxy) -> Self {
        Self { proxy }
    }

    /// Follows a link from now on.
    ///
    /// # Errors
    /// The system has no such link.
    pub async fn follow(&self, link: &Link) -> Result<Tap, Refusal> {
        let listener = self.proxy.follow(&link.slug()).await.map_err(|_| {
            let message = format!("no link from {} to {}", link.from, link.to);
            Refusal::new(message, "lab status shows the links")
        })?;
        Ok(Tap { listener })
    }
}

impl Tap {
    /// What ended next on the link; `None` once it is gone.
    pub async fn next(&mut self) -> Option<Tapped> {
        loop {
            let Told { at_us, event } = self.listener.next().await?;
            let what = match event {
                Event::Request(ended) => Passed::Request(Box::new(exchange(*ended))),
                Event::Refused { .. } => Passed::Refused,
                Event::Missed { events } => Passed::Missed { events },
                Event::Ended {
                    connection,
                    by,
                    reset,
                    sent_upstream,
                    sent_downstream,
                    ..
                } => Passed::Connection {
                    connection,
                    by: ended_by(by).to_owned(),
                    reset,
                    bytes_up: sent_upstream,
                    bytes_down: sent_downstream,
                },
                _ => continue,
            };
            return Some(Tapped { at_us, what });
        }
    }
}

const fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Peers => "peers",
        EndedBy::Caller => "caller",
        EndedBy::Upstream | EndedBy::Dial => "callee",
        EndedBy::Toxic => "fault",
        EndedBy::Link => "link",
    }
}

fn exchange(ended: RequestEnded) -> Exchange {
    Exchange {
        connection: ended.connection,
        request: ended.request,
        method: ended.method,
        path: ended.path,
        attempt: ended.attempt,
        outcome: match ended.outcome {
            lab_proxy::Outcome::Completed => Outcome::Completed,
            lab_proxy::Outcome::Abandoned => Outcome::Abandoned,
            lab_proxy::Outcome::Failed => Outcome::Failed,
            lab_proxy::Outcome::Cut => Outcome::Cut,
        },
        status: ended.status,
        connect_us: ended.connect_us,
        callee_first_byte_us: ended.upstream_first_byte_us,
        first_byte_us: ended.first_byte_us,
        took_us: ended.took_us,
        bytes_up: ended.bytes_up,
        bytes_down: ended.bytes_down,
    }
}
