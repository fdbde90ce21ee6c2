//! `lab slo`: objectives as OpenSLO documents, and back.

use std::io::Read;

use lab_model::Exit;
use lab_scenarios::openslo::{self, Translated};

use crate::arguments::{Color, Slo};
use crate::{scenario, text};

/// The largest file that is read.
const LARGEST: u64 = 16 << 20;

pub(crate) fn run(command: &Slo, color: Color) -> Exit {
    match command {
        Slo::Export { choice } => {
            let Some(reference) = super::run::chosen(choice.scenario.as_deref(), "slo export")
            else {
                return Exit::Usage;
            };
            match scenario::planned(choice, &reference, color) {
                Ok(planned) => show(&openslo::export(&planned.plan)),
                Err(exit) => exit,
            }
        }
        Slo::Import { file } => {
            let mut found = String::new();
            let read = std::fs::File::open(file)
                .and_then(|opened| opened.take(LARGEST).read_to_string(&mut found));
            if let Err(error) = read {
                text::error(&format!("{}: {error}", file.display()), "");
                return Exit::Usage;
            }
            match openslo::import(&found) {
                Ok(translated) => show(&translated),
                Err(why) => {
                    text::error(&format!("{}: {why}", file.display()), "");
                    Exit::Usage
                }
            }
        }
    }
}

fn show(translated: &Translated) -> Exit {
    text::out(&translated.text);
    for left_out in &translated.left_out {
        text::note(&format!("left out: {left_out}"));
    }
    if translated.text.is_empty() {
        text::error(
            "nothing could be translated",
            "objectives are availability and latency",
        );
        return Exit::Usage;
    }
    Exit::Pass
}
