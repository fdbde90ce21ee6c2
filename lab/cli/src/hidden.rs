//! Hidden subcommands: what the program is when it starts itself again.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use lab_drivers::containers::reaper;
use lab_drivers::processes::{exec, supervisor};
use lab_drivers::seat::{self, Size};

use crate::commands::rehearse::{self, prompt};

/// Becomes a part of a run if the first argument says so; `None` for everything a user calls.
pub(crate) fn dispatch() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let part = arguments.next()?;
    let rest: Vec<OsString> = arguments.collect();
    match (part.to_str()?, rest.as_slice()) {
        ("__exec", [parent, program, rest @ ..]) => {
            let parent = parent.to_str()?.parse().ok()?;
            Some(exec::run(parent, program, rest))
        }
        ("__supervise", [folder]) => Some(supervisor::run(Path::new(folder))),
        ("__reap", [folder, label]) => Some(reaper::run(Path::new(folder), label.to_str()?)),
        ("__seat", [folder, columns, rows, command @ ..]) => {
            let size = Size {
                columns: columns.to_str()?.parse().ok()?,
                rows: rows.to_str()?.parse().ok()?,
            };
            Some(seat::run(Path::new(folder), size, command))
        }
        ("__keep", [folder]) => Some(seat::keep(Path::new(folder))),
        ("__rehearse", [number]) => Some(rehearse::again(number.to_str()?)?.into()),
        ("__prompt", []) => Some(prompt::run()),
        ("__load", []) => Some(lab_loadgen::run()),
        ("__shop", [role]) => Some(shop::run(role.to_str()?)),
        _ => None,
    }
}
