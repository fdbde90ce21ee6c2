//! A runbook made wrong on purpose: whoever notices, the runbook or only the lab, tells how much
//! its checks are worth.
//!
//! | file | what lives there |
//! |---|---|
//! | `program` | what is executed, action by action: the plan of a runbook, or a mutant's |
//! | `operators` | the ways to make a runbook wrong |
//! | `tally` | what became of the mutants, and the mutation score |

mod operators;
mod program;
mod tally;

pub use operators::{Mutant, Operator, mutants};
pub use program::{Action, Program, Run};
pub use tally::{Fate, MutationScore, Trial};
