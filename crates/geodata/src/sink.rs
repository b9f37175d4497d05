//! Writing layers into files.

use std::{error::Error, io};

use crate::{Batch, Layer};

/// Writes layers into one file of some format.
///
/// For each layer: [`Self::begin`], [`Self::write`] as often as there are batches, [`Self::end`]. After the last layer
/// [`Self::finish`]. A sink that is dropped before has written no complete file.
pub trait LayerSink: Send {
    /// Begins a layer.
    ///
    /// # Errors
    /// If the format cannot hold the layer, or no further one.
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError>;

    /// Writes features, whose values are in the order of the layer's columns.
    ///
    /// # Errors
    /// If the format cannot hold one of them.
    fn write(&mut self, features: &Batch) -> Result<(), SinkError>;

    /// Ends the layer: sorts, writes indexes. Gives up soon after `is_stopped` returns true.
    ///
    /// # Errors
    /// [`SinkError::Stopped`] among others.
    fn end(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError>;

    /// Completes the file and closes it. Returns warnings about what the format could not hold, a sentence each.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn finish(self: Box<Self>) -> Result<Vec<String>, SinkError>;
}

/// A layer was not written. The messages contain no paths.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The format cannot hold a layer or a feature.
    #[error("{0}")]
    Unsupported(String),
    /// The file cannot be written.
    #[error("could not write the file")]
    Io(#[from] io::Error),
    /// The library that writes the format failed.
    #[error("could not write {what}")]
    Library {
        /// What was being written.
        what: String,
        /// What the library says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The work was stopped.
    #[error("the export was stopped")]
    Stopped,
}

impl SinkError {
    /// The format cannot hold something, for the reason that the sentence gives.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }
}
