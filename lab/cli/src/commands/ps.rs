//! `lab ps`: what runs have running now.

use lab_drivers::containers::{self, engine};
use lab_drivers::lease;
use lab_model::Exit;
use tokio::runtime::Builder;

use crate::arguments::Ps;
use crate::{runs, text};

pub(crate) fn run(options: &Ps) -> Exit {
    engine::point_client();
    let mut found = false;
    for folder in runs::list(&options.kept.out) {
        let processes = lease::processes(&folder);
        let owned = lease::is_running(&folder);
        if !owned && processes.is_empty() {
            continue;
        }
        found = true;
        let owner = if owned { "runs" } else { "its owner is gone" };
        text::out(&format!("{}: {owner}\n", folder.display()));
        for (pid, command) in processes {
            text::out(&format!("  process {pid}  {command}\n"));
        }
    }
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return Exit::Environment;
    };
    match runtime.block_on(containers::list()) {
        Ok(things) => {
            for (run, alive, thing) in things {
                found = true;
                let owner = if alive { "" } else { "  (its owner is gone)" };
                text::out(&format!("{run}: {thing}{owner}\n"));
            }
        }
        Err(_) => text::note("no container engine answers; only processes are listed"),
    }
    if !found {
        text::out("nothing runs\n");
    }
    Exit::Pass
}
