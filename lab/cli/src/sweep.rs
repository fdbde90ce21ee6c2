//! Removes what dead runs left: processes, and things in the container engine.

use std::fmt;
use std::path::Path;

use lab_drivers::containers;
use lab_drivers::lease::{self, Swept};
use tokio::runtime::Builder;

/// What was swept of one run, for people.
pub(crate) struct Sweep(pub(crate) Swept);

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Swept {
            run,
            ended,
            proxies,
            removed,
            ..
        } = &self.0;
        write!(f, "{run}: its owner is gone, {ended} processes ended")?;
        if *proxies > 0 {
            write!(f, ", {proxies} proxies deleted on its Toxiproxy")?;
        }
        if *removed > 0 {
            write!(f, ", {removed} things removed from the container engine")?;
        }
        Ok(())
    }
}

/// Sweeps a folder of runs; `engine` says whether to look into the container engine as well for
/// runs whose folder is gone.
pub(crate) fn sweep(runs: &Path, engine: bool) -> Vec<Sweep> {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return vec![];
    };
    let mut swept = lease::sweep(runs, |label| runtime.block_on(containers::remove(label)));
    if engine {
        // An engine that does not answer is reported by whoever needs it.
        let more = runtime.block_on(containers::sweep()).unwrap_or_default();
        swept.extend(more.into_iter().map(|(run, removed, left)| Swept {
            run,
            ended: 0,
            proxies: 0,
            removed,
            left,
        }));
    }
    swept.into_iter().map(Sweep).collect()
}
