//! Faults on services, whatever those run as: what is armed, what was read back, what is still to
//! be taken back. How it is done is the hands' own business.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Receipt, ServiceFaults};
use lab_model::Name;
use lab_model::action::Action;
use lab_model::link::{Delay, FaultReport, Touched};
use lab_model::plan::Fault;
use tokio::sync::Mutex;

/// Carries actions out on services of one kind. Errors are reasons for people.
#[async_trait]
pub(crate) trait Hands: Send + Sync {
    /// What was before, as far as it is needed to tell or to take the action back.
    type Before: Default + Send + Sync;

    /// Does it.
    async fn carry_out(&self, service: &Name, action: &Action) -> Result<Self::Before, String>;

    /// Takes it back; succeeds where nothing is left to take back.
    async fn take_back(
        &self,
        service: &Name,
        action: &Action,
        before: &Self::Before,
    ) -> Result<(), String>;

    /// Whether the service is as the action made it; else how it is.
    async fn read(
        &self,
        service: &Name,
        action: &Action,
        before: &Self::Before,
    ) -> Result<Option<String>, String>;
}

/// A fault that is in place, or was since the last look.
struct Armed<B> {
    service: Name,
    action: Action,
    before: B,
    taken: u64,
    shown: u64,
    healed: bool,
}

impl<B> Armed<B> {
    /// One reading. One that fails is none: whoever asks next may have more luck.
    async fn look<H: Hands<Before = B>>(&mut self, hands: &H) {
        if let Ok(found) = hands.read(&self.service, &self.action, &self.before).await {
            self.taken += 1;
            self.shown += u64::from(found.is_none());
        }
    }

    fn failure(&self, reason: String) -> Failure {
        Failure::new(format!("service {}", self.service), reason)
    }
}

/// The faults on the services of a run.
pub(crate) struct Acts<H: Hands> {
    hands: H,
    armed: Mutex<BTreeMap<usize, Armed<H::Before>>>,
}

impl<H: Hands> Acts<H> {
    pub(crate) fn new(hands: H) -> Self {
        Self {
            hands,
            armed: Mutex::default(),
        }
    }

    /// Nothing is read back any more.
    pub(crate) async fn end(&self) {
        self.armed.lock().await.clear();
    }
}

#[async_trait]
impl<H: Hands> ServiceFaults for Acts<H> {
    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure> {
        let Some(planned) = fault.on_service() else {
            return Err(Failure::new("fault", "it is on no service"));
        };
        let (service, action) = (planned.service.clone(), planned.action.clone());
        // Followed before it is applied: what was done in part is taken back.
        let armed = Armed {
            service: service.clone(),
            action: action.clone(),
            before: H::Before::default(),
            taken: 0,
            shown: 0,
            healed: false,
        };
        let mut all = self.armed.lock().await;
        all.insert(index, armed);
        match self.hands.carry_out(&service, &action).await {
            Ok(before) => {
                if let Some(armed) = all.get_mut(&index) {
                    armed.before = before;
                }
                Ok(Receipt {
                    fault: index,
                    link: fault.link.clone(),
                    marks: vec![fault.kind.to_string()],
                })
            }
            Err(reason) => {
                if let Some(armed) = all.remove(&index) {
                    let back = self.hands.take_back(&service, &action, &armed.before);
                    let _ = back.await;
                }
                Err(Failure::new(format!("{} on {service}", fault.kind), reason))
            }
        }
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        let all = self.armed.lock().await;
        let Some(armed) = all.get(&receipt.fault) else {
            return Ok(Some("it was never applied".to_owned()));
        };
        let read = self
            .hands
            .read(&armed.service, &armed.action, &armed.before)
            .await;
        read.map_err(|reason| armed.failure(reason))
    }

    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure> {
        let mut all = self.armed.lock().await;
        let Some(armed) = all.get_mut(&receipt.fault).filter(|armed| !armed.healed) else {
            return Ok(());
        };
        // The last reading before it goes: a fault may be shorter than the time between two looks.
        armed.look(&self.hands).await;
        armed.healed = true;
        let back = self
            .hands
            .take_back(&armed.service, &armed.action, &armed.before)
            .await;
        back.map_err(|reason| armed.failure(reason))
    }

    async fn restart(&self, service: &Name) -> Result<(), Failure> {
        // One that does not run cannot be stopped, and need not be.
        let stopped = self.hands.carry_out(service, &Action::Stop).await;
        let before = stopped.unwrap_or_default();
        let back = self.hands.take_back(service, &Action::Stop, &before).await;
        back.map_err(|reason| Failure::new(format!("service {service}"), reason))
    }

    async fn observe(&self) -> Result<Vec<FaultReport>, Failure> {
        let mut all = self.armed.lock().await;
        let mut reports = Vec::new();
        for (index, armed) in all.iter_mut() {
            if !armed.healed {
                armed.look(&self.hands).await;
            }
            let readings = |readings| Touched {
                readings,
                ..Touched::default()
            };
            reports.push(FaultReport {
                fault: *index,
                passing: readings(std::mem::take(&mut armed.taken)),
                touched: readings(std::mem::take(&mut armed.shown)),
                matched: 0,
                delay: Delay::default(),
                resets: 0,
                refused: 0,
                dropped: 0,
            });
        }
        all.retain(|_, armed| !armed.healed);
        Ok(reports)
    }
}
