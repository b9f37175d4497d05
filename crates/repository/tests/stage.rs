//! Staging a commit: what is visible when, and what is left of one that was given up.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::{fs, path::PathBuf};

use longhaul_geodata::Value::{Integer, Null, Text};
use longhaul_repository::{DatasetPath, Mode, PackError, Repository, Stage, StageError};
use support::{
    git,
    layers::{batch, details, import, layer, rows, stage},
    repository,
};

/// All that a stage could have put into the repository.
fn files(repository: &Repository) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository.path().join("objects"), repository.path().join("refs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn a_stage_that_is_dropped_anywhere_leaves_nothing() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let path = DatasetPath::new("roads").unwrap();

    drop(Stage::open(&repository, "master").unwrap());
    assert!(files(&repository).is_empty());

    let staging = Stage::open(&repository, "master").unwrap();
    let mut layer = staging.layer(&path, &roads, Mode::Replace).unwrap();
    let mut writer = layer.writer(&staging);
    writer.write(&batch(&[&[Integer(1)]])).unwrap();
    drop(staging);
    assert!(files(&repository).is_empty(), "whatever outlives the stage");
    drop((layer, writer));

    drop(stage(&repository, &roads, Mode::Replace, &[&[Integer(1)]]).unwrap());
    assert!(files(&repository).is_empty());
}

#[test]
fn nothing_is_visible_before_it_is_published() {
    let (_folder, repository) = repository();
    let staged =
        stage(&repository, &layer("roads", &[("fid", "integer")]), Mode::Replace, &[&[Integer(1)]]).unwrap();
    assert_eq!(git(repository.path(), &["for-each-ref"]), "");
    assert!(!repository.git().has_object(staged.commit().id));
    let id = staged.commit().id;
    let published = staged.publish().unwrap();
    assert_eq!(published.id, id);
    assert_eq!(git(repository.path(), &["rev-parse", "master"]), id.to_string());
    git(repository.path(), &["fsck", "--strict", "--full"]);
}

#[test]
fn a_branch_that_has_moved_stays_where_it_is() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    import(&repository, &roads, &[&[Integer(1)]]);
    let staged = stage(&repository, &roads, Mode::Replace, &[&[Integer(2)]]).unwrap();
    let other = import(&repository, &roads, &[&[Integer(3)]]);
    let before = files(&repository);
    let error = staged.publish().unwrap_err();
    assert!(matches!(error, StageError::BranchMoved(_)), "{error}");
    let staged_files = files(&repository);
    assert_eq!(repository.branch_tip("master").unwrap(), Some(other.id));
    assert!(staged_files.iter().all(|file| before.contains(file)), "nothing of it is left");
}

#[test]
fn a_locked_branch_is_told_apart_from_one_that_moved() {
    let (_folder, repository) = repository();
    let staged =
        stage(&repository, &layer("roads", &[("fid", "integer")]), Mode::Replace, &[&[Integer(1)]]).unwrap();
    let lock = repository.path().join("refs/heads/master.lock");
    fs::write(&lock, "").unwrap();
    let error = staged.publish().unwrap_err();
    assert!(matches!(error, StageError::Locked(_)), "{error}");
    assert_eq!(files(&repository), [lock]);
}

#[test]
fn an_interrupted_stage_goes_no_further() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let path = DatasetPath::new("roads").unwrap();
    let mut stage = Stage::open(&repository, "master").unwrap();
    let mut layer = stage.layer(&path, &roads, Mode::Replace).unwrap();
    let mut writer = layer.writer(&stage);
    writer.write(&batch(&[&[Integer(1)]])).unwrap();
    layer.collect(writer.finish().unwrap());
    stage.finish(layer).unwrap();
    stage.interrupter().interrupt();
    let error = stage.commit(&details()).err().unwrap();
    let interrupted =
        matches!(error, StageError::Interrupted(_) | StageError::Pack(PackError::Interrupted(_)));
    assert!(interrupted, "{error}");
    assert!(files(&repository).is_empty());
}

#[test]
fn a_key_that_two_threads_write_is_found() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let mut stage = Stage::open(&repository, "master").unwrap();
    let mut layer = stage.layer(&DatasetPath::new("roads").unwrap(), &roads, Mode::Replace).unwrap();
    for key in [5, -5, 5] {
        let mut writer = layer.writer(&stage);
        writer.write(&batch(&[&[Integer(key)]])).unwrap();
        layer.collect(writer.finish().unwrap());
    }
    let error = stage.finish(layer).unwrap_err();
    assert_eq!(error.to_string(), "layer 'roads': primary key 5 occurs in more than one row");
}

#[test]
fn a_layer_with_two_key_columns_is_refused() {
    let (_folder, repository) = repository();
    let mut roads = layer("roads", &[("fid", "integer"), ("b", "integer")]);
    roads.schema.columns[1].primary_key = true;
    let error = stage(&repository, &roads, Mode::Replace, &[]).err().unwrap();
    assert!(matches!(error, StageError::CompositeKey(_)), "{error}");
}

#[test]
fn the_same_layer_gets_the_same_tree_in_every_repository() {
    let tree = || {
        let (_folder, repository) = repository();
        let roads = layer("roads", &[("fid", "integer"), ("name", "text")]);
        import(&repository, &roads, &[&[Integer(1), Text("x")], &[Integer(2), Null]]).tree
    };
    assert_eq!(tree(), tree());
}

