//! The features and columns of the layers.

use longhaul_geodata::Value;
use longhaul_repository::DatasetPath;

use crate::{
    fixtures::{import, job, member, node, number, warnings, way, xml},
    support::{
        git::{assert_clean, git},
        harness::Harness,
        rows::{layer, rows},
    },
};

const PLACE: &str = concat!(
    r#"<node id="7" version="3" changeset="9" timestamp="2014-10-07T16:09:00Z" user="Jo" uid="5" lat="50.7395887" lon="7.1923367">"#,
    r#"<tag k="name" v="A &quot;B&quot;"/><tag k="amenity" v="pub"/></node>"#,
);

#[test]
fn a_node_keeps_its_metadata_and_tags() {
    let harness = Harness::new();
    let file = xml(&harness, "f.osm", &(PLACE.to_owned() + &node(8, 1, 2.5)));
    let (_, commit) = import(&harness, job(&harness, &file));
    assert_eq!(
        rows(&harness.repository, &commit, "node"),
        [
            r#"7|true|3|2014-10-07T16:09:00|{"amenity":"pub","name":"A \"B\""}|9|Jo:5|geometry"#,
            "8|true|1|NULL|NULL|NULL|NULL|geometry",
        ]
    );
    assert_eq!(rows(&harness.repository, &commit, "way"), <[&str; 0]>::default());
    assert_clean(harness.git_dir());
}

#[test]
fn a_way_keeps_its_nodes_and_gets_their_line() {
    let harness = Harness::new();
    let elements = node(1, 1, 1.0) + &node(2, 1, 2.0) + &node(3, 1, 2.0) + &way(5, 2, &[1, 2, 3, 1]);
    let (report, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements)));
    assert_eq!(
        rows(&harness.repository, &commit, "way"),
        ["5|true|2|NULL|NULL|NULL|NULL|[1,2,3,1]|geometry"]
    );
    assert_eq!(line(&harness, &commit, 5), [1.0, 1.5, 2.0, 1.5, 1.0, 1.5]);
    assert_eq!(number(&report, "OSMReport/unpprocessedCount"), 0);
    assert_eq!(number(&report, "repeatedPositionCount"), 1);
    assert_eq!(warnings(&report), [""; 0]);
}

/// The coordinates of a way: after the header, the envelope, the byte order, the type and the count.
fn line(harness: &Harness, commit: &str, id: i64) -> Vec<f64> {
    let mut found = None;
    for batch in layer(&harness.repository, commit, "way").batches() {
        for row in batch.unwrap().rows().filter(|row| row.value(0) == Value::Integer(id)) {
            let Some(Value::Geometry(bytes)) = row.values().last() else { panic!("no geometry") };
            let numbers = bytes[8 + 32 + 1 + 4 + 4..].chunks_exact(8);
            found = Some(numbers.map(|number| f64::from_le_bytes(number.try_into().unwrap())).collect());
        }
    }
    found.expect("there is such a way")
}

#[test]
fn the_layers_have_the_columns_that_clients_expect_in_their_order() {
    let harness = Harness::new();
    let (_, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", PLACE)));
    let columns = |layer: &str| {
        let path = format!("{commit}:{layer}/.table-dataset/meta/schema.json");
        let schema: serde_json::Value =
            serde_json::from_str(&git(harness.git_dir(), &["cat-file", "blob", &path])).unwrap();
        let column = |column: &serde_json::Value| {
            let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}{}", text("name"), text("dataType"), text("geometryType"), text("geometryCRS"))
        };
        schema.as_array().unwrap().iter().map(column).map(|text| text.trim().to_owned()).collect::<Vec<_>>()
    };
    let common = [
        "id integer",
        "visible boolean",
        "version integer",
        "timestamp timestamp",
        "tags text",
        "changeset integer",
        "user text",
    ];
    assert_eq!(columns("node"), [&common[..], &["location geometry POINTEPSG:4326"]].concat());
    let own = ["nodes text", "way geometry LINESTRINGEPSG:4326"];
    assert_eq!(columns("way"), [&common[..], &own].concat());
    let crs = git(
        harness.git_dir(),
        &["cat-file", "blob", &format!("{commit}:node/.table-dataset/meta/crs/EPSG:4326.wkt")],
    );
    assert!(crs.starts_with("GEOGCS[\"WGS 84\",\n    DATUM["), "{crs}");
}

