//! `lab tap`: the requests of a link, one by one, while they end.

use lab_drivers::control;
use lab_model::{Exit, Link};

use crate::arguments::{Color, Tap, TapFormat};
use crate::commands::sandbox::{Failed, finish, found, gone, link, me, plan, usage};
use crate::text;

/// Follows until the system ends, nobody reads any more, or so many lines were written. Ctrl-C ends
/// it between two lines: each is written whole.
pub(crate) fn run(options: &Tap, color: Color) -> Exit {
    finish(follow(options, color))
}

fn follow(options: &Tap, color: Color) -> Result<String, Failed> {
    let folder = found(&options.running, control::FILE)?;
    let plan = plan(&folder).ok_or_else(|| usage("the run has no plan yet", ""))?;
    let asked = link(&options.link, &plan);
    let known = || {
        let links: Vec<String> = plan.system.links.iter().map(Link::to_string).collect();
        format!("there is {}", links.join(", "))
    };
    let link: Link = asked
        .parse()
        .map_err(|_| usage(format!("`{asked}` is no link"), known()))?;
    if !plan.system.links.contains(&link) {
        let message = format!("no link from {} to {}", link.from, link.to);
        return Err(usage(message, known()));
    }
    let followed = control::tap(&folder, &me(), link).map_err(|error| gone(&folder, &error))??;
    let style = text::style(color, &std::io::stdout());
    if options.format == TapFormat::Text && !text::out_line(&lab_report::tap::head(&style)) {
        return Ok(String::new());
    }
    let most = options.count.map_or(u64::MAX, std::num::NonZeroU64::get);
    for (tapped, number) in followed.zip(1..) {
        // The end of the run ends its socket, in one way or the other.
        let Ok(tapped) = tapped else { break };
        let line = match options.format {
            TapFormat::Text => lab_report::tap::line(&tapped, &style),
            TapFormat::Json => serde_json::to_string(&tapped).unwrap_or_default(),
        };
        if !text::out_line(&line) || number == most {
            break;
        }
    }
    Ok(String::new())
}
