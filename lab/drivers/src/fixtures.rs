//! Fixtures: what a service holds before anybody calls it.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use lab_engine::Failure;
use lab_engine::seam::Furnishing;
use lab_model::fixture::Fixture;
use lab_model::system::Service;
use tokio::time::timeout;

use crate::books;

/// The environment value in which a command finds the run's seed.
pub(crate) const SEED: &str = "LAB_SEED";
/// What one fixture may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes a fixture; `run` runs a command with the hands of the environment.
pub(crate) async fn make<R>(
    service: &Service,
    fixture: &Fixture,
    with: Furnishing<'_>,
    run: impl FnOnce(Vec<String>) -> R,
) -> Result<(), Failure>
where
    R: Future<Output = Result<(), String>>,
{
    let seed = with.seed.to_string();
    let seeded = |text: &str| text.replace("{seed}", &seed);
    let made = async {
        match fixture {
            Fixture::Sql { url, statements } => {
                let own = [(service.name.clone(), with.address.to_owned())];
                let services: BTreeMap<_, _> = own.into();
                books::execute(url, &seeded(statements), &services).await
            }
            Fixture::Command(words) => run(words.iter().map(|word| seeded(word)).collect()).await,
        }
    };
    let made = timeout(PATIENCE, made).await;
    made.unwrap_or_else(|_| Err(format!("it takes longer than {PATIENCE:?}")))
        .map_err(|reason| {
            let part = format!("service {}", service.name);
            Failure::new(part, format!("{}: {reason}", fixture.summary()))
        })
}
