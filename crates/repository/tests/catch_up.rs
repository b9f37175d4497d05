//! A commit that was prepared while others were made.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use longhaul_geodata::Value::Integer;
use longhaul_repository::{DatasetPath, Mode, Repository, Stage, StageError};
use support::{
    git,
    layers::{batch, details, import, layer, rows},
    repository,
};

/// A stage with the layer `name`, which has the feature `key`.
fn staged(repository: &Repository, name: &str, key: i64) -> Stage {
    let mut stage = Stage::open(repository, "master").unwrap();
    let table = layer(name, &[("fid", "integer")]);
    let mut layer = stage.layer(&DatasetPath::new(name).unwrap(), &table, Mode::Replace).unwrap();
    let mut writer = layer.writer(&stage);
    writer.write(&batch(&[&[Integer(key)]])).unwrap();
    layer.collect(writer.finish().unwrap());
    stage.finish(layer).unwrap();
    stage
}

fn table(name: &str) -> longhaul_geodata::Layer {
    layer(name, &[("fid", "integer")])
}

#[test]
fn a_stage_follows_a_branch_on_which_other_layers_changed() {
    for has_commits in [false, true] {
        let (_folder, repository) = repository();
        if has_commits {
            import(&repository, &table("roads"), &[&[Integer(1)]]);
        }
        let mut stage = staged(&repository, "roads", 2);
        let other = import(&repository, &table("rivers"), &[&[Integer(3)]]);
        stage.catch_up().unwrap();
        let commit = stage.commit(&details()).unwrap().publish().unwrap();
        assert_eq!(commit.parents, [other.id]);
        assert_eq!(rows(&repository, &commit, "roads"), ["Integer(2)"]);
        assert_eq!(rows(&repository, &commit, "rivers"), ["Integer(3)"]);
        git(repository.path(), &["fsck", "--strict", "--full"]);
    }
}

#[test]
fn a_stage_does_not_follow_a_branch_on_which_its_own_layer_changed() {
    let (_folder, repository) = repository();
    let mut fresh = staged(&repository, "roads", 2);
    import(&repository, &table("roads"), &[&[Integer(1)]]);
    assert!(matches!(fresh.catch_up(), Err(StageError::LayerMoved(path)) if path.as_str() == "roads"));

    let mut changed = staged(&repository, "roads", 2);
    import(&repository, &table("roads"), &[&[Integer(3)]]);
    assert!(matches!(changed.catch_up(), Err(StageError::LayerMoved(_))));

    let mut inside = staged(&repository, "rails/old", 2);
    import(&repository, &table("rails"), &[&[Integer(1)]]);
    assert!(matches!(inside.catch_up(), Err(StageError::Occupied { .. })));
}

#[test]
fn what_the_branch_came_to_hold_meanwhile_is_nothing_to_commit() {
    let (_folder, repository) = repository();
    import(&repository, &table("roads"), &[&[Integer(1)]]);
    let mut stage = staged(&repository, "roads", 1);
    let other = import(&repository, &table("rivers"), &[&[Integer(3)]]);
    stage.catch_up().unwrap();
    let refused = stage.commit(&details()).map(drop).unwrap_err();
    assert_eq!(refused.to_string(), format!("Nothing to commit after {}", other.id));
}

#[test]
fn a_branch_that_stayed_is_stayed_on() {
    let (_folder, repository) = repository();
    let first = import(&repository, &table("roads"), &[&[Integer(1)]]);
    let mut stage = staged(&repository, "roads", 2);
    stage.catch_up().unwrap();
    assert_eq!(stage.commit(&details()).unwrap().publish().unwrap().parents, [first.id]);
}

#[test]
fn the_newest_commit_of_a_kind_is_found_and_layers_are_compared_by_their_trees() {
    let (_folder, repository) = repository();
    let roads = DatasetPath::new("roads").unwrap();
    let first = import(&repository, &table("roads"), &[&[Integer(1)]]);
    let second = import(&repository, &table("rivers"), &[&[Integer(1)]]);
    let third = import(&repository, &table("roads"), &[&[Integer(2)]]);
    let found = repository.newest(third.id, |commit| commit.message.contains("rivers")).unwrap();
    assert_eq!(found.unwrap().id, second.id);
    assert_eq!(repository.newest(first.id, |commit| commit.message.contains("rivers")).unwrap(), None);
    let tree = |commit| repository.layer_tree(commit, &roads).unwrap();
    assert_eq!(tree(first.id), tree(second.id));
    assert_ne!(tree(first.id), tree(third.id));
    assert_eq!(repository.layer_tree(first.id, &DatasetPath::new("rivers").unwrap()).unwrap(), None);
}
