//! The folder of files that were made.

use std::fs;

use crate::{
    harness::{Server, names_in},
    setup::{commit, import, metric, server},
};

/// How many files are in the cache, incomplete ones included.
pub fn cached(server: &Server) -> usize {
    names_in(&server.data("cache/files")).len()
}

#[test]
fn a_file_is_made_once_also_for_the_next_server() {
    let server = server(&[]);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let first = server.get(&target).body;
    assert_eq!(server.get(&target).body, first);
    assert_eq!(metric(&server, "longhaul_files_made_total"), 1);
    let folder = server.stop();
    // What a crash would leave.
    fs::write(folder.path().join("cache/files/.half.part"), "half of a file").unwrap();
    let server = Server::start_in(folder, &[], |_| {});
    assert_eq!(cached(&server), 1);
    assert_eq!(server.get(&target).body, first);
    assert_eq!(metric(&server, "longhaul_files_made_total"), 0);

    // It may be removed at any time, and is made with the same bytes.
    fs::remove_dir_all(server.data("cache")).unwrap();
    assert_eq!(server.get(&target).body, first);
    assert_eq!(metric(&server, "longhaul_files_made_total"), 1);
    server.stop();
}

#[test]
fn a_commit_that_does_not_change_a_layer_does_not_make_its_file_again() {
    let server = server(&[]);
    let files = |server: &Server| {
        ["gpkg", "fgb"].map(|ending| server.get(&format!("/repos/r/files/points.{ending}")).body)
    };
    let first = files(&server);
    import(&server, "places", &["c"]);
    assert_eq!(files(&server), first);
    assert_eq!(metric(&server, "longhaul_files_made_total"), 2);
    import(&server, "points", &["a", "c"]);
    assert_ne!(files(&server), first);
    assert_eq!(metric(&server, "longhaul_files_made_total"), 4);
    server.stop();
}

#[test]
fn the_cache_is_bounded() {
    let server = server(&["--cache-size", "1"]);
    import(&server, "places", &["c"]);
    for layer in ["points", "places", "points"] {
        assert_eq!(server.get(&format!("/repos/r/files/{layer}.gpkg")).status, 200);
        assert_eq!(cached(&server), 1);
    }
    assert_eq!(metric(&server, "longhaul_files_made_total"), 3);
    server.stop();
}
