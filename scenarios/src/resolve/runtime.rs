//! What services run as: as the command line says, as the scenario needs it, or as the system can.

use lab_model::container::Runtime;

use super::system::Definition;
use crate::code::Code;
use crate::overrides::Overrides;
use crate::spec::ScenarioSpec;
use crate::tree::{At, Report};
use lab_diagnostic::Finding;

/// The command line counts, unless the scenario needs something else; then the scenario; then
/// processes where every service has a command, and containers where one has none.
pub(super) fn choose(
    spec: &ScenarioSpec,
    system: Option<&Definition>,
    overrides: &Overrides,
    report: &Report,
) -> Runtime {
    if system.is_some_and(Definition::is_attached) {
        return attached(spec, overrides, report);
    }
    let needed = spec.driver.as_ref().and_then(At::located);
    if let (Some((needed, place)), Some(asked)) = (needed, overrides.runtime())
        && *needed != asked
    {
        let (needed, asked) = (needed.as_str(), asked.as_str());
        let message = format!("this scenario needs {needed}, and {asked} were asked for");
        report.add(
            Finding::new(Code::WrongDriver, place, message)
                .help(format!("leave `--driver {asked}` out")),
        );
    }
    overrides
        .runtime()
        .or(needed.map(|(needed, _)| *needed))
        .or(system.map(Definition::preference))
        .unwrap_or(Runtime::Processes)
}

/// What runs already runs as it does.
fn attached(spec: &ScenarioSpec, overrides: &Overrides, report: &Report) -> Runtime {
    let key = spec.driver.as_ref().and_then(At::place);
    let attach = spec.attach.as_ref().and_then(At::place);
    let asked = overrides.runtime().map(Runtime::as_str);
    let help = asked.map_or_else(
        || "leave `driver` out".to_owned(),
        |asked| format!("leave `--driver {asked}` out"),
    );
    if let Some(place) = key.or(attach.filter(|_| asked.is_some())) {
        let message = "what runs already is not started as anything";
        report.add(Finding::new(Code::WrongDriver, place, message).help(help));
    }
    Runtime::Attached
}
