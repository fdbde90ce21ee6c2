//! A data folder without room: a file takes what is left of it, and is removed again.
//!
//! The folder is reached through the container's own view of the file system, so this host must be
//! the engine's, and its `/proc/PID/root` must be readable.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use crate::containers::launch::DATA;

/// The file that takes the room.
const FILLER: &str = ".failure-lab-full";
/// More than this is not filled: a folder without a limit of its own would fill the host's disk.
const MOST: u64 = 4 << 30;
/// What counts as no room: less than any file system hands out at once.
const NOTHING: u64 = 64 << 10;

fn folder(pid: i64) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/root{DATA}"))
}

/// Fills the folder.
pub(super) async fn fill(pid: i64) -> Result<(), String> {
    blocking(move || {
        let folder = folder(pid);
        let size = room(&folder)?;
        if size > MOST {
            return Err(format!(
                "{DATA} has room for {size} bytes: give the service a folder of a limited size, \
                 `containers: {{ data: 64MB }}`"
            ));
        }
        let path = folder.join(FILLER);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for size in [1 << 20, 4_096, 1] {
            let piece = vec![0_u8; size];
            loop {
                match file.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(format!("{}: {error}", path.display())),
                }
            }
        }
        Ok(())
    })
    .await
}

/// Removes what took the room.
pub(super) async fn empty(pid: i64) -> Result<(), String> {
    blocking(move || match fs::remove_file(folder(pid).join(FILLER)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    })
    .await
}

/// Whether there is no room; else how much there is.
pub(super) async fn read(pid: i64) -> Result<Option<String>, String> {
    blocking(move || {
        let room = room(&folder(pid))?;
        Ok((room > NOTHING).then(|| format!("there is room for {room} bytes")))
    })
    .await
}

fn room(folder: &std::path::Path) -> Result<u64, String> {
    let found =
        rustix::fs::statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
}
