//! Data in any order gives the same result.

use crate::{
    fixtures::{import, job, node, tree, way, xml},
    support::{git::assert_clean, harness::Harness, rows::rows},
};

/// More than one block has.
const NODES: i64 = 20_000;

fn nodes() -> Vec<String> {
    (1..=NODES).map(|id| node(id, 2, id as f64 / 1000.0)).collect()
}

fn ways() -> Vec<String> {
    (1..=NODES / 10).map(|id| way(id, 1, &[id, id + 1, NODES - id])).collect()
}

/// The tree of an import of these elements.
fn tree_of(elements: &[String]) -> String {
    let harness = Harness::new();
    let (_, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements.concat())));
    assert_clean(harness.git_dir());
    tree(&harness, &commit)
}

#[test]
fn ways_before_nodes_and_nodes_in_any_order_make_the_same_commit() {
    let sorted = tree_of(&[nodes(), ways()].concat());
    assert_eq!(tree_of(&[ways(), nodes()].concat()), sorted, "ways first");
    let backwards: Vec<_> = [nodes(), ways()].concat().into_iter().rev().collect();
    assert_eq!(tree_of(&backwards), sorted, "backwards");
    let (odd, even): (Vec<_>, Vec<_>) = nodes().into_iter().enumerate().partition(|(at, _)| at % 2 == 1);
    let halves: Vec<_> = [odd, even].concat().into_iter().map(|(_, node)| node).collect();
    assert_eq!(tree_of(&[halves, ways()].concat()), sorted, "every second, then the others");
}

#[test]
fn an_entity_that_is_read_twice_becomes_one_feature() {
    let sorted = tree_of(&[nodes(), ways()].concat());
    let twice = [nodes(), ways(), nodes(), ways()].concat();
    assert_eq!(tree_of(&twice), sorted);
}

#[test]
fn the_highest_version_is_used_wherever_it_stands() {
    let sorted = tree_of(&[nodes(), ways()].concat());
    let old: Vec<_> = (1..=NODES).map(|id| node(id, 1, 50.0)).collect();
    assert_eq!(tree_of(&[old.clone(), nodes(), ways()].concat()), sorted, "old ones first");
    assert_eq!(tree_of(&[nodes(), ways(), old].concat()), sorted, "old ones last");
}

#[test]
fn of_equal_versions_the_last_is_used() {
    let harness = Harness::new();
    let elements =
        node(1, 3, 1.0) + &node(2, 3, 2.0) + &way(5, 1, &[1, 2]) + &node(1, 3, 2.0) + &way(5, 1, &[2, 1]);
    let elements = elements + &node(3, 1, 3.0) + &way(6, 1, &[1, 3]) + &way(7, 1, &[1, 2]);
    let (_, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements)));
    let ways = rows(&harness.repository, &commit, "way");
    // Both ends of ways 5 and 7 have the same position now.
    assert_eq!(ways, ["6|true|1|NULL|NULL|NULL|NULL|[1,3]|geometry"]);
    assert_eq!(rows(&harness.repository, &commit, "node").len(), 3);
}

#[test]
fn a_deleted_entity_has_no_feature() {
    let gone = |kind: &str, id: i64, version: u32| {
        format!("<{kind} id=\"{id}\" version=\"{version}\" visible=\"false\"/>\n")
    };
    let harness = Harness::new();
    let elements = [
        node(1, 1, 1.0),
        node(2, 1, 2.0),
        node(3, 1, 3.0),
        way(5, 1, &[1, 2]),
        way(6, 1, &[1, 3]),
        gone("node", 2, 2),
        gone("node", 3, 1),
        node(3, 2, 3.0),
        gone("way", 5, 2),
        gone("node", 9, 4),
    ];
    let (_, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements.concat())));
    let id = |row: &String| row.split('|').next().unwrap().to_owned();
    assert_eq!(rows(&harness.repository, &commit, "node").iter().map(id).collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(rows(&harness.repository, &commit, "way").iter().map(id).collect::<Vec<_>>(), ["6"]);
    assert_clean(harness.git_dir());
}
