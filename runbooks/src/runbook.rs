//! A runbook, resolved: what later steps read.

use serde::Serialize;

use crate::block::Block;
use crate::front::Header;

/// A runbook without mistakes. Every id that a block names exists, and no blocks need each other
/// in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runbook {
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<Header>,
    pub(crate) blocks: Vec<Block>,
}

impl Runbook {
    /// The name of its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its first heading.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What it says of itself; `None` where the file was not written for the lab.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Its blocks, in the order of the file.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block of that id.
    pub fn block(&self, id: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.id == id)
    }
}
