//! Imports that are cancelled at every stage.

use std::{fs, io::Write};

use longhaul_commands::ImportOsm;
use longhaul_tasks::{Progress, Status, Submission};

use crate::{
    fixtures::{job, node, way},
    support::{git::assert_clean, harness::Harness},
};

/// So many nodes that the import does not end before the test cancels it.
const NODES: i64 = 60_000;

fn large(harness: &Harness) -> ImportOsm {
    let path = harness.scratch().join("large.osm");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    file.write_all(b"<osm version=\"0.6\">").unwrap();
    // The ids are so far apart that each node has a Git tree of its own.
    (1..=NODES).for_each(|id| file.write_all(node(id * 64, 1, 1e-5 * id as f64).as_bytes()).unwrap());
    (1..NODES).for_each(|id| file.write_all(way(id, 1, &[id * 64, id * 64 + 64]).as_bytes()).unwrap());
    file.write_all(b"</osm>").unwrap();
    file.flush().unwrap();
    job(harness, &path)
}

/// Runs an import, cancels it once `now` is true for its progress, and checks that it leaves nothing.
#[track_caller]
fn assert_cancelled_without_a_trace(now: impl Fn(&Progress) -> bool) {
    let harness = Harness::new();
    let job = large(&harness);
    let before = harness.repository_files();
    let task = harness.runtime.block_on(async {
        let id = harness.tasks.submit(job, Submission::default()).await.unwrap().id;
        loop {
            let task = harness.tasks.get(id).await.unwrap().unwrap();
            assert!(!task.status.has_ended(), "it ended before it could be cancelled: {:?}", task.error);
            if task.progress.as_ref().is_some_and(&now) {
                harness.tasks.cancel(id).await.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
        harness.tasks.wait(id).await.unwrap().unwrap()
    });
    assert_eq!(task.status, Status::Cancelled);
    assert!(task.result.is_none() && task.error.is_none());
    assert_eq!(harness.repository_files(), before);
    assert_clean(harness.git_dir());
}

#[test]
fn an_import_cancelled_among_its_entities_leaves_nothing() {
    assert_cancelled_without_a_trace(|progress| {
        &*progress.step == "Importing into GeoGig repo..." && progress.done > 0
    });
}

#[test]
fn an_import_cancelled_while_its_ways_are_built_leaves_nothing() {
    assert_cancelled_without_a_trace(|progress| &*progress.step == "Staging features...");
}

#[test]
fn an_import_cancelled_while_its_trees_are_built_leaves_nothing() {
    assert_cancelled_without_a_trace(|progress| &*progress.step == "Committing features...");
}
