//! Images made here, for machines that reach no registry: the demo system from its sources, its
//! databases from Debian's packages.
//!
//! Nothing is retagged: an image made here has a name of its own (`lab/…`) and says in a label what
//! it may stand for; a run that uses it says so, and keeps both names with its id in the journal.

mod debian;
mod shop;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use lab_engine::Failure;
use lab_model::container::Build;
use rustix::process::{Pid, Signal, kill_process_group};
use testcontainers::bollard::Docker;
use testcontainers::bollard::query_parameters::{
    ListImagesOptionsBuilder, RemoveImageOptions, RemoveImageOptionsBuilder,
};
use tokio::process::Command;

use crate::compose::build;
use crate::containers::engine::{Engine, failure};
use crate::containers::image::Substitutes;

/// Marks an image that was made here.
const MADE: &str = "dev.failure-lab.made";
/// The images that it may stand for, with commas between.
const STANDS_FOR: &str = "dev.failure-lab.stands-for";

/// What can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// The demo system.
    Shop,
    /// PostgreSQL 15.
    Postgres,
    /// Redis 7.
    Redis,
}

impl Recipe {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shop, Self::Postgres, Self::Redis];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    /// The image's own name.
    const fn tag(self) -> &'static str {
        match self {
            Self::Shop => "lab/shop:latest",
            Self::Postgres => "lab/postgres:15",
            Self::Redis => "lab/redis:7",
        }
    }

    /// What it may stand for.
    const fn stands_for(self) -> &'static str {
        match self {
            Self::Shop => "",
            Self::Postgres => {
                "postgres,postgres:latest,postgres:15,postgres:15-alpine,postgres:16,postgres:16-alpine"
            }
            Self::Redis => "redis,redis:latest,redis:7,redis:7-alpine",
        }
    }
}

/// Where images are made.
pub struct Kitchen {
    /// Downloads and what is unpacked from them.
    pub cache: PathBuf,
    /// The lab's sources.
    pub source: Option<PathBuf>,
    /// Where it is said what is done.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

impl Kitchen {
    /// Makes one image; says what it is.
    pub async fn make(&self, recipe: Recipe) -> Result<Made, Failure> {
        let engine = Engine::find().await?;
        let root = self.cache.join(recipe.name());
        fs::create_dir_all(&root).map_err(|error| broken(&root, &error))?;
        // Paths are handed to other programs, which stand elsewhere.
        let root = root.canonicalize().map_err(|error| broken(&root, &error))?;
        let context = root.join("context");
        if context.exists() {
            fs::remove_dir_all(&context).map_err(|error| broken(&context, &error))?;
        }
        fs::create_dir_all(context.join("root")).map_err(|error| broken(&context, &error))?;
        match recipe {
            Recipe::Shop => shop::prepare(self, &context).await?,
            Recipe::Postgres => debian::postgres(self, &root, &context).await?,
            Recipe::Redis => debian::redis(self, &root, &context).await?,
        }
        (self.progress)(&format!("{}: building {}", recipe.name(), recipe.tag()));
        let labels: HashMap<String, String> =
            [(MADE, recipe.name()), (STANDS_FOR, recipe.stands_for())]
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
        let build = Build {
            context: context.clone(),
            dockerfile: "Dockerfile".to_owned(),
            arguments: [].into(),
            target: None,
        };
        let before = list_in(&engine.docker).await?;
        build::image(&engine.docker, &build, recipe.tag(), &labels).await?;
        let made = list_in(&engine.docker).await?;
        // The one that had the name until now has none any more, and is of no use.
        let replaced = before
            .iter()
            .filter(|one| one.name == recipe.tag() && made.iter().all(|new| new.id != one.id));
        for one in replaced {
            let plainly = None::<RemoveImageOptions>;
            let removed = engine.docker.remove_image(&one.id, plainly, None).await;
            if let Err(error) = removed {
                (self.progress)(&format!("{}: the old image stays: {error}", recipe.name()));
            }
        }
        fs::remove_dir_all(&context).map_err(|error| broken(&context, &error))?;
        made.into_iter()
            .find(|made| made.name == recipe.tag())
            .ok_or_else(|| failure(format!("{} was built and is not there", recipe.tag())))
    }
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new("images", format!("{}: {error}", path.display()))
}

/// Ends a group of processes when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Runs a program to its end; a failure carries its last lines.
async fn call(program: &str, arguments: &[&str], folder: &Path) -> Result<String, Failure> {
    let failed =
        |reason: String| Failure::new(format!("{program} {}", arguments.join(" ")), reason);
    // A group of its own, so that what the program started ends with it; the death signal is for a
    // lab that is killed.
    let own = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let child = Command::new(own)
        .arg("__exec")
        .arg(rustix::process::getpid().as_raw_nonzero().to_string())
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let output = child.wait_with_output().await;
    // It has ended by itself: its number may be somebody else's a moment later.
    std::mem::forget(group);
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    let from = lines.len().saturating_sub(10);
    Err(failed(format!(
        "{}\n  {}",
        output.status,
        lines[from..].join("\n  ")
    )))
}

/// An image that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    name: String,
    id: String,
    megabytes: u64,
    stands_for: String,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id: String = self
            .id
            .trim_start_matches("sha256:")
            .chars()
            .take(12)
            .collect();
        write!(f, "{:<18} {id}  {:>4} MB", self.name, self.megabytes)?;
        if !self.stands_for.is_empty() {
            write!(f, "  may stand for {}", self.stands_for.replace(',', ", "))?;
        }
        Ok(())
    }
}

