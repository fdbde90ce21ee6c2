//! `lab clean`: ends what dead runs left, and removes kept runs where asked to.

use std::fs;

use lab_drivers::lease;
use lab_model::Exit;

use crate::arguments::Clean;
use crate::{runs, text};

pub(crate) fn run(options: &Clean) -> Exit {
    let mut left = 0;
    let mut ended = 0;
    for swept in lease::sweep(&options.kept.out) {
        ended += swept.ended;
        text::out(&format!(
            "{}: its owner is gone; ended {} processes\n",
            swept.run, swept.ended
        ));
        for thing in &swept.left {
            left += 1;
            text::out(&format!("{}: could not remove {thing}\n", swept.run));
        }
    }
    let mut removed = 0;
    if options.runs {
        for folder in runs::list(&options.kept.out) {
            if lease::is_running(&folder) {
                text::out(&format!("{}: is running, left alone\n", folder.display()));
            } else if let Err(error) = fs::remove_dir_all(&folder) {
                left += 1;
                text::out(&format!("could not remove {}: {error}\n", folder.display()));
            } else {
                removed += 1;
            }
        }
    }
    text::out(&match (ended, removed, left) {
        (0, 0, 0) => "nothing to clean\n".to_owned(),
        (_, _, 0) => format!("clean: ended {ended} processes, removed {removed} runs\n"),
        _ => format!("clean-up incomplete: {left} things are left\n"),
    });
    if left == 0 { Exit::Pass } else { Exit::CleanUp }
}
