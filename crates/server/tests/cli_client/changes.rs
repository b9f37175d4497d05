use crate::{
    harness::{Server, git},
    program::{client_of, file_of_points, run},
};

#[test]
fn a_dry_run_is_shown_committed_seen_and_undone() {
    let server = Server::start();
    let (_folder, path) = file_of_points("roads", &["a", "b", "c"]);
    let (_other, wrong) = file_of_points("roads", &["a"]);
    let client = |arguments: &[&str]| run(client_of(&server, arguments));
    let import = |path: &std::path::Path, more: &[&str]| {
        client(&[&["import", path.to_str().unwrap(), "--repo", "city"], more].concat())
    };
    assert_eq!(import(&path, &["--create"]).status, Some(0));
    let repository = server.data("repos/city.git");
    let first = git(&repository, &["rev-parse", "master"]);

    let held = import(&wrong, &["--max-deletes", "1", "--same-crs", "--same-schema"]);
    assert_ne!(held.status, Some(0));
    assert!(held.err.contains("held back, nothing was changed: layer 'roads' would lose 2 of 3"), "{held:?}");

    let shown = import(&wrong, &["--dry-run"]);
    assert_eq!(shown.status, Some(0), "{shown:?}");
    assert_eq!(shown.out, "roads: 0 added, 0 changed, 2 deleted, 1 unchanged\n");
    assert!(shown.err.contains("Warning: layer 'roads': 2 of 3 features were deleted\n"), "{shown:?}");
    assert!(
        shown.err.ends_with("Nothing was committed. With --yes, what was shown is committed.\n"),
        "{shown:?}"
    );
    assert_eq!(git(&repository, &["rev-parse", "master"]), first);

    let committed = import(&wrong, &["--dry-run", "--yes", "-m", "Wrong"]);
    assert_eq!(committed.status, Some(0), "{committed:?}");
    assert!(committed.out.ends_with("\n\n    Wrong\n"), "{committed:?}");

    let diff = client(&["diff", "city"]);
    assert_eq!(diff.out.lines().count(), 3, "{diff:?}");
    assert!(
        diff.out.starts_with("roads\n  - fid=2 geom=\"0101") && diff.out.ends_with(" name=\"c\"\n"),
        "{diff:?}"
    );
    let lines = client(&["diff", "city", "HEAD~1..HEAD", "--json", "--path", "roads/2"]);
    assert!(lines.out.starts_with("{\"type\":\"version\""), "{lines:?}");

    let undone = client(&["revert", "city", "HEAD", "-m", "Undone"]);
    assert_eq!(undone.status, Some(0), "{undone:?}");
    assert!(undone.out.ends_with("\n\n    Undone\n"), "{undone:?}");
    let log = client(&["log", "city", "--stat", "-n", "2"]);
    let counts: Vec<_> = log.out.lines().filter(|line| line.contains(" added, ")).map(str::trim).collect();
    assert_eq!(counts, ["2 added, 0 changed, 0 deleted", "0 added, 0 changed, 2 deleted"]);
    let again = client(&["revert", "city", "HEAD~1"]);
    assert_ne!(again.status, Some(0), "{again:?}");
    assert!(again.err.contains("Nothing to commit after"), "{again:?}");
    let missing = client(&["diff", "nothing"]);
    assert_eq!(
        (missing.status, missing.err.contains("Repository not found.")),
        (Some(1), true),
        "{missing:?}"
    );
    server.stop();
}
