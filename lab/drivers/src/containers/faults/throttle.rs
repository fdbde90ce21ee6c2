//! A slow disk: `io.max` of the container's cgroup, on the device below the engine's folder.
//!
//! Engines set such limits only when a container is created, so the file is written here; the host
//! probe refuses it where there is no cgroup 2, whose version 1 slows no buffered write.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

use crate::containers::engine::Engine;

/// The file of a process's cgroup in which its limits stand.
fn file(pid: i64) -> Result<PathBuf, String> {
    let path = format!("/proc/{pid}/cgroup");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let group = text
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .ok_or("it is in no group of cgroup 2")?;
    Ok(Path::new("/sys/fs/cgroup")
        .join(group.trim_start_matches('/'))
        .join("io.max"))
}

/// The disk below the engine's folder as the kernel numbers it: whole disks have limits, their
/// parts have none.
async fn device(engine: &Engine) -> Result<String, String> {
    let info = engine.docker.info().await.map_err(|e| e.to_string())?;
    let root = info.docker_root_dir.unwrap_or_default();
    let device = fs::metadata(&root)
        .map_err(|error| format!("{root}: {error}"))?
        .dev();
    let own = format!("{}:{}", major(device), minor(device));
    let known = PathBuf::from("/sys/dev/block").join(&own);
    if !known.join("partition").exists() {
        return Ok(own);
    }
    let disk = known.join("../dev");
    fs::read_to_string(&disk)
        .map(|text| text.trim().to_owned())
        .map_err(|error| format!("{}: {error}", disk.display()))
}

/// Sets the limit in bytes a second, or takes it off.
pub(super) async fn set(engine: &Engine, pid: i64, rate: Option<u64>) -> Result<(), String> {
    let rate = rate.map_or("max".to_owned(), |rate| rate.to_string());
    let line = format!("{} rbps={rate} wbps={rate}", device(engine).await?);
    let path = file(pid)?;
    fs::write(&path, line).map_err(|error| format!("{}: {error}", path.display()))
}

/// Whether the limit stands; else what stands there.
pub(super) async fn read(engine: &Engine, pid: i64, rate: u64) -> Result<Option<String>, String> {
    let device = device(engine).await?;
    let path = file(pid)?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = text.lines().find(|line| line.starts_with(&device));
    let wanted = [format!("rbps={rate}"), format!("wbps={rate}")];
    Ok(match line {
        Some(line) if wanted.iter().all(|part| line.contains(part)) => None,
        Some(line) => Some(format!("its limit is `{line}`")),
        None => Some("it has no limit".to_owned()),
    })
}
