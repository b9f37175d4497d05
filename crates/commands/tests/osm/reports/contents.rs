//! What files contain: what is taken, left out and told.

use longhaul_commands::ImportOsm;

use crate::{
    fixtures::{job, node, way},
    reports::files::{
        coordinates, fail, fail_with, ids, import_reported, reported, rows, succeed, succeed_with, tip,
    },
    support::{
        git::{assert_clean, git},
        harness::Harness,
    },
};

/// A harness with the nodes 1 to 3 and the way 5.
fn filled() -> Harness {
    let harness = Harness::new();
    assert_eq!(import_reported(&harness, "s01a_base.osm"), <[String; 0]>::default());
    harness
}

#[test]
fn what_has_nothing_to_keep_fails_and_changes_nothing() {
    let harness = filled();
    let file = reported(&harness, "x33_relations_only.osm");
    let (error, warnings) = fail(&harness, job(&harness, &file));
    assert_eq!(warnings, [""; 0]);
    assert_eq!(
        error,
        "x33_relations_only.osm has nothing that could be kept: 0 nodes, 0 ways and 1 relation. Nothing was committed."
    );
    let deleted =
        "<node id=\"1\" version=\"2\" visible=\"false\"/><way id=\"5\" version=\"2\" visible=\"false\"/>";
    for (elements, expected) in [
        (deleted.to_owned(), "1 node, 1 way and 0 relations"),
        (way(7, 1, &[1, 2]) + &way(8, 1, &[]), "0 nodes, 2 ways and 0 relations"),
        (node(1, 1, 1e6), "1 node, 0 ways and 0 relations"),
    ] {
        let (error, _) = fail_with(&harness, &elements);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!((ids(&harness, "node"), ids(&harness, "way")), (vec![1, 2, 3], vec![5]));
}

#[test]
fn elements_of_other_formats_fail_and_are_named_with_their_place() {
    let harness = filled();
    for (name, expected) in [
        (
            "y06_modify_in_osm.osm",
            "is damaged at byte 76: <modify> is no element of OSM XML that can stand in <osm>",
        ),
        ("y09_way_in_relation.osm", "<way> is no element of OSM XML that can stand in relation 1"),
    ] {
        let file = reported(&harness, name);
        let (error, _) = fail(&harness, job(&harness, &file));
        assert!(error.starts_with(name) && error.contains(expected), "{error}");
    }
    let inner = node(9, 1, 1.0);
    for (elements, expected) in [
        (format!("<create>{inner}</create>"), "<create> is no element of OSM XML that can stand in <osm>"),
        (format!("<note>{inner}</note>"), "<node> is no element of OSM XML that can stand in <note>"),
        (
            format!("<way id=\"5\" version=\"1\">{inner}</way>"),
            "<node> is no element of OSM XML that can stand in way 5",
        ),
        ("<x:node id=\"1\"/>".to_owned(), "<x:node> is no element"),
        (
            "<node id=\"1\" version=\"1\" lat=\"0\" lon=\"0\"><nd ref=\"1\"/></node>".to_owned(),
            "stand in node 1",
        ),
        ("<remark>a<node/></remark>".to_owned(), "stand in the message of a server"),
    ] {
        let (error, _) = fail_with(&harness, &elements);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(ids(&harness, "node"), [1, 2, 3]);
}

#[test]
fn elements_that_are_known_and_hold_no_entities_are_passed_over() {
    let harness = Harness::new();
    let elements = "<bounds minlat=\"1\"/><note>a</note><count id=\"0\"><tag k=\"n\" v=\"1\"/></count>\
         <area id=\"1\"><tag k=\"a\" v=\"b\"/></area>\
         <changeset id=\"3\"><tag k=\"a\" v=\"b\"/><discussion><comment><text>x</text></comment></discussion></changeset>\
         <relation id=\"1\" version=\"1\"><bounds/><center lat=\"1\" lon=\"1\"/><member type=\"way\" ref=\"1\" role=\"\">\
         <nd lat=\"1\" lon=\"1\"/></member></relation>";
    let warnings = succeed_with(&harness, &(node(1, 1, 1.0) + elements));
    assert_eq!(warnings, ["1 × <area> was not kept", "1 × <changeset> was not kept"]);
}

#[test]
fn an_error_in_the_file_is_what_the_server_said() {
    let harness = filled();
    let file = reported(&harness, "x46_error_element.osm");
    let (error, _) = fail(&harness, job(&harness, &file));
    assert_eq!(error, "x46_error_element.osm is not complete: Mismatch in tags key and value size");
    let nodes = node(1, 1, 1.0);
    for (message, expected) in [
        ("<error>first</error><error>second</error>", "f.osm is not complete: first"),
        ("<error/>", "f.osm is not complete: the server reports an error and does not say which"),
        (
            "<remark> runtime error: out of memory </remark>",
            "f.osm is not complete: runtime error: out of memory",
        ),
        ("<remark>fine</remark><error>no</error>", "f.osm is not complete: no"),
    ] {
        assert_eq!(fail_with(&harness, &(nodes.clone() + message)).0, expected);
    }
    let many = "<remark>ok</remark><remark/>".repeat(1000);
    assert_eq!(succeed_with(&Harness::new(), &(nodes + &many)), ["ok"]);
}

#[test]
fn positions_that_are_not_on_earth_are_left_out_and_told() {
    let harness = Harness::new();
    let file = reported(&harness, "x10_out_of_range.osm");
    let (error, warnings) = fail(&harness, job(&harness, &file));
    assert!(error.contains("nothing that could be kept: 5 nodes, 2 ways"), "{error}");
    assert!(
        warnings
            .contains(&"5 × node lies beyond ±90° or ±180°, and is left out: 1, 2, 3 and 2 more".to_owned()),
        "{warnings:?}"
    );
    let far = |id: i64, lat: &str, lon: &str| {
        format!("<node id=\"{id}\" version=\"1\" lat=\"{lat}\" lon=\"{lon}\"/>")
    };
    let elements = far(1, "90", "180")
        + &far(2, "-90", "-180")
        + &far(3, "90.0000001", "0")
        + &far(4, "0", "-1e30")
        + &far(5, "500", "500")
        + &far(6, "0", "0")
        + &way(7, 1, &[1, 3, 6, 4, 2]);
    let warnings = succeed_with(&harness, &elements);
    assert_eq!(
        warnings,
        [
            "3 × node lies beyond ±90° or ±180°, and is left out: 3, 4, 5",
            "1 × way refers to nodes that are not there: 7",
        ]
    );
    assert_eq!(ids(&harness, "node"), [1, 2, 6]);
    assert_eq!(coordinates(&harness, "way", 7), [(180.0, 90.0), (0.0, 0.0), (-180.0, -90.0)]);
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B", "master"]);
    let left_out = "Updated OSM data\n\nNot as in the source:\n * 3 × node lies beyond ±90° or ±180°, and is left out: 3, 4, 5";
    assert_eq!(message.trim_end(), left_out, "what the commit lacks, and nothing else");
    assert_clean(harness.git_dir());
}

#[test]
fn a_later_version_that_is_not_on_earth_does_not_bring_back_an_earlier_one() {
    let harness = Harness::new();
    let elements =
        node(1, 2, 400.0) + &node(1, 1, 1.0) + &node(2, 1, 2.0) + &node(3, 1, 3.0) + &node(3, 2, 999.0);
    let warnings = succeed_with(&harness, &(elements + &node(4, 1, 0.0) + &way(5, 1, &[1, 2, 3, 4])));
    assert_eq!(ids(&harness, "node"), [2, 4]);
    assert_eq!(coordinates(&harness, "way", 5), [(2.0, 1.5), (0.0, 1.5)]);
    assert_eq!(warnings[0], "2 × node lies beyond ±90° or ±180°, and is left out: 1, 3");
}

#[test]
fn a_way_across_the_antimeridian_is_told() {
    let harness = Harness::new();
    let elements = node(1, 1, 179.9) + &node(2, 1, -179.9) + &node(3, 1, 0.0) + &node(4, 1, 180.0);
    let warnings = succeed_with(
        &harness,
        &(elements + &way(5, 1, &[1, 2]) + &way(6, 1, &[3, 4]) + &way(7, 1, &[2, 3, 1])),
    );
    assert_eq!(
        warnings,
        ["1 × way crosses the antimeridian, and its line goes the long way around the Earth: 5"]
    );
}

#[test]
fn ways_are_drawn_from_the_positions_that_the_file_gives_for_them() {
    let harness = Harness::new();
    let warnings = import_reported(&harness, "x39_out_geom.osm");
    assert_eq!(warnings, ["the data has ways and no nodes: what is made of nodes was left as it is: 'node'"]);
    assert_eq!(coordinates(&harness, "way", 5), [(20.0, 10.0), (21.0, 10.0), (21.0, 11.0)]);
    let nd = |id: i64, lon: &str| format!("<nd ref=\"{id}\" lat=\"1\" lon=\"{lon}\"/>");
    let elements = format!(
        "{}<way id=\"6\" version=\"1\"><nd ref=\"9\"/>{}{}<nd ref=\"1\"/></way><way id=\"7\" version=\"1\">{}{}</way>",
        node(1, 1, 4.0),
        nd(2, "2"),
        nd(1, "50"),
        nd(3, "3"),
        nd(4, "200"),
    );
    let warnings = succeed_with(&harness, &elements);
    assert_eq!(
        coordinates(&harness, "way", 6),
        [(2.0, 1.0), (4.0, 1.5)],
        "a node of the file has precedence"
    );
    assert!(
        warnings.contains(&"1 × way has positions beyond ±90° or ±180°, which are left out: 7".to_owned())
    );
    assert_eq!(ids(&harness, "way"), [6]);
}

#[test]
fn ways_with_positions_and_without_nodes_leave_layers_of_nodes_as_they_are() {
    let untouched = "the data has ways and no nodes: what is made of nodes was left as it is";
    let harness = filled();
    let file = reported(&harness, "x39_out_geom.osm");
    let (error, warnings) = fail(&harness, job(&harness, &file));
    assert_eq!(error, format!("Nothing to commit after {}", tip(&harness)), "it has the same way");
    assert_eq!(warnings, [format!("{untouched}: 'node'")]);

    let way = |id: i64, lon: i64| {
        let nd = |id: i64, lon: i64| format!("<nd ref=\"{id}\" lat=\"1\" lon=\"{lon}\"/>");
        format!("<way id=\"{id}\" version=\"1\">{}{}</way>", nd(1, lon), nd(2, lon + 1))
    };
    let rules = r#"{"rules": [{"name": "places", "filter": {}, "fields": {"geom": {"name": "geom", "type": "POINT"}}},
        {"name": "lines", "filter": {}, "fields": {"geom": {"name": "geom", "type": "LINESTRING"}}}]}"#;
    let file = crate::fixtures::xml(&harness, "f.osm", &(way(5, 20) + &way(6, 21)));
    let mapping = Some(longhaul_commands::OsmMapping::new(rules).unwrap());
    let warnings = succeed(&harness, ImportOsm { mapping, ..job(&harness, &file) });
    assert_eq!(warnings[0], format!("{untouched}: 'node', 'places'"));
    assert_eq!((ids(&harness, "node"), ids(&harness, "way")), (vec![1, 2, 3], vec![5, 6]));
    let datasets = harness.repository.datasets(tip(&harness).parse().unwrap()).unwrap();
    assert_eq!(datasets.len(), 3, "no layer of points was made: {datasets:?}");

    let only_ways = ImportOsm { no_raw: true, ..job(&harness, &file) };
    let lines = r#"{"rules": [{"name": "lines", "filter": {}, "fields": {"geom": {"name": "geom", "type": "LINESTRING"}}}]}"#;
    let other = Harness::new();
    let only_ways = ImportOsm {
        destination: job(&other, &file).destination,
        mapping: Some(longhaul_commands::OsmMapping::new(lines).unwrap()),
        ..only_ways
    };
    assert_eq!(succeed(&other, only_ways), [""; 0], "it has no layers of nodes");
}