/// The images that were made here.
pub async fn list() -> Result<Vec<Made>, Failure> {
    list_in(&Engine::find().await?.docker).await
}

pub(crate) async fn list_in(docker: &Docker) -> Result<Vec<Made>, Failure> {
    let filter: HashMap<&str, Vec<&str>> = [("label", vec![MADE])].into();
    let options = ListImagesOptionsBuilder::new().filters(&filter).build();
    let found = docker.list_images(Some(options)).await.map_err(failure)?;
    Ok(found
        .into_iter()
        .filter_map(|image| {
            Some(Made {
                name: image.repo_tags.first()?.clone(),
                megabytes: u64::try_from(image.size).unwrap_or(0) / 1_000_000,
                stands_for: image.labels.get(STANDS_FOR).cloned().unwrap_or_default(),
                id: image.id,
            })
        })
        .collect())
}

/// Lets images that were made here stand for those that are not there and for which nobody named
/// another one; returns what stands for what.
pub(crate) async fn stand_in(
    docker: &Docker,
    wanted: &[&str],
    substitutes: &mut Substitutes,
) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    for name in wanted {
        let own = substitutes.of(name) == *name;
        let there = crate::containers::image::inspect(docker, name)
            .await
            .map_err(failure)?
            .is_some();
        if !own || there {
            continue;
        }
        let made = list_in(docker).await?;
        let stands = |made: &&Made| made.stands_for.split(',').any(|known| known == *name);
        if let Some(made) = made.iter().find(stands) {
            let line = format!("{name}={}", made.name);
            substitutes
                .add(&line)
                .map_err(|error| Failure::new("images", error))?;
            said.push(format!(
                "{} stands for {name}, which is not in the container engine",
                made.name
            ));
        }
    }
    Ok(said)
}

/// Removes the images that were made here: how many, and what is left.
pub async fn remove() -> (usize, Vec<String>) {
    let Ok(engine) = Engine::find().await else {
        return (0, vec![]);
    };
    let Ok(made) = list_in(&engine.docker).await else {
        return (
            0,
            vec!["images: the container engine does not list them".to_owned()],
        );
    };
    let (mut removed, mut left) = (0, Vec::new());
    for image in made {
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        match engine
            .docker
            .remove_image(&image.name, Some(options), None)
            .await
        {
            Ok(_) => removed += 1,
            Err(error) => left.push(format!("image {}: {error}", image.name)),
        }
    }
    (removed, left)
}
