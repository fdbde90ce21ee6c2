//! `lab images`: the images of the demo system, made here.

use std::path::PathBuf;

use lab_drivers::containers::engine;
use lab_drivers::images::{self, Recipe};
use lab_engine::stop::Urgency;
use lab_engine::{Failure, Stop};
use lab_model::Exit;
use tokio::runtime::{Builder, Runtime};

use crate::arguments::{Images, ImagesBuild};
use crate::commands::run::listen;
use crate::text;

pub(crate) fn run(command: &Images) -> Exit {
    engine::point_client();
    match command {
        Images::Build(options) => build(options),
        Images::List => list(),
    }
}

fn runtime() -> Option<Runtime> {
    Builder::new_current_thread().enable_all().build().ok()
}

/// Why an image was not made.
enum Ended {
    Failed(Failure),
    /// Someone asked for the end, by this signal.
    Asked(i32),
}

fn build(options: &ImagesBuild) -> Exit {
    let chosen: Vec<Recipe> = if options.images.is_empty() {
        Recipe::ALL.to_vec()
    } else {
        let mut chosen = Vec::new();
        for name in &options.images {
            let Some(recipe) = Recipe::ALL.iter().find(|recipe| recipe.name() == name) else {
                text::error(
                    &format!("no image is called `{name}`"),
                    "shop, postgres, redis",
                );
                return Exit::Usage;
            };
            chosen.push(*recipe);
        }
        chosen
    };
    let source = options.source.clone().or_else(source);
    let Some(runtime) = runtime() else {
        return Exit::Environment;
    };
    let kitchen = images::Kitchen {
        cache: options.cache.clone(),
        source,
        progress: Box::new(text::note),
    };
    for recipe in chosen {
        let made = runtime.block_on(async {
            let stop = Stop::new();
            listen(&stop).map_err(Ended::Failed)?;
            tokio::select! {
                made = kitchen.make(recipe) => made.map_err(Ended::Failed),
                signal = stop.at_least(Urgency::Orderly) => Err(Ended::Asked(signal)),
            }
        });
        match made {
            Ok(made) => text::out(&format!("{made}\n")),
            Err(Ended::Asked(signal)) => {
                text::error(&format!("{} was not built to its end", recipe.name()), "");
                return if signal == 2 {
                    Exit::Interrupted
                } else {
                    Exit::Terminated
                };
            }
            Err(Ended::Failed(failure)) => {
                text::error(
                    &failure.to_string(),
                    "lab doctor says what this machine can do",
                );
                return Exit::Environment;
            }
        }
    }
    Exit::Pass
}

/// The lab's sources: the first folder from here upwards that holds the demo system.
fn source() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| folder.join("scenarios/systems/shop/Cargo.toml").is_file())
        .map(std::path::Path::to_owned)
}

fn list() -> Exit {
    let Some(runtime) = runtime() else {
        return Exit::Environment;
    };
    match runtime.block_on(images::list()) {
        Ok(found) if found.is_empty() => {
            text::out("no image was built here; lab images build makes them\n");
            Exit::Pass
        }
        Ok(found) => {
            for image in found {
                text::out(&format!("{image}\n"));
            }
            Exit::Pass
        }
        Err(failure) => {
            text::error(&failure.to_string(), "");
            Exit::Environment
        }
    }
}

/// Removes the images that were built here: how many, and what is left.
pub(crate) fn remove() -> (usize, Vec<String>) {
    runtime().map_or((0, vec![]), |runtime| runtime.block_on(images::remove()))
}
