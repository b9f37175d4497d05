//! Imports that add to what the repository has.

use longhaul_commands::{ImportOsm, OsmMapping};

use crate::{
    fixtures::{import, job, node, tree, way, xml},
    reports::files::{coordinates, fail, ids, import_reported, reported, rows, succeed, succeed_with, tip},
    support::{git::assert_clean, harness::Harness},
};

/// A harness with the nodes 1 to 3 and the way 5 through them, in version 1.
fn base() -> Harness {
    let harness = Harness::new();
    import_reported(&harness, "s01a_base.osm");
    harness
}

/// A job that adds these elements.
fn adding(harness: &Harness, elements: &str) -> ImportOsm {
    let file = xml(harness, "added.osm", elements);
    ImportOsm { add: true, ..job(harness, &file) }
}

/// Adds the file of a report. Returns the warnings.
#[track_caller]
fn add_reported(harness: &Harness, name: &str) -> Vec<String> {
    let file = reported(harness, name);
    succeed(harness, ImportOsm { add: true, ..job(harness, &file) })
}

fn deleted(kind: &str, id: i64, version: u32) -> String {
    format!("<{kind} id=\"{id}\" version=\"{version}\" visible=\"false\"/>\n")
}

/// A rule for ways with a value of `highway`.
fn highways(layer: &str, value: &str) -> String {
    format!(
        r#"{{"name": "{layer}", "filter": {{"highway": ["{value}"]}},
            "fields": {{"geom": {{"name": "geom", "type": "LINESTRING"}}}}}}"#
    )
}

