//! Makes the indexes of large layers when they have been imported, so that the first map window need not wait.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use anyhow::Context;
use longhaul_commands::{CommitListener, MadeCommit};
use longhaul_repository::{LayerChanges, Repositories};

use crate::web::LayerIndexes;

/// The index of a smaller layer is made when it is asked for; that takes less than half a second.
const FEATURES: u64 = 50_000;
/// Commits that wait. The indexes of others are made when they are asked for.
const WAITING: usize = 64;

/// Starts a thread that makes indexes, one after the other. It ends with the listener, or when the indexes are stopped.
pub(super) fn start(repositories: Repositories, indexes: LayerIndexes) -> anyhow::Result<CommitListener> {
    let (commits, waiting) = sync_channel(WAITING);
    let thread = thread::Builder::new().name("layer-indexes".into());
    thread
        .spawn(move || make_all(&waiting, &repositories, &indexes))
        .context("starting the thread of the indexes")?;
    Ok(CommitListener::new(move |made| send(&commits, made)))
}

fn send(commits: &SyncSender<MadeCommit>, mut made: MadeCommit) {
    made.layers.retain(is_large);
    if !made.layers.is_empty() {
        let _ = commits.try_send(made);
    }
}

fn is_large(layer: &LayerChanges) -> bool {
    let counts = &layer.counts;
    counts.added + counts.changed + layer.unchanged >= FEATURES
}

fn make_all(commits: &Receiver<MadeCommit>, repositories: &Repositories, indexes: &LayerIndexes) {
    for made in commits {
        if let Err(error) = make(&made, repositories, indexes) {
            // The request that needs the index meets the same error, and logs it.
            tracing::debug!(error = format!("{error:#}"), "could not make the index of a layer");
        }
    }
}

fn make(made: &MadeCommit, repositories: &Repositories, indexes: &LayerIndexes) -> anyhow::Result<()> {
    let Some(repository) = repositories.by_id(&made.repository)? else { return Ok(()) };
    for layer in &made.layers {
        if let Some(dataset) = repository.dataset(made.commit, &layer.path)? {
            indexes.make(&dataset)?;
        }
    }
    Ok(())
}
