//! End-to-end tests of Failure Lab, and what they share with the experiments in `examples/`. The
//! tests are in `end-to-end/`: one binary, so that everything is linked once. `scenarios/` holds
//! scenario files made for them.
//!
//! | file | what lives there |
//! |---|---|
//! | `engine` | the container engine as it is, asked past the lab |
//! | `kills` | a run that is ended at any moment, and what is left of it |
//! | `leftovers` | processes and ports that a run could have left |

pub mod engine;
pub mod kills;
pub mod leftovers;
