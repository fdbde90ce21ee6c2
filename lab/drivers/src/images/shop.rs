//! The demo system's image: one static binary and nothing else.

use std::fs;
use std::path::Path;

use lab_engine::Failure;

use super::{Kitchen, broken, call};

const TARGET: &str = "x86_64-unknown-linux-musl";

const DOCKERFILE: &str = "\
FROM scratch
COPY root/shop /shop
EXPOSE 8080
ENTRYPOINT [\"/shop\"]
";

pub(super) async fn prepare(kitchen: &Kitchen, context: &Path) -> Result<(), Failure> {
    let source = kitchen.source.as_deref().ok_or_else(|| {
        Failure::new(
            "images",
            "the lab's sources are not here; name them with --source DIR",
        )
    })?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let installed = call("rustup", &["target", "list", "--installed"], source).await;
    if !installed.is_ok_and(|list| list.lines().any(|line| line.trim() == TARGET)) {
        (kitchen.progress)(&format!("shop: adding the target {TARGET}"));
        call("rustup", &["target", "add", TARGET], source).await?;
    }
    (kitchen.progress)("shop: compiling a static binary");
    // Without SQLite, which needs a C compiler for the target; in containers there is a server.
    let target = kitchen
        .cache
        .canonicalize()
        .map_err(|error| broken(&kitchen.cache, &error))?
        .join("target");
    let folder = target.to_string_lossy();
    call(
        &cargo,
        &[
            "build",
            "--quiet",
            "--release",
            "--package",
            "shop",
            "--bin",
            "shop",
            "--no-default-features",
            "--features",
            "postgres",
            "--target",
            TARGET,
            "--target-dir",
            &folder,
        ],
        source,
    )
    .await?;
    let binary = target.join(TARGET).join("release/shop");
    fs::copy(&binary, context.join("root/shop")).map_err(|error| broken(&binary, &error))?;
    let file = context.join("Dockerfile");
    fs::write(&file, DOCKERFILE).map_err(|error| broken(&file, &error))
}
