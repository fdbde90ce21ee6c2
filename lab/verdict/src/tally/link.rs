//! Traffic of a link in a phase.

use lab_model::Link;
use lab_model::link::Traffic;

/// One link in one phase.
#[derive(Debug, Clone)]
pub struct LinkTally {
    /// The link.
    pub link: Link,
    /// Everything that passed.
    pub traffic: Traffic,
}

impl LinkTally {
    pub(crate) fn new(link: &Link) -> Self {
        Self {
            link: link.clone(),
            traffic: Traffic::default(),
        }
    }

    pub(crate) fn add(&mut self, more: &Traffic) {
        let sum = &mut self.traffic;
        for (sum, more) in [
            (&mut sum.connections, more.connections),
            (&mut sum.refused, more.refused),
            (&mut sum.requests, more.requests),
            (&mut sum.first_attempts, more.first_attempts),
            (&mut sum.abandoned, more.abandoned),
            (&mut sum.broken, more.broken),
            (&mut sum.bytes_up, more.bytes_up),
            (&mut sum.bytes_down, more.bytes_down),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (sum, more) in sum.replies.iter_mut().zip(more.replies) {
            *sum = sum.saturating_add(more);
        }
        sum.caller_time.merge(&more.caller_time);
        sum.callee_time.merge(&more.callee_time);
        sum.gave_up_after.merge(&more.gave_up_after);
        sum.calls.add(&more.calls);
    }
}

/// How many attempts each request took; `None` where no first attempt was recognised.
pub fn attempts_per_request(traffic: &Traffic) -> Option<f64> {
    (traffic.first_attempts > 0).then(|| traffic.requests as f64 / traffic.first_attempts as f64)
}
