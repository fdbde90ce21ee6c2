//! Builds an image from a folder, with the engine's own builder.

use std::collections::HashMap;
use std::path::Path;

use futures_util::StreamExt;
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use lab_engine::Failure;
use lab_model::container::Build;
use testcontainers::bollard::Docker;
use testcontainers::bollard::query_parameters::BuildImageOptionsBuilder;

use super::ignored::Ignored;

/// A context larger than this is a mistake more often than meant.
const MOST: u64 = 512 << 20;
/// The name of the instructions within the archive, beside the user's own.
const INSTRUCTIONS: &str = ".lab-instructions";

/// Builds; the image carries the run's labels and goes with it.
pub(crate) async fn image(
    docker: &Docker,
    build: &Build,
    tag: &str,
    labels: &HashMap<String, String>,
) -> Result<(), Failure> {
    let part = format!("build of {}", build.context.display());
    let failed = |reason: String| Failure::new(part.clone(), reason);
    let dockerfile = build.context.join(&build.dockerfile);
    let text = std::fs::read_to_string(&dockerfile)
        .map_err(|error| failed(format!("{}: {error}", dockerfile.display())))?;
    let instructions = labelled(&text, labels);
    let context = build.context.clone();
    let ignored = Ignored::read(&context, &build.dockerfile).map_err(failed)?;
    let archive = tokio::task::spawn_blocking(move || archive(&context, &ignored, &instructions))
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(failed)?;
    let arguments: HashMap<&str, &str> = build
        .arguments
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let marks: HashMap<&str, &str> = labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut options = BuildImageOptionsBuilder::new()
        .dockerfile(INSTRUCTIONS)
        .t(tag)
        .labels(&marks)
        .buildargs(&arguments)
        .rm(true)
        .forcerm(true);
    if let Some(target) = &build.target {
        options = options.target(target);
    }
    let body = Either::Left(Full::new(Bytes::from(archive)));
    let mut steps = docker.build_image(options.build(), None, Some(body));
    let mut last = Vec::new();
    while let Some(step) = steps.next().await {
        let step = step.map_err(|error| {
            let lines: Vec<&str> = last
                .iter()
                .rev()
                .take(10)
                .map(String::as_str)
                .rev()
                .collect();
            failed(format!(
                "{error}\nits last lines:\n  {}",
                lines.join("\n  ")
            ))
        })?;
        if let Some(line) = step.stream {
            last.extend(line.lines().filter(|l| !l.is_empty()).map(str::to_owned));
        }
        if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
            let from = last.len().saturating_sub(10);
            return Err(failed(format!(
                "{error}\nits last lines:\n  {}",
                last[from..].join("\n  ")
            )));
        }
    }
    Ok(())
}

/// A file of instructions in which every stage begins with labels, so that the layers of a build
/// that is cut off carry them as well.
fn labelled(text: &str, labels: &HashMap<String, String>) -> String {
    let quoted = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
    };
    let mut labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!(" \"{}\"=\"{}\"", quoted(name), quoted(value)))
        .collect();
    labels.sort_unstable();
    let label = format!("LABEL{}\n", labels.concat());
    let mut out = String::with_capacity(text.len() + label.len());
    let mut in_from = false;
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
        let first = line.split_whitespace().next().unwrap_or_default();
        in_from |= first.eq_ignore_ascii_case("from");
        // An instruction goes on in the next line behind a backslash.
        if in_from && !line.trim_end().ends_with('\\') {
            out.push_str(&label);
            in_from = false;
        }
    }
    out
}

/// The folder without what is ignored, and the instructions.
fn archive(folder: &Path, ignored: &Ignored, instructions: &str) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(false);
    let mut room = MOST;
    append(&mut archive, folder, Path::new(""), ignored, &mut room)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(instructions.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, INSTRUCTIONS, instructions.as_bytes())
        .map_err(broken)?;
    archive.into_inner().map_err(broken)
}

/// Appends what a folder within the context holds, in the order of names. A folder that is left out
/// is looked into all the same: a later pattern may keep what is in it.
fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    context: &Path,
    within: &Path,
    ignored: &Ignored,
    room: &mut u64,
) -> Result<(), String> {
    let folder = context.join(within);
    let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(&folder).map_err(broken)?;
    let mut names: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    names.sort_unstable();
    for name in names {
        let (path, within) = (folder.join(&name), within.join(&name));
        let about = path.symlink_metadata().map_err(broken)?;
        let sent = !ignored.covers(&within);
        if about.is_dir() {
            if sent {
                archive.append_dir(&within, &path).map_err(broken)?;
            }
            append(archive, context, &within, ignored, room)?;
        } else if sent && (about.is_file() || about.is_symlink()) {
            *room = room.checked_sub(about.len()).ok_or_else(|| {
                format!(
                    "{} holds more than the {} MB that are sent to an engine; .dockerignore leaves \
                     out what the build does not need",
                    context.display(),
                    MOST >> 20
                )
            })?;
            archive
                .append_path_with_name(&path, &within)
                .map_err(broken)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_begins_with_labels() {
        let labels = [("run".to_owned(), "a\"$b".to_owned())].into();
        let text = "# FROM here\nARG BASE=x\nFROM ${BASE} AS one\nRUN go\nfrom \\\n  y\nCOPY --from=one /a /a";
        let expected = "# FROM here\nARG BASE=x\nFROM ${BASE} AS one\nLABEL \"run\"=\"a\\\"\\$b\"\nRUN go\nfrom \\\n  y\nLABEL \"run\"=\"a\\\"\\$b\"\nCOPY --from=one /a /a\n";
        assert_eq!(labelled(text, &labels), expected);
    }

    #[test]
    fn what_is_ignored_is_not_sent() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        for name in [
            "Dockerfile",
            "src/a",
            "target/big",
            "target/keep/b",
            ".git/c",
        ] {
            file(name);
        }
        std::fs::write(
            home.path().join(".dockerignore"),
            "target\n.git\n!target/keep\n",
        )
        .unwrap();
        let ignored = Ignored::read(home.path(), "Dockerfile").unwrap();
        let sent = archive(home.path(), &ignored, "FROM scratch").unwrap();
        let mut sent = tar::Archive::new(sent.as_slice());
        let names = sent.entries().unwrap();
        let names: Vec<String> = names
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        let expected = [
            ".dockerignore",
            "Dockerfile",
            "src",
            "src/a",
            "target/keep",
            "target/keep/b",
            INSTRUCTIONS,
        ];
        let trimmed: Vec<&str> = names
            .iter()
            .map(|name| name.trim_end_matches('/'))
            .collect();
        assert_eq!(trimmed, expected);
    }
}
