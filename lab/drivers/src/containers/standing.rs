//! What of runs stands in the engine, whoever made it and whatever became of its folder.

use lab_engine::Failure;

use super::engine::{Engine, failure};
use super::running::REMOVAL;
use super::{labels, removal};

/// Removes what dead runs of this host left in the engine, whatever became of their folders.
/// Returns for each run how much was removed and what is left.
pub async fn sweep() -> Result<Vec<(String, usize, Vec<String>)>, Failure> {
    let engine = Engine::find().await?;
    let dead = removal::dead_runs(&engine.docker).await.map_err(failure)?;
    let mut swept = Vec::new();
    for (token, run) in dead {
        let label = format!("{}={token}", labels::TOKEN);
        let (removed, left) = removal::remove_all(&engine.docker, &label, REMOVAL).await;
        swept.push((run, removed, left));
    }
    Ok(swept)
}

/// Removes what carries a label.
pub async fn remove(label: &str) -> (usize, Vec<String>) {
    match Engine::find().await {
        Ok(engine) => removal::remove_all(&engine.docker, label, REMOVAL).await,
        Err(failure) => (
            0,
            vec![format!("what carries the label {label}: {failure}")],
        ),
    }
}

/// What of runs stands in the engine now: run, owner alive, thing.
pub async fn list() -> Result<Vec<(String, bool, String)>, Failure> {
    let engine = Engine::find().await?;
    let found = removal::list(&engine.docker, labels::TOKEN)
        .await
        .map_err(failure)?;
    Ok(found
        .into_iter()
        .map(|(thing, labelled)| {
            let run = labelled.get(labels::RUN).cloned().unwrap_or_default();
            (run, !labels::is_dead(&labelled), thing.to_string())
        })
        .collect())
}
