//! Failures in the middle of a file, which carry the warnings about what was read before.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use crate::{
    fixtures::{job, node, way, xml},
    reports::files::{fail, fail_with},
    support::harness::Harness,
};

const EMPTY_KEY: &str = "1 × node has a tag with an empty key, which is left out: 1";

/// A node about which there is something to tell.
fn unusual_node() -> String {
    node(1, 1, 1.0).replace("/>", "><tag k=\"\" v=\"x\"/></node>")
}

#[test]
fn an_invalid_element_does_not_hide_what_was_found_before_it() {
    let harness = Harness::new();
    for invalid in ["<node id=\"x\"/>", "<modify/>", "<node id=\"2\" version=\"1\"/>", "<node id=\"2"] {
        let (_, warnings) = fail_with(&harness, &(unusual_node() + invalid));
        assert_eq!(warnings, [EMPTY_KEY], "{invalid}");
    }
    let (error, warnings) =
        fail_with(&harness, &(unusual_node() + "<remark>slow</remark><area/><error>no</error>"));
    assert_eq!(error, "f.osm is not complete: no");
    assert_eq!(warnings, ["slow", "1 × <area> was not kept", EMPTY_KEY]);
}

#[test]
fn a_file_that_is_cut_does_not_hide_what_was_found_before_the_cut() {
    let harness = Harness::new();
    let nodes: String = (2..60_000).map(|id| node(id, 1, 1.0)).collect();
    let content = format!("<osm version=\"0.6\">{}{nodes}</osm>", unusual_node());
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let path = harness.scratch().join("f.osm");
    for cut in [&content.as_bytes()[..content.len() / 2], &packed[..packed.len() / 2]] {
        std::fs::write(&path, cut).unwrap();
        let (error, warnings) = fail(&harness, job(&harness, &path));
        assert!(error.starts_with("f.osm is truncated: "), "{error}");
        assert_eq!(warnings, [EMPTY_KEY]);
    }
}

#[test]
fn a_commit_that_fails_does_not_hide_what_was_found() {
    let harness = Harness::new();
    let lines = unusual_node() + &node(2, 1, 2.0) + &way(3, 1, &[1, 2, 99]);
    let file = xml(&harness, "f.osm", &lines);
    let mut refused = job(&harness, &file);
    refused.destination.rules.expected_tree = Some("0".repeat(40));
    let (error, warnings) = fail(&harness, refused);
    assert!(error.contains("nothing was committed"), "{error}");
    assert_eq!(
        warnings,
        [EMPTY_KEY, "1 × way refers to nodes that are not there: 3"],
        "in the order of their texts"
    );
}
