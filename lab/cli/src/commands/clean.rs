//! `lab clean`: ends what dead runs left, and removes kept runs where asked to.

use std::fs;

use lab_drivers::containers::engine;
use lab_drivers::lease;
use lab_model::Exit;

use crate::arguments::Clean;
use crate::commands::{grade, images};
use crate::{runs, sweep, text};

pub(crate) fn run(options: &Clean) -> Exit {
    let mut left = 0;
    let mut ended = 0;
    let mut proxies = 0;
    let mut things = 0;
    engine::point_client();
    for swept in sweep::sweep(&options.kept.out, true) {
        ended += swept.0.ended;
        things += swept.0.removed;
        proxies += swept.0.proxies;
        text::out(&format!("{swept}\n"));
        for thing in &swept.0.left {
            left += 1;
            text::out(&format!("{}: could not remove {thing}\n", swept.0.run));
        }
    }
    if options.images {
        let (removed, remaining) = images::remove();
        things += removed;
        for thing in remaining {
            left += 1;
            text::out(&format!("could not remove {thing}\n"));
        }
    }
    let mut removed = 0;
    let mut is_busy = false;
    if options.runs {
        for folder in runs::list(&options.kept.out) {
            if lease::is_running(&folder) {
                is_busy = true;
                text::out(&format!("{}: is running, left alone\n", folder.display()));
            } else if lease::is_owed(&folder) {
                text::out(&format!(
                    "{}: kept, it names what is left on its Toxiproxy\n",
                    folder.display()
                ));
            } else if let Err(error) = fs::remove_dir_all(&folder) {
                left += 1;
                text::out(&format!("could not remove {}: {error}\n", folder.display()));
            } else {
                removed += 1;
            }
        }
    }
    // A session whose trial is running goes on with its file.
    for folder in grade::sessions(&options.kept.out).filter(|_| options.runs && !is_busy) {
        match fs::remove_dir_all(&folder) {
            Ok(()) => removed += 1,
            Err(error) => {
                left += 1;
                text::out(&format!("could not remove {}: {error}\n", folder.display()));
            }
        }
    }
    text::out(&match (ended + proxies, things, removed, left) {
        (0, 0, 0, 0) => "nothing to clean\n".to_owned(),
        (_, _, _, 0) => format!(
            "clean: ended {ended} processes, removed {things} things from the container engine \
             and {removed} runs\n"
        ),
        _ => format!("clean-up incomplete: {left} things are left\n"),
    });
    if left == 0 { Exit::Pass } else { Exit::CleanUp }
}