#[test]
fn entities_without_a_version_are_read_and_told_once() {
    let harness = Harness::new();
    assert_eq!(
        import_reported(&harness, "x01_josm_negative_noversion.osm"),
        ["3 × node has no version: -103, -102, -101", "1 × way has no version: -201"]
    );
    assert_eq!(ids(&harness, "node"), [-103, -102, -101]);
    assert_eq!(ids(&harness, "way"), [-201]);
    let harness = Harness::new();
    assert_eq!(import_reported(&harness, "x05_version_minus1.osm"), ["1 × node has no version: 1"]);
    assert_eq!(rows(&harness, "node"), ["1|true|NULL|1970-01-01T00:59:59|NULL|NULL|NULL|geometry"]);
    for version in ["0", "-7", "-2147483648"] {
        let element = format!("<node id=\"1\" version=\"{version}\" lat=\"1\" lon=\"1\"/>");
        assert_eq!(succeed_with(&Harness::new(), &element), ["1 × node has no version: 1"]);
    }
}

#[test]
fn a_version_that_its_column_cannot_hold_is_refused() {
    let harness = Harness::new();
    let file = reported(&harness, "y16_version_big.osm");
    let (error, _) = fail(&harness, job(&harness, &file));
    assert!(error.contains("is damaged at byte 77: node has the version '4294967295'"), "{error}");
    for version in ["2147483648", "99999999999999999999", "1.5", "-9999999999"] {
        let (error, _) =
            fail_with(&harness, &format!("<node id=\"1\" version=\"{version}\" lat=\"1\" lon=\"1\"/>"));
        assert!(error.contains(&format!("node has the version '{version}'")), "{error}");
    }
    succeed_with(&harness, &node(1, 2_147_483_647, 1.0));
    assert!(rows(&harness, "node")[0].starts_with("1|true|2147483647|"));
}

