//! Behind the seam: what stands in a plan's way, the lease, the reaper, and the run's networks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, Environment, EnvironmentDriver, Pace, Signals};
use lab_model::system::System;
use lab_model::{Name, Plan};
use tokio::process::{Child, Command};

use super::engine::Engine;
use super::faults::Faults;
use super::fleet::Fleet;
use super::image::{self, Substitutes};
use super::running::Running;
use super::watch::{self, Expected};
use super::{host, labels};
use crate::acts::Acts;
use crate::folder;
use crate::lease::{Lease, Owner};

/// Starts services as containers.
pub struct Containers {
    /// The lab's own program, started again as the reaper.
    pub program: PathBuf,
    /// What will be started.
    pub system: System,
    /// Images that stand for others.
    pub substitutes: Mutex<Substitutes>,
    /// Where it is said what is pulled and built.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

#[async_trait]
impl EnvironmentDriver for Containers {
    fn name(&self) -> Name {
        crate::name("containers")
    }

    async fn obstacles(&self, plan: &Plan) -> Vec<String> {
        let engine = match Engine::find().await {
            Ok(engine) => engine,
            Err(failure) => return vec![failure.to_string()],
        };
        let mut obstacles = host::obstacles(&engine, plan).await;
        let images: BTreeSet<&str> = plan
            .system
            .services
            .iter()
            .filter(|service| service.container.build.is_none())
            .filter_map(|service| service.image.as_deref())
            .collect();
        let images: Vec<&str> = images.into_iter().collect();
        let mut substitutes = self.substitutes();
        match crate::images::stand_in(&engine.docker, &images, &mut substitutes).await {
            Ok(said) => said.iter().for_each(|line| (self.progress)(line)),
            Err(failure) => obstacles.push(failure.to_string()),
        }
        *self
            .substitutes
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = substitutes.clone();
        for image in images {
            let image = substitutes.of(image);
            let needed = image::need(&engine.docker, image, self.progress.as_ref()).await;
            obstacles.extend(needed.err().map(|failure| failure.to_string()));
        }
        let without = plan
            .system
            .services
            .iter()
            .filter(|service| service.image.is_none() && service.container.build.is_none());
        obstacles.extend(without.map(|service| {
            format!(
                "service {}: it has no image; the container driver needs one",
                service.name
            )
        }));
        obstacles
    }

    async fn open(&self, run: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure> {
        let owner = Owner::this();
        let label = format!("{}={}", labels::TOKEN, labels::token(&run.run, &owner));
        let lease = Lease::write(run, Some(label.clone()))?;
        let reaper = self.reaper(run, &label)?;
        let engine = Engine::find().await?;
        let labels = labels::of(&run.run, &run.folder, &owner);
        let expected = Expected::default();
        let events = watch::events(
            engine.docker.clone(),
            &label,
            signals.clone(),
            expected.clone(),
        );
        let fleet = std::sync::Arc::new(Fleet::default());
        let mut running = Running {
            faults: Acts::new(Faults::new(
                engine.clone(),
                std::sync::Arc::clone(&fleet),
                signals.clone(),
                expected,
                run.folder.clone(),
            )),
            engine,
            context: run.clone(),
            system: self.system.clone(),
            substitutes: self.substitutes(),
            label,
            labels,
            networks: vec![],
            fixed: BTreeMap::new(),
            fleet,
            signals,
            logs: Mutex::default(),
            events,
            reaper: Some(reaper).into(),
            lease,
        };
        match running.prepare().await {
            Ok(()) => Ok(Box::new(running)),
            Err(failure) => {
                // What is left then, the reaper and the next start find by its label.
                running.stop(Pace::Fast).await;
                Err(failure)
            }
        }
    }
}

impl Containers {
    fn substitutes(&self) -> Substitutes {
        let substitutes = self.substitutes.lock();
        substitutes.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the reaper: it is there before anything that it might have to remove.
    fn reaper(&self, run: &Context, label: &str) -> Result<Child, Failure> {
        let broken = |error: std::io::Error| Failure::new("reaper", error);
        let log =
            fs::File::create(run.folder.join(folder::LOGS).join("reaper.log")).map_err(broken)?;
        Command::new(&self.program)
            .arg("__reap")
            .arg(&run.folder)
            .arg(label)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(broken)
    }
}