#[test]
fn incomplete_ways_are_built_from_what_is_there_and_those_too_short_are_left_out() {
    let harness = Harness::new();
    let elements = node(1, 1, 1.0)
        + &node(2, 1, 2.0)
        + &way(5, 1, &[1, 99, 2])
        + &way(6, 1, &[1, 99])
        + &way(7, 1, &[1])
        + &way(8, 1, &[])
        + &way(9, 1, &[1, 1, 1]);
    let (report, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements)));
    assert_eq!(rows(&harness.repository, &commit, "way"), ["5|true|1|NULL|NULL|NULL|NULL|[1,99,2]|geometry"]);
    assert_eq!(line(&harness, &commit, 5), [1.0, 1.5, 2.0, 1.5]);
    assert_eq!(number(&report, "OSMReport/wayCount"), 5);
    assert_eq!(number(&report, "OSMReport/unpprocessedCount"), 4);
    assert_eq!(number(&report, "missingNodeCount"), 2);
    assert_eq!(
        warnings(&report),
        [
            "4 × way has fewer than two positions, and is left out: 6, 7, 8 and 1 more",
            "2 × way refers to nodes that are not there: 5, 6",
        ]
    );
}

#[test]
fn the_report_begins_with_geogig_s_members() {
    let harness = Harness::new();
    let elements =
        format!("<meta osm_base=\"2016-11-09T20:28:02Z\"/>{PLACE}<relation id=\"1\" version=\"1\"/>");
    let (report, _) = import(&harness, job(&harness, &xml(&harness, "f.osm", &elements)));
    let Some(longhaul_tasks::ReportValue::Element(known)) = member(&report, "OSMReport") else {
        panic!("{report:?}")
    };
    let known: Vec<_> = known.members().iter().map(|(name, node)| format!("{name} {node:?}")).collect();
    assert_eq!(
        known,
        [
            "latestChangeset Integer(9)",
            "latestTimestamp Integer(1412698140000)",
            "processedEntities Integer(2)",
            "nodeCount Integer(1)",
            "wayCount Integer(0)",
            "unpprocessedCount Integer(0)",
        ]
    );
    let rest: Vec<_> = report.members().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        rest,
        [
            "OSMReport",
            "relationCount",
            "missingNodeCount",
            "repeatedPositionCount",
            "osmBase",
            "commit",
            "layer"
        ]
    );
    assert_eq!(number(&report, "relationCount"), 1);
}

#[test]
fn an_import_replaces_both_layers_unless_it_adds() {
    let harness = Harness::new();
    let first = node(1, 1, 1.0) + &node(2, 1, 2.0) + &way(5, 1, &[1, 2]);
    import(&harness, job(&harness, &xml(&harness, "first.osm", &first)));
    let second = xml(&harness, "second.osm", &node(3, 1, 3.0));
    let (_, added) = import(&harness, longhaul_commands::ImportOsm { add: true, ..job(&harness, &second) });
    let count = |commit: &str, layer: &str| rows(&harness.repository, commit, layer).len();
    assert_eq!([count(&added, "node"), count(&added, "way")], [3, 1]);
    let (_, replaced) = import(&harness, job(&harness, &second));
    assert_eq!([count(&replaced, "node"), count(&replaced, "way")], [1, 0]);
    assert_clean(harness.git_dir());
}

#[test]
fn a_commit_has_the_requested_or_the_default_message() {
    let harness = Harness::new();
    let message = || git(harness.git_dir(), &["log", "-1", "--format=%B", "master"]);
    import(&harness, job(&harness, &xml(&harness, "f.osm", PLACE)));
    assert_eq!(message(), "Updated OSM data");
    let mut job = job(&harness, &xml(&harness, "f.osm", &node(1, 1, 1.0)));
    job.destination.message = Some("Pubs".to_owned());
    import(&harness, job);
    assert_eq!(message(), "Pubs");
}

#[test]
fn a_file_without_entities_changes_nothing() {
    let harness = Harness::new();
    let message = harness.expect_failure(job(&harness, &xml(&harness, "f.osm", "<note>nothing</note>")));
    assert!(message.starts_with("The specified filter did not contain any valid element.\n"), "{message}");
}

#[test]
fn a_broken_file_changes_nothing_and_is_named_in_the_error() {
    let harness = Harness::new();
    let path = harness.scratch().join("f.osm");
    std::fs::write(&path, format!("<osm version=\"0.6\">{PLACE}")).unwrap();
    let message = harness.expect_failure(job(&harness, &path));
    assert!(message.starts_with("f.osm is truncated: it ends at byte "), "{message}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(harness.expect_failure(job(&harness, &path)), "File does not exist: f.osm");
}

#[test]
fn the_layers_are_datasets_of_their_own() {
    let harness = Harness::new();
    let (_, commit) = import(&harness, job(&harness, &xml(&harness, "f.osm", PLACE)));
    let found = harness.repository.datasets(commit.parse().unwrap()).unwrap();
    assert_eq!(found, [DatasetPath::new("node").unwrap(), DatasetPath::new("way").unwrap()]);
}
