//! What is seen while a run goes on, on standard error: finished lines, and on a terminal one
//! living line below them.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lab_engine::Failure;
use lab_engine::seam::Sink;
use lab_model::{Event, Plan, Record};
use lab_report::{Live, Style};

use crate::text;

/// The display of a run, fed by its entries.
pub(crate) struct Screen {
    live: Live,
    living: Option<ProgressBar>,
}

impl Screen {
    pub(crate) fn new(plan: &Plan, style: Style) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let living = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // Cannot fail: the template is a constant.
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            live: Live::new(plan, style),
            living,
        }
    }
}

impl Sink for Screen {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        let lines = self.live.push(record);
        match &self.living {
            None => lines.iter().for_each(|line| text::note(line)),
            Some(bar) => {
                for line in lines {
                    // An empty line would be left out.
                    bar.println(if line.is_empty() { " " } else { &line });
                }
                bar.set_message(self.live.status());
                if record.event == Event::Closed {
                    bar.finish_and_clear();
                }
            }
        }
        Ok(())
    }
}
