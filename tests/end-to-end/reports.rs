//! Reports from journals: the same bytes again, and what is left of a journal that was cut.

use std::fs;

use libtest_mimic::Trial;

use crate::lab::{Lab, Outcome, ensure, trial};
use crate::verdicts::scenario;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "reports::the_same_bytes_again_and_never_a_pass_when_cut",
            again_and_cut,
        ),
        trial("reports::json_fits_its_schema", schema),
    ]
}

fn again_and_cut() -> Outcome {
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    let remedy = [
        "--with",
        "orders.timeout=400ms",
        "--with",
        "orders.fallback=deferred",
    ];
    let ran = lab
        .call(&[&["run", &short], &remedy[..]].concat())?
        .expect(0)?;
    let reported = lab.call(&["report", "last"])?.expect(0)?;
    ensure!(
        ran.out == reported.out,
        "other bytes:\n{}\n---\n{}",
        ran.out,
        reported.out
    );

    let folder = lab.last_run()?;
    let journal = folder.join("journal.jsonl");
    let whole = fs::read(&journal)?;
    for cut in [1_000, 1, whole.len() / 2] {
        fs::write(&journal, &whole[..whole.len() - cut])?;
        let ended = lab.call(&["report", "last"])?;
        ensure!(
            ended.code != Some(0),
            "a journal without its last {cut} bytes passes: {ended:#?}"
        );
        ended.says("incomplete")?;
    }
    fs::write(&journal, "nonsense\n")?;
    lab.call(&["report", "last"])?
        .expect(3)?
        .says("not a journal")?;
    Ok(())
}

fn schema() -> Outcome {
    let lab = Lab::new()?;
    let ended = lab.call(&["run", &scenario("short.yaml"), "--format", "json"])?;
    // Any verdict has to fit.
    ensure!(matches!(ended.code, Some(0..=2)), "{ended:#?}");
    let report = serde_json::from_str(&ended.out)?;
    let schema = serde_json::from_str(&lab.call(&["schema", "report"])?.expect(0)?.out)?;
    let validator = jsonschema::validator_for(&schema)?;
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    ensure!(errors.is_empty(), "{errors:#?}");
    Ok(())
}
