//! Undoing commits.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

use longhaul_commands::{Destination, RevertCommits, RevertRange};
use longhaul_tasks::{Report, ReportValue, Status, Task};
use support::{
    git::{assert_clean, git},
    gpkg::gpkg,
    harness::Harness,
    rows::rows,
};

const TABLE: &str = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);";

fn import(harness: &Harness, sql: &str) -> String {
    harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)))
}

/// Imports the layer `roads` with these rows.
fn roads(harness: &Harness, values: &str) -> String {
    import(harness, &format!("{TABLE} INSERT INTO roads VALUES {values};"))
}

fn revert(harness: &Harness, range: RevertRange) -> Task {
    let destination =
        Destination { repository: harness.repository.id().to_owned(), ..Destination::default() };
    harness.run(RevertCommits { destination, range })
}

/// Undoes a commit and returns the new one.
#[track_caller]
fn undo(harness: &Harness, commit: &str) -> String {
    let task = revert(harness, RevertRange::One(commit.to_owned()));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    assert_clean(harness.git_dir());
    git(harness.git_dir(), &["rev-parse", "master"])
}

fn tree(harness: &Harness, commit: &str) -> String {
    git(harness.git_dir(), &["rev-parse", &format!("{commit}^{{tree}}")])
}

fn conflicts(task: &Task) -> Vec<String> {
    assert_eq!(task.status, Status::Failed);
    let Some((name, ReportValue::List(conflicts))) = task.result.as_ref().unwrap().members().first() else {
        panic!("{:?}", task.result);
    };
    assert_eq!(name, "conflict");
    let text = |report: &Report| {
        let text = |at: usize| match &report.members()[at].1 {
            ReportValue::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        format!("{}: {}", text(0), text(1))
    };
    let conflicts = conflicts.iter().map(|conflict| match conflict {
        ReportValue::Element(report) => text(report),
        other => panic!("{other:?}"),
    });
    conflicts.collect()
}

#[test]
fn the_newest_commit_is_undone_exactly() {
    let harness = Harness::new();
    let first = roads(&harness, "(1, 'a'), (2, 'b')");
    let second = roads(&harness, "(1, 'x'), (3, 'c')");
    let undone = undo(&harness, "HEAD");
    assert_eq!(tree(&harness, &undone), tree(&harness, &first));
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master^"]), second);
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B"]);
    assert_eq!(
        message,
        format!("Revert \"Import from f.gpkg:roads to roads/\"\n\nThis undoes commit {second}.")
    );
    let again = undo(&harness, &undone);
    assert_eq!(tree(&harness, &again), tree(&harness, &second));
}

#[test]
fn an_older_commit_is_undone_and_later_changes_of_other_features_stay() {
    let harness = Harness::new();
    roads(&harness, "(1, 'a'), (2, 'b'), (3, 'c'), (1000, 'far')");
    let wrong = roads(&harness, "(1, 'WRONG'), (3, 'c'), (4, 'WRONG'), (1000, 'far')");
    roads(&harness, "(1, 'WRONG'), (3, 'better'), (4, 'WRONG'), (5, 'new'), (1000, 'far')");
    let task = revert(&harness, RevertRange::One(wrong));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    let commit = git(harness.git_dir(), &["rev-parse", "master"]);
    assert_clean(harness.git_dir());
    let expected = ["1000|far", "1|a", "2|b", "3|better", "5|new"];
    assert_eq!(rows(&harness.repository, &commit, "roads"), expected);
    let layer = format!("{:?}", task.result.as_ref().unwrap().members().last().unwrap());
    for part in [
        r#"("added", Integer(1))"#,
        r#"("changed", Integer(1))"#,
        r#"("deleted", Integer(1))"#,
        r#"("unchanged", Integer(3))"#,
    ] {
        assert!(layer.contains(part), "{layer}");
    }
}

#[test]
fn what_was_changed_since_is_a_conflict_and_nothing_is_undone() {
    let harness = Harness::new();
    roads(&harness, "(1, 'a'), (2, 'b'), (3, 'c')");
    let wrong = roads(&harness, "(1, 'x'), (2, 'x')");
    let newest = roads(&harness, "(1, 'again'), (3, 'other')");
    let before = harness.repository_files();
    let task = revert(&harness, RevertRange::One(wrong));
    assert_eq!(
        conflicts(&task),
        [
            "roads/1: it was changed since then",
            "roads/2: it was deleted since then",
            "roads/3: it was changed since then",
        ]
    );
    let error = harness.error_text(task.error.as_ref().unwrap());
    assert!(
        error.starts_with("nothing was undone, because of 3 conflicts: roads/1 (it was changed since then)")
    );
    assert_eq!(harness.repository_files(), before);
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master"]), newest);
}

#[test]
fn changes_of_columns_are_undone_under_features_that_changed_since() {
    let harness = Harness::new();
    roads(&harness, "(1, 'a'), (2, 'b'), (3, 'c')");
    let wide = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT, lanes INTEGER);";
    let wider = import(
        &harness,
        &format!("{wide} INSERT INTO roads VALUES (1, 'a', 2), (2, 'b', NULL), (3, 'c', NULL);"),
    );
    import(
        &harness,
        &format!("{wide} INSERT INTO roads VALUES (1, 'a', 2), (2, 'b', 9), (3, 'c', NULL), (4, 'd', 1);"),
    );
    let commit = undo(&harness, &wider);
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|a", "2|b", "3|c", "4|d"]);
    // The columns were changed again: that cannot be undone.
    let narrow = "CREATE TABLE roads (fid INTEGER PRIMARY KEY);";
    let narrower = import(&harness, &format!("{narrow} INSERT INTO roads VALUES (1), (2);"));
    import(&harness, &format!("{wide} INSERT INTO roads VALUES (1, 'a', 2), (2, 'b', 9);"));
    let conflicts = conflicts(&revert(&harness, RevertRange::One(narrower)));
    assert!(conflicts.contains(&"roads:schema.json: it was changed since then".to_owned()), "{conflicts:?}");
}