fn mapping() -> Option<OsmMapping> {
    let rules = [highways("paths", "path"), highways("mains", "primary")].join(",");
    Some(OsmMapping::new(format!(r#"{{"rules": [{rules}]}}"#)).unwrap())
}

#[test]
fn a_moved_node_draws_its_ways_anew() {
    let harness = base();
    assert_eq!(
        add_reported(&harness, "s01b_node2_moved.osm"),
        [
            "layer 'node': the extent was 20,10,21,11 and is 20,10,60,50, far outside of the old one",
            "layer 'way': the extent was 20,10,21,11 and is 20,10,60,50, far outside of the old one",
        ]
    );
    assert_eq!(coordinates(&harness, "way", 5), [(20.0, 10.0), (60.0, 50.0), (21.0, 11.0)]);
    assert_eq!(coordinates(&harness, "node", 2), [(60.0, 50.0)]);
    assert!(
        rows(&harness, "way")[0]
            .starts_with("5|true|1|2020-01-02T03:04:05|{\"highway\":\"path\"}|7|ann:9|[1,2,3]|")
    );
    assert_clean(harness.git_dir());
}

#[test]
fn a_way_is_drawn_from_nodes_that_the_repository_has() {
    let harness = base();
    assert_eq!(add_reported(&harness, "s02_way_of_old_nodes.osm"), <[String; 0]>::default());
    assert_eq!(ids(&harness, "way"), [5, 6]);
    assert_eq!(coordinates(&harness, "way", 6), [(20.0, 10.0), (21.0, 10.0), (21.0, 11.0)]);
    let elements =
        "<node id=\"2\" version=\"2\" lat=\"10.5\" lon=\"21.5\"/>".to_owned() + &way(7, 1, &[1, 2, 99]);
    let warnings = succeed(&harness, adding(&harness, &elements));
    assert_eq!(coordinates(&harness, "way", 7), [(20.0, 10.0), (21.5, 10.5)]);
    assert_eq!(warnings, ["1 × way refers to nodes that are not there: 7"]);
    assert_eq!(coordinates(&harness, "way", 6)[1], (21.5, 10.5), "and the others go through the moved node");
}

#[test]
fn deletions_delete() {
    let harness = base();
    assert_eq!(
        add_reported(&harness, "s04_deleted.osm"),
        ["layer 'way' became empty: all 1 features were deleted"]
    );
    assert_eq!((ids(&harness, "node"), ids(&harness, "way")), (vec![2, 3], vec![]));
    let (error, _) = fail(&harness, adding(&harness, &deleted("node", 1, 3)));
    assert!(error.contains("nothing that could be kept"), "{error}");
    let older = deleted("node", 2, 1) + &node(9, 1, 1.0);
    succeed(&harness, adding(&harness, &older));
    assert_eq!(ids(&harness, "node"), [3, 9], "of the same version, the file's counts");
}

#[test]
fn a_way_is_drawn_without_a_node_that_was_deleted() {
    let harness = base();
    let warnings = succeed(&harness, adding(&harness, &deleted("node", 2, 2)));
    assert_eq!(coordinates(&harness, "way", 5), [(20.0, 10.0), (21.0, 11.0)]);
    assert_eq!(warnings, ["1 × way refers to nodes that are not there: 5"]);
    let warnings = succeed(&harness, adding(&harness, &(deleted("node", 3, 2) + &node(4, 1, 1.0))));
    assert_eq!(ids(&harness, "way"), [0; 0]);
    assert!(
        warnings.contains(&"1 × way has fewer than two positions, and is left out: 5".to_owned()),
        "{warnings:?}"
    );
}

#[test]
fn a_feature_with_other_tags_changes_its_mapped_layer() {
    let harness = Harness::new();
    let file = reported(&harness, "s01a_base.osm");
    succeed(&harness, ImportOsm { mapping: mapping(), ..job(&harness, &file) });
    assert_eq!((ids(&harness, "paths"), ids(&harness, "mains")), (vec![5], vec![]));
    let file = reported(&harness, "s05_retagged.osm");
    succeed(&harness, ImportOsm { add: true, mapping: mapping(), ..job(&harness, &file) });
    assert_eq!((ids(&harness, "paths"), ids(&harness, "mains")), (vec![], vec![5]));
    let moved = ImportOsm { mapping: mapping(), ..adding(&harness, &node(2, 2, 30.0)) };
    succeed(&harness, moved);
    assert_eq!(coordinates(&harness, "mains", 5)[1], (30.0, 1.5));
    let gone = ImportOsm { mapping: mapping(), ..adding(&harness, &deleted("way", 5, 3)) };
    succeed(&harness, gone);
    assert_eq!((ids(&harness, "way"), ids(&harness, "mains")), (vec![], vec![]));
    assert_clean(harness.git_dir());
}

#[test]
fn mapped_layers_alone_are_merged_too() {
    let harness = Harness::new();
    let file = reported(&harness, "s01a_base.osm");
    succeed(&harness, ImportOsm { mapping: mapping(), no_raw: true, ..job(&harness, &file) });
    let file = reported(&harness, "s05_retagged.osm");
    succeed(&harness, ImportOsm { add: true, no_raw: true, mapping: mapping(), ..job(&harness, &file) });
    assert_eq!((ids(&harness, "paths"), ids(&harness, "mains")), (vec![], vec![5]));
    let datasets = harness.repository.datasets(tip(&harness).parse().unwrap()).unwrap();
    assert_eq!(datasets.len(), 2, "{datasets:?}");
}

#[test]
fn the_higher_version_is_used_and_what_is_not_used_is_told() {
    let harness = Harness::new();
    succeed_with(&harness, &(node(1, 5, 1.0) + &node(2, 5, 2.0) + &node(3, 5, 3.0) + &way(7, 5, &[1, 2])));
    let elements = node(1, 4, 40.0)
        + &node(2, 6, 20.0)
        + &node(3, 5, 30.0)
        + &way(7, 4, &[2, 3])
        + &way(8, 1, &[1, 3])
        + &deleted("node", 1, 3);
    let warnings = succeed(&harness, adding(&harness, &elements));
    assert_eq!(coordinates(&harness, "node", 1), [(1.0, 1.5)]);
    assert_eq!(coordinates(&harness, "node", 2), [(20.0, 1.5)]);
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (20.0, 1.5)]);
    assert_eq!(coordinates(&harness, "way", 8), [(1.0, 1.5), (30.0, 1.5)]);
    assert_eq!(
        warnings,
        [
            "1 × node differs from the same version in the repository, and replaces it: 3",
            "1 × node is older than in the repository, which keeps its version: 1",
            "1 × way is older than in the repository, which keeps its version: 7",
            "layer 'node': the extent was 1,1.5,3,1.5 and is 1,1.5,30,1.5, far outside of the old one",
            "layer 'way': the extent was 1,1.5,2,1.5 and is 1,1.5,30,1.5, far outside of the old one",
        ]
    );
    let (error, warnings) = fail(&harness, adding(&harness, &node(2, 1, 50.0)));
    assert_eq!(error, format!("Nothing to commit after {}", tip(&harness)));
    assert_eq!(warnings, ["1 × node is older than in the repository, which keeps its version: 2"]);
}

#[test]
fn an_entity_without_a_version_replaces_that_of_the_repository() {
    let harness = base();
    let element = "<node id=\"2\" lat=\"10\" lon=\"20.5\"/>";
    let warnings = succeed(&harness, adding(&harness, element));
    assert_eq!(warnings, ["1 × node has no version: 2"]);
    assert_eq!(coordinates(&harness, "way", 5)[1], (20.5, 10.0));
    succeed(&harness, adding(&harness, &node(2, 1, 8.0)));
    assert_eq!(coordinates(&harness, "way", 5)[1], (8.0, 1.5));
}

#[test]
fn nothing_to_commit_keeps_the_warnings() {
    let harness = base();
    let older = "<relation id=\"1\" version=\"1\"/><node id=\"1\" version=\"1\" timestamp=\"2020-01-02T03:04:05Z\" \
         changeset=\"7\" uid=\"9\" user=\"ann\" lat=\"10\" lon=\"20\"><tag k=\"\" v=\"\"/></node>";
    let (error, warnings) = fail(&harness, adding(&harness, older));
    assert_eq!(error, format!("Nothing to commit after {}", tip(&harness)));
    assert_eq!(warnings, ["1 × node has a tag with an empty key, which is left out: 1"]);
}

#[test]
fn a_node_that_was_missing_completes_the_ways_of_the_repository() {
    let harness = Harness::new();
    succeed_with(&harness, &(node(1, 1, 1.0) + &node(3, 1, 3.0) + &way(7, 1, &[1, 2, 3])));
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (3.0, 1.5)]);
    succeed(&harness, adding(&harness, &node(2, 1, 2.0)));
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (2.0, 1.5), (3.0, 1.5)]);
}

