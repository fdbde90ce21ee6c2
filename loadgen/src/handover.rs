//! Between the pacer and the users: each arrival goes to one user.
//!
//! The user who became free last is the next to work, so a light load keeps a few users busy whose
//! memory is warm, though thousands stand by for a system that hangs. A queue of users in order of
//! waiting would walk through all of them: measured at 2,000 arrivals a second it costs several
//! times the processor time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// Where arrivals wait for users, or users for arrivals; never both.
#[derive(Debug)]
pub(crate) struct Handover<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    /// The last one to come is the next to go.
    users: Vec<oneshot::Sender<T>>,
    /// The first one to come is the next to go.
    arrivals: VecDeque<T>,
}

impl<T> Default for Handover<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            users: Vec::new(),
            arrivals: VecDeque::new(),
        }))
    }
}

impl<T> Handover<T> {
    /// Gives an arrival to a waiting user, or leaves it for the next one to come.
    pub(crate) fn give(&self, arrival: T) {
        let mut arrival = arrival;
        loop {
            let user = {
                let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(user) = state.users.pop() else {
                    state.arrivals.push_back(arrival);
                    return;
                };
                user
            };
            // Waking happens outside the lock. A user who went away hands it back.
            match user.send(arrival) {
                Ok(()) => return,
                Err(returned) => arrival = returned,
            }
        }
    }

    /// Whether no user waits for an arrival.
    pub(crate) fn is_short(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.users.is_empty()
    }

    /// Takes the next arrival; waits for ever when none comes.
    ///
    /// An arrival that was given to a dropped future is lost; only the end of the process drops
    /// users.
    pub(crate) async fn take(&self) -> T {
        loop {
            let given = {
                let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(arrival) = state.arrivals.pop_front() {
                    return arrival;
                }
                let (user, given) = oneshot::channel();
                state.users.push(user);
                given
            };
            if let Ok(arrival) = given.await {
                return arrival;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_last_to_come_is_the_first_to_go() {
        let handover = Handover::default();
        let (mut first, mut second) = (pin!(handover.take()), pin!(handover.take()));
        assert_eq!(poll(first.as_mut()), None);
        assert_eq!(poll(second.as_mut()), None);
        handover.give(1);
        assert_eq!(poll(first.as_mut()), None);
        assert_eq!(poll(second.as_mut()), Some(1));
        handover.give(2);
        assert_eq!(poll(first.as_mut()), Some(2));
    }

    #[test]
    fn arrivals_wait_in_order() {
        let handover = Handover::default();
        handover.give(1);
        handover.give(2);
        assert_eq!(poll(pin!(handover.take())), Some(1));
        assert_eq!(poll(pin!(handover.take())), Some(2));
        assert_eq!(poll(pin!(handover.take())), None);
    }

    #[test]
    fn a_user_who_left_is_passed_over() {
        let handover = Handover::default();
        let mut stays = pin!(handover.take());
        assert_eq!(poll(stays.as_mut()), None);
        {
            let mut leaves = pin!(handover.take());
            assert_eq!(poll(leaves.as_mut()), None);
        }
        handover.give(1);
        assert_eq!(poll(stays.as_mut()), Some(1));
    }

    #[test]
    fn threads_lose_nothing() {
        let handover = Arc::new(Handover::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let users: Vec<_> = (0..8)
            .map(|_| {
                let handover = Arc::clone(&handover);
                runtime.spawn(async move {
                    let mut taken = Vec::new();
                    loop {
                        match handover.take().await {
                            Some(number) => taken.push(number),
                            None => return taken,
                        }
                    }
                })
            })
            .collect();
        for number in 0..10_000 {
            handover.give(Some(number));
        }
        for _ in &users {
            handover.give(None);
        }
        let mut taken: Vec<u32> = users
            .into_iter()
            .flat_map(|user| runtime.block_on(user).unwrap())
            .collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..10_000).collect::<Vec<u32>>());
    }

    proptest! {
        #[test]
        fn everything_given_is_taken_once(gives in prop::collection::vec(any::<bool>(), 0..60)) {
            let handover = Handover::default();
            let (mut waiting, mut given, mut taken) = (Vec::new(), 0, Vec::new());
            for give in gives {
                if give {
                    handover.give(given);
                    given += 1;
                } else {
                    waiting.push(Box::pin(handover.take()));
                }
                waiting.retain_mut(|user| poll(user.as_mut()).map(|n| taken.push(n)).is_none());
            }
            let left = std::iter::from_fn(|| poll(Box::pin(handover.take()).as_mut()));
            taken.extend(left);
            taken.sort_unstable();
            prop_assert_eq!(taken, (0..given).collect::<Vec<_>>());
        }
    }
}
