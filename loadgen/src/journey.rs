//! One arrival, step after step, until a step fails or the load is stopped.

use std::collections::HashMap;

use lab_model::Span;
use lab_model::load::Outcome;
use lab_wire::Acknowledged;
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clock::Origin;
use crate::keys::ArrivalKeys;
use crate::reply::Reply;
use crate::script::{JourneyScript, StepScript};
use crate::template::Scope;
use crate::transport::Transport;

/// How one arrival went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Walk {
    /// When its first request was sent, from the start of the load.
    pub(crate) sent: Span,
    /// When its last step ended, from the start of the load.
    pub(crate) ended: Span,
    /// Its steps, in order, up to the first that failed.
    pub(crate) steps: Vec<StepEnd>,
    /// The writes among them that the system acknowledged.
    pub(crate) acknowledged: Vec<Acknowledged>,
}

impl Walk {
    /// Whether every step ended as expected and in time.
    pub(crate) fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.outcome == Outcome::Good)
    }
}

/// How one step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepEnd {
    /// The way.
    pub(crate) outcome: Outcome,
    /// From the request's start to the last byte of the reply, or to the failure.
    pub(crate) time: Span,
}

/// What all walks of a run share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walker<'a, T> {
    /// How requests are sent.
    pub(crate) transport: &'a T,
    /// Time zero.
    pub(crate) origin: Origin,
    /// Ends every walk at once.
    pub(crate) stop: &'a CancellationToken,
}

impl<T: Transport> Walker<'_, T> {
    /// Walks a journey for one arrival.
    pub(crate) async fn walk(&self, journey: &JourneyScript, keys: ArrivalKeys) -> Walk {
        let mut saved = HashMap::new();
        let mut walk = Walk {
            sent: self.origin.elapsed(),
            ended: Span::ZERO,
            steps: Vec::with_capacity(journey.steps.len()),
            acknowledged: Vec::new(),
        };
        for (index, step) in journey.steps.iter().enumerate() {
            let request = step.request(&mut Scope::new(&saved, keys, index), keys, index);
            let started = self.origin.elapsed();
            if index == 0 {
                walk.sent = started;
            }
            let reply = match request {
                Ok(request) => self.attempt(step, request).await,
                Err(_unusable) => Err(Outcome::Reply),
            };
            let ended = self.origin.elapsed();
            let result = reply.and_then(|reply| {
                judge(step, &reply, ended.minus(started), &mut saved).map(|()| reply)
            });
            walk.steps.push(StepEnd {
                outcome: result.as_ref().err().copied().unwrap_or(Outcome::Good),
                time: ended.minus(started),
            });
            match result {
                Ok(Reply {
                    digest: Some(digest),
                    ..
                }) if step.write => {
                    walk.acknowledged.push(Acknowledged {
                        at_micros: ended.as_micros(),
                        journey: journey.name.clone(),
                        step: step.name.clone(),
                        key: keys.idempotency(step.name.as_str()),
                        digest,
                    });
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        walk.ended = self.origin.elapsed();
        walk
    }

    /// Races a request against the stop and its time limit.
    async fn attempt(
        &self,
        step: &StepScript,
        request: http::Request<bytes::Bytes>,
    ) -> Result<Reply, Outcome> {
        let limit = step.timeout.duration();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Outcome::Cancelled),
            reply = timeout(limit, self.transport.send(request, step.keep())) => {
                reply.unwrap_or(Err(Outcome::Timeout))
            }
        }
    }
}

/// Whether a whole reply is a success; saves what later steps need.
fn judge(
    step: &StepScript,
    reply: &Reply,
    time: Span,
    saved: &mut HashMap<String, Value>,
) -> Result<(), Outcome> {
    // The runtime's timer is coarse: a reply may come after the limit and before the timer.
    if time > step.timeout {
        return Err(Outcome::Timeout);
    }
    if !step.accepts(reply.status) {
        return Err(Outcome::Status(reply.status));
    }
    if step.save.is_empty() {
        return Ok(());
    }
    let body: Value = reply
        .body
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok())
        .ok_or(Outcome::Reply)?;
    for (name, pointer) in &step.save {
        match body.pointer(pointer) {
            None | Some(Value::Null) => return Err(Outcome::Reply),
            Some(value) => saved.insert(name.clone(), value.clone()),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
