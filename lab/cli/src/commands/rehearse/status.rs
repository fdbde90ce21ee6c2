//! `lab rehearse --status`: how the rehearsal in another terminal stands, until it ends. On a
//! terminal the screen lives; elsewhere a line says what has changed.

use std::io::IsTerminal;
use std::time::Duration;

use lab_drivers::control;
use lab_engine::desk::{Answer, Command};
use lab_model::Exit;

use crate::arguments::{Color, Rehearse, Running};
use crate::commands::sandbox::{find, me};
use crate::text;

/// How often it is asked for.
const PULSE: Duration = Duration::from_secs(1);
/// To the upper left; clear to the end.
const HOME: &str = "\x1b[H";
const CLEAR: &str = "\x1b[2J\x1b[H";
const REST: &str = "\x1b[J";

pub(super) fn run(options: &Rehearse, color: Color) -> Exit {
    let running = Running {
        run: None,
        kept: options.kept.clone(),
    };
    let folder = match find(&running, control::FILE) {
        Ok(folder) => folder,
        Err((message, _)) => {
            text::error(&message, "lab rehearse SCENARIO, in another terminal");
            return Exit::Usage;
        }
    };
    let lives =
        std::io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
    if lives {
        text::out(CLEAR);
    }
    let mut before = String::new();
    while let Ok(Ok(Answer::Status(status))) = control::ask(&folder, &me(), Command::Status) {
        let style = text::style(color, &std::io::stdout());
        let head = lab_report::brief::prompt(&status, style.unicode);
        if lives {
            let page = lab_report::status::text(&status, &[], &style);
            // Lines are overwritten where they stand: nothing flickers.
            let page = format!("{head}\n{page}").replace('\n', "\x1b[K\n");
            text::out(&format!("{HOME}{page}{REST}"));
        } else {
            let holds = head.split_once(' ').map_or("", |(_, rest)| rest);
            let holds = holds
                .rsplit_once("budget")
                .map_or(holds, |(holds, _)| holds);
            if holds != before {
                text::out(&format!("{head}\n"));
                holds.clone_into(&mut before);
            }
        }
        std::thread::sleep(PULSE);
    }
    text::out("the rehearsal is over\n");
    Exit::Pass
}