#[test]
fn a_column_that_comes_back_is_a_new_one() {
    let (_folder, repository) = repository();
    let with = layer("roads", &[("fid", "integer"), ("name", "text")]);
    let without = layer("roads", &[("fid", "integer")]);
    import(&repository, &with, &[&[Integer(1), Text("old")], &[Integer(2), Text("old")]]);
    // The features stay as they are, with a value that no column claims.
    import(&repository, &without, &[&[Integer(1)], &[Integer(2)]]);
    let commit = import(&repository, &with, &[&[Integer(1), Null], &[Integer(2), Text("new")]]);
    assert_eq!(rows(&repository, &commit, "roads"), ["Integer(1) Null", r#"Integer(2) Text("new")"#]);
}

#[test]
fn a_renamed_column_keeps_the_features_as_they_are() {
    let (_folder, repository) = repository();
    let before = layer("roads", &[("fid", "integer"), ("name", "text"), ("lanes", "integer")]);
    let after = layer("roads", &[("fid", "integer"), ("title", "text"), ("lanes", "integer")]);
    let row: &[_] = &[Integer(1), Text("x"), Integer(4)];
    let first = import(&repository, &before, &[row]);
    let second = import(&repository, &after, &[row]);
    let changed = git(
        repository.path(),
        &["diff-tree", "-r", "--name-only", &first.id.to_string(), &second.id.to_string()],
    );
    assert_eq!(changed, "roads/.table-dataset/meta/schema.json");
}

#[test]
fn columns_in_another_order_are_the_same_columns() {
    let (_folder, repository) = repository();
    let before = layer("roads", &[("fid", "integer"), ("a", "text"), ("b", "text")]);
    let after = layer("roads", &[("b", "text"), ("fid", "integer"), ("a", "text")]);
    import(&repository, &before, &[&[Integer(1), Text("a"), Text("b")]]);
    let commit = import(&repository, &after, &[&[Text("b"), Integer(1), Text("a")]]);
    assert_eq!(rows(&repository, &commit, "roads"), [r#"Text("b") Integer(1) Text("a")"#]);
    let changed = git(repository.path(), &["diff-tree", "-r", "--name-only", "master^", "master"]);
    assert!(!changed.contains("/feature/"), "{changed}");
}

#[test]
fn rows_without_keys_never_take_the_place_of_others_when_they_are_added() {
    let (_folder, repository) = repository();
    // The column that generated keys stand in, without the list of those that were given.
    let mut keyed = layer("roads", &[("auto_pk", "integer"), ("name", "text")]);
    keyed.schema.columns[0].primary_key = true;
    import(&repository, &keyed, &[&[Integer(1), Text("a")], &[Integer(7), Text("b")]]);
    let roads = layer("roads", &[("name", "text")]);
    let commit = stage(&repository, &roads, Mode::Add, &[&[Text("c")]]).unwrap().publish().unwrap();
    assert_eq!(
        rows(&repository, &commit, "roads"),
        [r#"Integer(1) Text("a")"#, r#"Integer(7) Text("b")"#, r#"Integer(8) Text("c")"#]
    );
}

#[test]
fn generated_keys_do_not_run_over() {
    let (_folder, repository) = repository();
    let mut keyed = layer("roads", &[("auto_pk", "integer"), ("name", "text")]);
    keyed.schema.columns[0].primary_key = true;
    import(&repository, &keyed, &[&[Integer(i64::MAX), Text("a")]]);
    let roads = layer("roads", &[("name", "text")]);
    let error = stage(&repository, &roads, Mode::Add, &[&[Text("b")], &[Text("c")]]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "layer 'roads': primary key 9223372036854775807 occurs in more than one row"
    );
}

#[test]
fn a_table_that_has_the_name_of_generated_keys_itself_keeps_its_column() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("AUTO_PK", "text")]);
    let commit = import(&repository, &roads, &[&[Text("a")]]);
    let dataset = repository.dataset(commit.id, &DatasetPath::new("roads").unwrap()).unwrap().unwrap();
    let names: Vec<_> = dataset.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["auto_pk_1", "AUTO_PK"]);
}

#[test]
fn a_repository_of_an_older_layout_is_refused() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    for (files, version) in
        [([(".sno.repository.version", "2\n")], "2"), ([(".kart.repostructure.version", "4\n")], "4")]
    {
        support::commit(repository.path(), "master", 1000, &[], &files);
        let error = stage(&repository, &roads, Mode::Replace, &[]).err().unwrap();
        assert!(matches!(&error, StageError::Version(found) if found == version), "{error}");
    }
}

#[test]
fn a_layer_that_cannot_be_read_is_not_overwritten() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let schema = ("roads/.table-dataset/meta/schema.json", "[]");
    let broken: [(&[(&str, &str)], &str); 3] = [
        (&[("roads/.table-dataset/feature/A/A/A/A/kQE=", "x")], "the tree"),
        (&[("roads/.table-dataset/meta/schema.json", "{")], "schema.json"),
        (&[schema, ("roads/.table-dataset/meta/legend/0000", "\u{1}")], "a legend"),
    ];
    for (files, what) in broken {
        support::commit(repository.path(), "master", 1000, &[], files);
        let error = stage(&repository, &roads, Mode::Replace, &[&[Integer(1)]]).err().unwrap();
        let expected = format!("{what} of the dataset is malformed");
        assert_eq!(error.to_string(), expected);
    }
}
