//! What services hold before anybody calls them.

use libtest_mimic::Trial;

use crate::containers::needing;
use crate::lab::{Lab, Outcome, ensure, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "fixtures::a_service_is_called_once_it_is_furnished",
            furnished,
        ),
        trial("fixtures::a_fixture_that_fails_ends_the_run", failed),
        needing(
            &["lab/postgres:15", "lab/shop"],
            "fixtures::a_container_has_its_files_limits_and_fixtures",
            contained,
        ),
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

/// The fixture looks from within: it fails where the file, a limit or the row is not there.
const CONTAINED: &str = r#"scenario: contained
about: A container has what its scenario gives it.
seed: 7
services:
  database:
    image: lab/postgres:15
    env: { POSTGRES_DB: shop, POSTGRES_HOST_AUTH_METHOD: trust }
    containers: { port: 5432, memory: 256MiB, cpus: 0.5, files: { /etc/lab/word: word.txt } }
    ready: { tcp: true, within: 60s }
    fixtures:
      - sql: { url: "postgres://postgres@{service:database}/shop", statements: "CREATE TABLE seeded AS SELECT {seed} AS seed" }
      - command: [sh, /etc/lab/word]
  payments:
    image: lab/shop
    env: { PORT: "{port}", HOST: 0.0.0.0, DATABASE: "postgres://postgres@{link:database}/shop" }
    containers: { command: [payments] }
    ready: { http: /health, within: 60s }
links: [client -> payments, payments -> database]
driver: containers
load:
  journeys: { look: [{ get: /health }] }
  arrivals: { constant: { rate: 20/s } }
phases: [baseline: 3s]
objectives: [availability: { of: look, at_least: 50% }]
"#;

/// The first number is the limit of version 2 of control groups, the second of version 1.
const WORD: &str = "set -ex
of() { cat /sys/fs/cgroup/$1 2>/dev/null || cat /sys/fs/cgroup/$2; }
test \"$(of memory.max memory/memory.limit_in_bytes)\" = 268435456
case \"$(of cpu.max cpu/cpu.cfs_quota_us)\" in 50000*) ;; *) exit 4 ;; esac
test \"$LAB_SEED\" = 7
test \"$(psql -U postgres -d shop -Atc 'select seed from seeded')\" = 7
";

fn contained() -> Outcome {
    let lab = Lab::new()?;
    lab.file("word.txt", WORD)?;
    let file = lab.file("contained.yaml", CONTAINED)?;
    let ended = lab.call(&["run", file])?;
    // What is asked is whether it starts; a busy machine may leave the verdict open.
    ensure!(matches!(ended.code, Some(0 | 2)), "{ended:#?}");
    lab.file("word.txt", WORD.replace("268435456", "1"))?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("service database")?
        .says("its fixture failed")?;
    Ok(())
}