#[test]
fn layers_that_were_added_go_and_layers_beside_them_stay() {
    let harness = Harness::new();
    let first = roads(&harness, "(1, 'a')");
    let trees =
        import(&harness, "CREATE TABLE trees (fid INTEGER PRIMARY KEY); INSERT INTO trees VALUES (1), (2);");
    roads(&harness, "(1, 'b')");
    let commit = undo(&harness, &trees);
    assert_eq!(git(harness.git_dir(), &["ls-tree", "--name-only", &commit, "trees"]), "");
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|b"]);
    let task = revert(&harness, RevertRange::DownTo(first.clone()));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    assert_eq!(tree(&harness, "master"), tree(&harness, &first));
    let task = revert(&harness, RevertRange::DownTo(first.clone()));
    assert!(harness.error_text(task.error.as_ref().unwrap()).starts_with("Nothing to commit after "));
    let task = revert(&harness, RevertRange::One(trees.clone()));
    assert_eq!(task.status, Status::Failed, "it is undone already");
    let root = undo(&harness, &first);
    assert_eq!(git(harness.git_dir(), &["ls-tree", "--name-only", &root]), ".kart.repostructure.version");
}

#[test]
fn a_layer_that_was_added_and_changed_since_is_a_conflict() {
    let harness = Harness::new();
    let first = roads(&harness, "(1, 'a')");
    roads(&harness, "(1, 'b')");
    assert_eq!(conflicts(&revert(&harness, RevertRange::One(first))), ["roads: it was changed since then"]);
    let task = revert(&harness, RevertRange::One("0".repeat(40)));
    assert!(harness.error_text(task.error.as_ref().unwrap()).starts_with("object not found"));
}