#[test]
fn times_before_1970_are_kept_from_pbf_too() {
    let harness = Harness::new();
    let warnings = import_reported(&harness, "b20_times.osm.pbf");
    let times: Vec<_> =
        rows(&harness, "node").iter().map(|row| row.split('|').nth(3).unwrap().to_owned()).collect();
    assert_eq!(times, ["1965-01-02T00:00:00", "NULL", "1970-01-01T00:00:05", "1969-12-31T23:59:59", "NULL"]);
    assert_eq!(warnings, ["1 × node has a timestamp that no calendar has, which is left out: 5"]);
    let tip = tip(&harness);
    let xml: String = [(0, "1965-01-02T00:00:00Z"), (2, "1970-01-01T00:00:05Z"), (3, "1969-12-31T23:59:59Z")]
        .map(|(id, time)| {
            format!("<node id=\"{id}\" version=\"1\" timestamp=\"{time}\" lat=\"0\" lon=\"{id}\"/>")
        })
        .concat();
    succeed_with(&harness, &xml);
    let kept: Vec<_> =
        rows(&harness, "node").iter().map(|row| row.split('|').nth(3).unwrap().to_owned()).collect();
    assert_eq!(kept, ["1965-01-02T00:00:00", "1970-01-01T00:00:05", "1969-12-31T23:59:59"]);
    assert_ne!(tip, self::tip(&harness));
}

