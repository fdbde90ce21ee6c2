//! Images: which one stands for which, whether it is there, and how it comes.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::StreamExt;
use lab_engine::Failure;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::models::ImageInspect;
use testcontainers::bollard::query_parameters::CreateImageOptionsBuilder;

/// Images that stand for others: where no registry is reachable, a local one takes the place of
/// the one that a system names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Substitutes(BTreeMap<String, String>);

impl Substitutes {
    /// Adds one as the command line writes it: `NAME=SUBSTITUTE`.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (name, substitute) = text
            .split_once('=')
            .map(|(name, substitute)| (name.trim(), substitute.trim()))
            .filter(|(name, substitute)| !name.is_empty() && !substitute.is_empty())
            .ok_or_else(|| {
                format!("`{text}` names no substitute: write `postgres:16=lab/postgres:15`")
            })?;
        self.0.insert(name.to_owned(), substitute.to_owned());
        Ok(())
    }

    /// Adds those of a file: one `NAME=SUBSTITUTE` a line, `#` before remarks.
    pub fn add_file(&mut self, path: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                self.add(line)
                    .map_err(|error| format!("{}:{}: {error}", path.display(), index + 1))?;
            }
        }
        Ok(())
    }

    /// What stands for an image: its substitute, or itself.
    pub fn of<'a>(&'a self, image: &'a str) -> &'a str {
        self.0.get(image).map_or(image, String::as_str)
    }
}

/// The name and the tag of an image; `latest` where it has none, an empty name for a bare id.
pub(crate) fn split(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

/// An image as the engine knows it; `None` where it is not there.
pub(crate) async fn inspect(docker: &Docker, image: &str) -> Result<Option<ImageInspect>, Error> {
    match docker.inspect_image(image).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes sure that an image is there; one that is not is pulled, and `progress` hears how far that
/// is.
pub(crate) async fn need(
    docker: &Docker,
    image: &str,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<ImageInspect, Failure> {
    let failed = |reason: String| Failure::new(format!("image {image}"), reason);
    let inspected = |error: Error| failed(error.to_string());
    if let Some(found) = inspect(docker, image).await.map_err(inspected)? {
        return Ok(found);
    }
    progress(&format!("pulling {image}"));
    let (name, tag) = split(image);
    let options = CreateImageOptionsBuilder::new()
        .from_image(name)
        .tag(tag)
        .build();
    let mut steps = docker.create_image(Some(options), None, None);
    let mut last = String::new();
    while let Some(step) = steps.next().await {
        let step = step.map_err(|error| {
            failed(format!(
                "it is not in the container engine and cannot be pulled: {error}\n\
                 name another one with --image {image}=SUBSTITUTE; lab images build makes those of \
                 the demo system"
            ))
        })?;
        let status = step.status.unwrap_or_default();
        if status != last && step.id.is_none() {
            progress(&status);
            last = status;
        }
    }
    let found = inspect(docker, image).await.map_err(inspected)?;
    found.ok_or_else(|| failed("it was pulled and is not there".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes_are_named_one_by_one() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("images");
        std::fs::write(&file, "# ours\n a:1 = b:2 # x\n\nc=d\n").unwrap();
        let mut substitutes = Substitutes::default();
        substitutes.add_file(&file).unwrap();
        substitutes.add("a:1=e").unwrap();
        assert_eq!(substitutes.of("a:1"), "e");
        assert_eq!(substitutes.of("c"), "d");
        assert_eq!(substitutes.of("d"), "d");
        assert!(substitutes.add("a").is_err());
        std::fs::write(&file, "fine=yes\nnot fine\n").unwrap();
        let error = substitutes.add_file(&file).unwrap_err();
        assert!(error.contains("images:2:"), "{error}");
    }

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(split("a"), ("a", "latest"));
        assert_eq!(split("h:5000/a"), ("h:5000/a", "latest"));
        assert_eq!(split("h:5000/a:1"), ("h:5000/a", "1"));
    }
}
