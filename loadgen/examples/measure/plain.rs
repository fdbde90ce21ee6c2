//! Plain goose, as its users write it: what the generator's cost is compared with.

use std::error::Error;
use std::sync::Arc;

use goose::GooseAttack;
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction};

/// Users who repeat `GET /`, all with one client; throttled to a rate where it is not 0.
pub(crate) fn run(
    host: &str,
    users: usize,
    rate: usize,
    seconds: usize,
) -> Result<(), Box<dyn Error>> {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(host.to_owned());
    configuration.users = Some(users);
    configuration.increase_rate = Some("100000".to_owned());
    configuration.run_time = Some(seconds.to_string());
    configuration.throttle_requests = (rate > 0).then_some(rate);
    configuration.quiet = 1;
    configuration.no_telnet = true;
    configuration.no_websocket = true;
    configuration.no_print_metrics = true;
    let attack = GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(GooseClientBuilder::new().without_cookies())?
        .register_scenario(
            Scenario::new("plain").register_transaction(Transaction::new(Arc::new(|user| {
                Box::pin(async move {
                    let reply = user.get("/").await?;
                    if let Ok(reply) = reply.response {
                        let _ = reply.bytes().await;
                    }
                    Ok(())
                })
            }))),
        );
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(attack.execute())?;
    Ok(())
}
