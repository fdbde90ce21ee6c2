//! Commands that look after what runs made.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Kept;

#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Images {
    /// Build them: shop from its sources as a static binary, PostgreSQL and Redis from Debian's
    /// packages. Downloads are kept for the next time.
    Build(ImagesBuild),
    /// List those that were built, and what they stand for.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct ImagesBuild {
    /// Which: shop, postgres, redis; all where none is given.
    pub(crate) images: Vec<String>,

    /// The lab's sources, for shop; found from here upwards where left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,

    /// Where downloads are kept.
    #[arg(long, value_name = "DIR", default_value = ".lab/images")]
    pub(crate) cache: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Clean {
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// Also remove kept runs: journals, logs, data.
    #[arg(long)]
    pub(crate) runs: bool,

    /// Also remove the images that `lab images build` made.
    #[arg(long)]
    pub(crate) images: bool,
}
