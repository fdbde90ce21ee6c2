//! Users run by goose.
//!
//! goose launches the users, gives them one client, and loops their transaction; each turn of the
//! loop serves one arrival. Its pacing, throttle and metrics stay off: arrivals come from the pacer,
//! and the recorder measures from the intended start, which goose's metrics do not know.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use goose::GooseAttack;
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use tokio::runtime::Handle;

use super::{LaunchError, Staff, Work, runtime};
use crate::session::Signal;
use crate::transport::goose::shared_client;

/// Launches users; sends [`Signal::Staffed`] once all of them wait for arrivals.
pub(super) fn launch(
    work: Arc<Work>,
    staff: Staff,
    signals: Sender<Signal>,
) -> Result<Handle, LaunchError> {
    // goose installs its own handler unless there is one. The lab decides when a load ends: it
    // closes our input, or says so.
    ctrlc::set_handler(|| {})?;
    let arrive = arrive(shared_client()?, staff.users, signals.clone());
    let scenario = Scenario::new("lab")
        .register_transaction(Transaction::new(arrive).set_on_start())
        .register_transaction(Transaction::new(serve(work)));
    let attack = GooseAttack::initialize_with_config(configuration(staff.users))
        .and_then(|attack| {
            let client = GooseClientBuilder::new().without_cookies();
            attack.set_client_builder_without_cookies(client)
        })
        .map_err(Box::new)?
        .register_scenario(scenario);
    let runtime = runtime(staff.threads)?;
    let handle = runtime.handle().clone();
    let attend = move || {
        // goose asserts and expects here and there.
        let end = catch_unwind(AssertUnwindSafe(|| runtime.block_on(attack.execute())));
        let reason = match end {
            Ok(Ok(_metrics)) => "goose ended them".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_panic) => "goose panicked".to_owned(),
        };
        // Nobody listens any more once the session has ended.
        let _ = signals.send(Signal::Deserted(reason));
    };
    thread::Builder::new()
        .name("goose".to_owned())
        .spawn(attend)?;
    Ok(handle)
}

fn configuration(users: usize) -> GooseConfiguration {
    // Some of goose's fields are private, so there is no literal.
    let mut configuration = GooseConfiguration::default();
    // Demanded by goose; requests carry whole addresses.
    configuration.host = Some("http://127.0.0.1".to_owned());
    configuration.users = Some(users);
    configuration.increase_rate = Some("100000".to_owned());
    configuration.quiet = 1;
    configuration.no_telnet = true;
    configuration.no_websocket = true;
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_error_summary = true;
    configuration
}

/// A user's first transaction: it gets the shared client; the last one to come reports all present.
fn arrive(client: reqwest::Client, users: usize, signals: Sender<Signal>) -> TransactionFunction {
    let present = AtomicUsize::new(0);
    Arc::new(move |user| {
        user.client = client.clone();
        if present.fetch_add(1, Ordering::Relaxed) + 1 == users {
            let _ = signals.send(Signal::Staffed);
        }
        Box::pin(async { Ok(()) })
    })
}

/// A user's transaction from then on: one arrival.
fn serve(work: Arc<Work>) -> TransactionFunction {
    Arc::new(move |user| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let due = work.arrivals.take().await;
            work.serve(&user.client, due).await;
            Ok(())
        })
    })
}