#[test]
fn nodes_without_tags_are_left_out_on_request_and_ways_are_still_drawn() {
    let harness = Harness::new();
    let tagged = |version: u32, lon: f64| {
        node(2, version, lon).replace("/>", "><tag k=\"barrier\" v=\"gate\"/></node>")
    };
    let elements = node(1, 1, 1.0) + &tagged(1, 2.0) + &node(3, 1, 3.0) + &way(7, 1, &[1, 2, 3]);
    let file = xml(&harness, "f.osm", &elements);
    succeed(&harness, ImportOsm { without_untagged: true, ..job(&harness, &file) });
    assert_eq!(ids(&harness, "node"), [2]);
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (2.0, 1.5), (3.0, 1.5)]);
    // The line says where the other nodes are.
    succeed(&harness, ImportOsm { without_untagged: true, ..adding(&harness, &tagged(2, 2.5)) });
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (2.5, 1.5), (3.0, 1.5)]);
    let without_tags = ImportOsm { without_untagged: true, ..adding(&harness, &node(2, 3, 2.0)) };
    succeed(&harness, without_tags);
    assert_eq!(ids(&harness, "node"), [0; 0]);
    assert_eq!(coordinates(&harness, "way", 7)[1], (2.0, 1.5));
}

#[test]
fn a_line_that_cannot_be_drawn_anew_stays_and_is_told() {
    let harness = Harness::new();
    let tagged = |id: i64, version: u32, lon: f64| {
        node(id, version, lon).replace("/>", "><tag k=\"a\" v=\"b\"/></node>")
    };
    // Nodes 1 and 3 stand at the same place, so the line has fewer positions than the way has nodes.
    let elements = node(1, 1, 1.0) + &tagged(2, 1, 2.0) + &node(3, 1, 1.0) + &way(7, 1, &[1, 3, 2]);
    let file = xml(&harness, "f.osm", &elements);
    succeed(&harness, ImportOsm { without_untagged: true, ..job(&harness, &file) });
    let warnings =
        succeed(&harness, ImportOsm { without_untagged: true, ..adding(&harness, &tagged(2, 2, 9.0)) });
    assert_eq!(
        warnings,
        [
            "1 × way has a node that was moved, and is not drawn anew, because its other nodes are not there: 7"
        ]
    );
    assert_eq!(coordinates(&harness, "way", 7), [(1.0, 1.5), (2.0, 1.5)]);
}

/// A generator of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn what_is_added_gives_the_same_as_an_import_of_everything() {
    const NODES: i64 = 12;
    for seed in 0..25 {
        let mut random = Random(seed);
        let any_node = |random: &mut Random| 1 + random.below(NODES as u64) as i64;
        let mut first: Vec<String> = (1..=NODES).map(|id| node(id, 3, id as f64)).collect();
        for id in 1..=8 {
            let refs: Vec<i64> = (0..2 + random.below(5)).map(|_| any_node(&mut random)).collect();
            first.push(way(id, 3, &refs));
        }
        let mut second = Vec::new();
        for _ in 0..1 + random.below(12) {
            let (version, lon) = (2 + random.below(4) as u32, random.below(90) as f64);
            let id = any_node(&mut random);
            second.push(match random.below(5) {
                0 => node(id + 4, version, lon),
                1 => node(id, version, lon),
                2 => deleted("node", id, version.max(3)),
                3 => way(1 + id % 10, version, &[id, any_node(&mut random), any_node(&mut random)]),
                _ => deleted("way", 1 + id % 10, version.max(3)),
            });
        }
        let harness = Harness::new();
        // A way without geometry is not stored, so later nodes cannot complete it.
        let file = xml(&harness, "first.osm", &first.concat());
        let (_, commit) = import(&harness, job(&harness, &file));
        let stored = ids(&harness, "way").len();
        let task = harness.run(adding(&harness, &second.concat()));
        let added = harness.repository.branch_tip("master").unwrap().unwrap().to_string();
        assert_eq!(added == commit, task.error.is_some(), "{:?}", task.error);

        let whole = Harness::new();
        let file = xml(&whole, "whole.osm", &[first, second.clone()].concat().concat());
        let (_, together) = import(&whole, job(&whole, &file));
        if stored == 8 {
            assert_eq!(
                (rows(&harness, "node"), rows(&harness, "way")),
                (rows(&whole, "node"), rows(&whole, "way")),
                "seed {seed}: {second:?}"
            );
            assert_eq!(tree(&harness, &added), tree(&whole, &together), "seed {seed}: {second:?}");
        }
        assert_clean(harness.git_dir());
    }
}
