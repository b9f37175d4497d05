//! Downloads at the same time as other tasks on the same repository.

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{Status, Submission};

use crate::{
    mock_server::{MockServer, Reply, data},
    setup::{download, harness_with_two_workers, large_extract},
    support::{
        git::{assert_clean, git},
        gpkg::{ROADS, gpkg},
        harness::Harness,
    },
};

fn roads(harness: &Harness) -> ImportGeopackage {
    harness.job(&gpkg(harness.scratch(), "roads.gpkg", ROADS))
}

#[test]
fn an_import_can_commit_during_a_download() {
    let whole = data(&large_extract());
    let half = whole.len() / 2;
    let (act, go_on) = Reply::pause(&whole[..half], &whole[half..]);
    let server = MockServer::start([act]);
    let harness = harness_with_two_workers(&server);
    harness.runtime.block_on(async {
        let tasks = &harness.tasks;
        let download = tasks.submit(download(&harness), Submission::default()).await.unwrap().id;
        loop {
            let task = tasks.get(download).await.unwrap().unwrap();
            assert!(!task.status.has_ended(), "{:?}", task.error);
            if task.progress.is_some_and(|progress| progress.done > 0) {
                break;
            }
            tokio::task::yield_now().await;
        }
        let import = tasks.submit(roads(&harness), Submission::default()).await.unwrap().id;
        let import = tasks.wait(import).await.unwrap().unwrap();
        assert_eq!(import.status, Status::Finished, "{:?}", import.error);
        go_on.send(()).unwrap();
        let download = tasks.wait(download).await.unwrap().unwrap();
        assert_eq!(download.status, Status::Finished, "{:?}", download.error);
    });
    let layers = git(harness.git_dir(), &["ls-tree", "--name-only", "master"]);
    assert_eq!(layers.lines().skip(1).collect::<Vec<_>>(), ["node", "roads", "way"]);
    assert_eq!(git(harness.git_dir(), &["rev-list", "--count", "master"]), "2");
    assert_clean(harness.git_dir());
}