#[test]
fn empty_and_repeated_keys_are_told() {
    let harness = Harness::new();
    let tags =
        |id: i64, tags: &str| format!("<node id=\"{id}\" version=\"1\" lat=\"1\" lon=\"1\">{tags}</node>");
    let warnings = succeed_with(
        &harness,
        &[
            tags(1, "<tag k=\"\" v=\"a\"/>"),
            tags(2, "<tag k=\"a\" v=\"1\"/><tag k=\"b\" v=\"2\"/><tag k=\"a\" v=\"3\"/>"),
            tags(3, "<tag k=\"\" v=\"a\"/><tag k=\"\" v=\"b\"/>"),
            tags(4, "<tag k=\"b\" v=\"a\"/><tag k=\"a\" v=\"\"/>"),
        ]
        .concat(),
    );
    assert_eq!(
        warnings,
        [
            "1 × node has a key more than once, of which the last value is kept: 2",
            "2 × node has a tag with an empty key, which is left out: 1, 3",
        ]
    );
    assert!(rows(&harness, "node")[1].contains(r#"{"a":"3","b":"2"}"#));
}

#[test]
fn two_contents_of_one_version_are_told() {
    let harness = Harness::new();
    let tagged = |value: &str| {
        format!("<node id=\"3\" version=\"1\" lat=\"1\" lon=\"1\"><tag k=\"a\" v=\"{value}\"/></node>")
    };
    let elements = [
        node(1, 1, 1.0),
        node(2, 1, 1.0),
        tagged("x"),
        way(5, 1, &[1, 2]),
        way(6, 1, &[1, 2]),
        node(1, 1, 1.0),
        node(2, 1, 2.0),
        tagged("y"),
        way(5, 1, &[2, 1]),
        way(6, 1, &[1, 2]),
        node(7, 1, 1.0),
        node(7, 2, 2.0),
    ];
    let warnings = succeed_with(&harness, &elements.concat());
    let expected = "is there twice in one version, and differs; the last one is used";
    assert_eq!(warnings, [format!("2 × node {expected}: 2, 3"), format!("1 × way {expected}: 5")]);
    assert!(rows(&harness, "node")[2].contains(r#"{"a":"y"}"#));
}
