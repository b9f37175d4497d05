//! Downloading again what was downloaded last.

use longhaul_commands::{Destination, ImportOsm, OsmFile};

use crate::{
    replay::{Replay, osm},
    setting::{FILTER, answer, complaint, download, downloaded, node, studio, update, village},
    support::{
        git::{assert_clean, git},
        gpkg::{ROADS, gpkg},
        rows::rows,
        studio::Studio,
    },
};

fn head(studio: &Studio) -> String {
    git(studio.git_dir(), &["rev-parse", "master"])
}

/// Adds a node to the layer that was downloaded, as somebody would who edits it.
fn edit(studio: &Studio) {
    let path = studio.scratch().join("edit.osm");
    std::fs::write(&path, osm(&node(99, 1, ""))).unwrap();
    let job = ImportOsm {
        destination: Destination { repository: studio.repository.id().to_owned(), ..Destination::default() },
        file: OsmFile::Uploaded(path),
        file_name: "edit.osm".into(),
        add: true,
        ..ImportOsm::default()
    };
    assert!(studio.run(job).error.is_none());
}

#[test]
fn an_update_asks_for_the_same_again_and_brings_what_is_new_and_what_is_gone() {
    let grown = village().replace(&node(3, 1, ""), &node(3, 2, "<tag k=\"crossing\" v=\"zebra\"/>"));
    let grown = grown.replace(&node(2, 1, "<tag k=\"shop\" v=\"yes\"/>"), "") + &node(4, 1, "");
    let server = Replay::start([answer(&village()), answer(&grown), answer(&grown)]);
    let studio = studio(&server);
    downloaded(&studio, download(&studio));
    // What happens to other layers makes no difference.
    studio.import(studio.job(&gpkg(studio.scratch(), "roads.gpkg", ROADS)));
    let other = head(&studio);
    downloaded(&studio, update(&studio));
    assert_eq!(git(studio.git_dir(), &["rev-parse", "master^"]), other);
    let ids: Vec<String> = rows(&studio.repository, &head(&studio), "node")
        .iter()
        .map(|row| row.split('|').next().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["1", "3", "4"]);
    assert_eq!(server.asked()[0].body, server.asked()[1].body);
    assert!(server.asked()[1].body.starts_with("data=%28node%281%2C2%2C3%2C4%29"));
    // The second update finds the first.
    let told = complaint(&studio.run(update(&studio)));
    assert_eq!(told, format!("Nothing to commit after {}", head(&studio)));
    assert_clean(studio.git_dir());
}

#[test]
fn an_update_leaves_unchanged_features_as_they_are() {
    let server = Replay::start([answer(&village()), answer(&(village() + &node(4, 1, "")))]);
    let studio = studio(&server);
    downloaded(&studio, download(&studio));
    downloaded(&studio, update(&studio));
    let changed = git(studio.git_dir(), &["diff", "--name-status", "master^", "master"]);
    assert_eq!(changed.lines().count(), 1, "{changed}");
    assert!(changed.starts_with("A\tnode/.table-dataset/feature/"), "{changed}");
}

#[test]
fn what_was_edited_since_the_download_is_not_lost_to_an_update() {
    let server = Replay::start([answer(&village()), answer(&(village() + &node(4, 1, "")))]);
    let studio = studio(&server);
    downloaded(&studio, download(&studio));
    let downloaded = head(&studio);
    edit(&studio);
    let edited = head(&studio);
    let told = complaint(&studio.run(update(&studio)));
    assert_eq!(
        told,
        format!(
            "The layer 'node' was edited in this repository since it was downloaded (commit {downloaded}), and an update \
             would lose those edits: merging them is not possible yet. Nothing was committed."
        )
    );
    assert_eq!(head(&studio), edited);
    assert_eq!(server.asked().len(), 1, "and the server was not troubled");
    // Taken back they are no edits any more.
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &downloaded]);
    crate::setting::downloaded(&studio, update(&studio));
}

#[test]
fn a_branch_without_a_download_has_nothing_to_update() {
    let server = Replay::start([]);
    let studio = studio(&server);
    assert_eq!(complaint(&studio.run(update(&studio))), "Repository has no HEAD, can't update.");
    studio.import(studio.job(&gpkg(studio.scratch(), "roads.gpkg", ROADS)));
    assert_eq!(complaint(&studio.run(update(&studio))), "The current branch does not contain OSM data");
    edit(&studio);
    assert_eq!(complaint(&studio.run(update(&studio))), "The current branch does not contain OSM data");
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn an_update_asks_for_what_the_last_download_of_its_own_branch_asked_for() {
    let server = Replay::start((0..4).map(|_| answer(&village())));
    let studio = studio(&server);
    downloaded(&studio, download(&studio));
    let mut elsewhere = download(&studio);
    elsewhere.destination.branch = Some("elsewhere".into());
    elsewhere.destination.message = Some("Other words".into());
    elsewhere.wanted = longhaul_commands::OsmArea::Filter("node(7);out meta;".into());
    // The same data on a new branch is nothing new: so the branch gets a commit of its own first.
    let mut first = update(&studio);
    first.destination.branch = Some("elsewhere".into());
    assert!(complaint(&studio.run(first.clone())).starts_with("Repository has no HEAD"));
    assert!(complaint(&studio.run(elsewhere)).starts_with("Nothing to commit after"));
    let told = complaint(&studio.run(update(&studio)));
    assert!(told.starts_with("Nothing to commit after"), "{told}");
    let last = server.asked().last().unwrap().body.clone();
    assert!(last.starts_with(&format!("data=%28node{}", "%281%2C2%2C3%2C4%29")), "{last} {FILTER}");
}
