//! Updates of the last download.

use longhaul_commands::{Destination, ImportOsm, OsmFile};

use crate::{
    mock_server::{MockServer, osm},
    setup::{FILTER, answer, download, downloaded, error_message, harness, node, small_extract, update},
    support::{
        git::{assert_clean, git},
        gpkg::{ROADS, gpkg},
        harness::Harness,
        rows::rows,
    },
};

fn head(harness: &Harness) -> String {
    git(harness.git_dir(), &["rev-parse", "master"])
}

/// Edits the downloaded layer: adds a node.
fn edit(harness: &Harness) {
    let path = harness.scratch().join("edit.osm");
    std::fs::write(&path, osm(&node(99, 1, ""))).unwrap();
    let job = ImportOsm {
        destination: Destination { repository: harness.repository.id().to_owned(), ..Destination::default() },
        file: OsmFile::Uploaded(path),
        file_name: "edit.osm".into(),
        add: true,
        ..ImportOsm::default()
    };
    assert!(harness.run(job).error.is_none());
}

#[test]
fn an_update_sends_the_same_filter_and_adds_and_removes_features() {
    let grown = small_extract().replace(&node(3, 1, ""), &node(3, 2, "<tag k=\"crossing\" v=\"zebra\"/>"));
    let grown = grown.replace(&node(2, 1, "<tag k=\"shop\" v=\"yes\"/>"), "") + &node(4, 1, "");
    let server = MockServer::start([answer(&small_extract()), answer(&grown), answer(&grown)]);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    // Commits to other layers do not matter.
    harness.import(harness.job(&gpkg(harness.scratch(), "roads.gpkg", ROADS)));
    let other = head(&harness);
    downloaded(&harness, update(&harness));
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master^"]), other);
    let ids: Vec<String> = rows(&harness.repository, &head(&harness), "node")
        .iter()
        .map(|row| row.split('|').next().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["1", "3", "4"]);
    assert_eq!(server.requests()[0].body, server.requests()[1].body);
    assert!(server.requests()[1].body.starts_with("data=%28node%281%2C2%2C3%2C4%29"));
    // The second update uses the filter of the first.
    let message = error_message(&harness.run(update(&harness)));
    assert_eq!(message, format!("Nothing to commit after {}", head(&harness)));
    assert_clean(harness.git_dir());
}

#[test]
fn an_update_leaves_unchanged_features_as_they_are() {
    let server = MockServer::start([answer(&small_extract()), answer(&(small_extract() + &node(4, 1, "")))]);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    downloaded(&harness, update(&harness));
    let changed = git(harness.git_dir(), &["diff", "--name-status", "master^", "master"]);
    assert_eq!(changed.lines().count(), 1, "{changed}");
    assert!(changed.starts_with("A\tnode/.table-dataset/feature/"), "{changed}");
}

#[test]
fn an_update_refuses_to_overwrite_edits() {
    let server = MockServer::start([answer(&small_extract()), answer(&(small_extract() + &node(4, 1, "")))]);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    let downloaded = head(&harness);
    edit(&harness);
    let edited = head(&harness);
    let message = error_message(&harness.run(update(&harness)));
    assert_eq!(
        message,
        format!(
            "The layer 'node' was edited in this repository since it was downloaded (commit {downloaded}), and an update \
             would lose those edits: merging them is not possible yet. Nothing was committed."
        )
    );
    assert_eq!(head(&harness), edited);
    assert_eq!(server.requests().len(), 1, "and the server was not troubled");
    // Without the edits an update is possible again.
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &downloaded]);
    crate::setup::downloaded(&harness, update(&harness));
}

#[test]
fn a_branch_without_a_download_has_nothing_to_update() {
    let server = MockServer::start([]);
    let harness = harness(&server);
    assert_eq!(error_message(&harness.run(update(&harness))), "Repository has no HEAD, can't update.");
    harness.import(harness.job(&gpkg(harness.scratch(), "roads.gpkg", ROADS)));
    assert_eq!(error_message(&harness.run(update(&harness))), "The current branch does not contain OSM data");
    edit(&harness);
    assert_eq!(error_message(&harness.run(update(&harness))), "The current branch does not contain OSM data");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_update_uses_the_filter_of_the_last_download_on_its_own_branch() {
    let server = MockServer::start((0..4).map(|_| answer(&small_extract())));
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    let mut elsewhere = download(&harness);
    elsewhere.destination.branch = Some("elsewhere".into());
    elsewhere.destination.message = Some("Other message".into());
    elsewhere.filter = longhaul_commands::DownloadFilter::Filter("node(7);out meta;".into());
    // An update of a branch that does not exist fails, and so does a download of unchanged data to a new branch.
    let mut first = update(&harness);
    first.destination.branch = Some("elsewhere".into());
    assert!(error_message(&harness.run(first.clone())).starts_with("Repository has no HEAD"));
    assert!(error_message(&harness.run(elsewhere)).starts_with("Nothing to commit after"));
    let message = error_message(&harness.run(update(&harness)));
    assert!(message.starts_with("Nothing to commit after"), "{message}");
    let last = server.requests().last().unwrap().body.clone();
    assert!(last.starts_with(&format!("data=%28node{}", "%281%2C2%2C3%2C4%29")), "{last} {FILTER}");
}
