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
    let archive = tokio::task::spawn_blocking(move || archive(&context, &instructions))
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

fn archive(folder: &Path, instructions: &str) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
    let size = size(folder).map_err(broken)?;
    if size > MOST {
        return Err(format!(
            "{} holds {} MB, more than the {} MB that are sent to an engine",
            folder.display(),
            size >> 20,
            MOST >> 20
        ));
    }
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(false);
    archive.append_dir_all(".", folder).map_err(broken)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(instructions.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, INSTRUCTIONS, instructions.as_bytes())
        .map_err(broken)?;
    archive.into_inner().map_err(broken)
}

fn size(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() {
            size(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(sum)
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
}
