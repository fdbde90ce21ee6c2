//! What services hold before anybody calls them.

use libtest_mimic::Trial;

use crate::lab::{Lab, Outcome, ensure, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "fixtures::a_service_is_called_once_it_is_furnished",
            furnished,
        ),
        trial("fixtures::a_fixture_that_fails_ends_the_run", failed),
    ]
}

/// A shelf whose only file is made by a fixture.
fn scenario(fixture: &str) -> String {
    format!(
        "\
scenario: furnished
about: What the fixture put there is served.
seed: 7
services:
  shelf:
    command: [python3, -m, http.server, \"{{port}}\", --bind, 127.0.0.1, --directory, \"{{data}}\"]
    fixtures:
      - command: [sh, -c, '{fixture}']
links: [client -> shelf]
load:
  journeys:
    fetch: [{{ get: /seeded, checks: [{{ body: {{ contains: \"seed 7 7 /\" }} }}] }}]
  arrivals: {{ constant: {{ rate: 50/s }} }}
phases:
  - baseline: 8s
objectives:
  - availability: {{ of: fetch, at_least: 98% }}
"
    )
}

fn furnished() -> Outcome {
    let lab = Lab::new()?;
    let made = "echo \"seed {seed} $LAB_SEED {data}\" > \"{data}/seeded\"";
    let file = lab.file("furnished.yaml", scenario(made))?;
    lab.call(&["plan", file])?.expect(0)?.says("then sh -c")?;
    lab.call(&["run", file])?.expect(0)?;
    Ok(())
}

fn failed() -> Outcome {
    let lab = Lab::new()?;
    let broken = scenario("echo no such table >&2; exit 3");
    let file = lab.file("broken.yaml", broken)?;
    let ended = lab.call(&["run", file])?.expect(4)?;
    let ended = ended
        .says("service shelf")?
        .says("its fixture failed")?
        .says("exit status: 3")?
        .says("no such table")?;
    ensure!(!ended.out.contains("PASS"), "{ended:#?}");
    Ok(())
}
