//! Layers that a mapping makes.

use longhaul_commands::{ImportOsm, OsmMapping};

use crate::{
    fixtures::job,
    reports::files::{coordinates, ids, reported, succeed},
    support::harness::Harness,
};

/// A rule of a layer.
fn rule(name: &str, geometry: &str) -> String {
    format!(
        r#"{{"name": "{name}", "filter": {{}}, "fields": {{"geom": {{"name": "geom", "type": "{geometry}"}}}}}}"#
    )
}

fn mapping(rules: &[String]) -> Result<OsmMapping, String> {
    OsmMapping::new(format!(r#"{{"rules": [{}]}}"#, rules.join(","))).map_err(|error| error.to_string())
}

#[test]
fn a_rule_inside_another_layer_is_refused_when_the_mapping_is_read() {
    let harness = Harness::new();
    let json = std::fs::read_to_string(reported(&harness, "map_nested_a_ab.json")).unwrap();
    assert_eq!(
        OsmMapping::new(json).unwrap_err().to_string(),
        "Error parsing mapping definition: rule 'a/b': its layer would be inside the layer 'a'"
    );
    for (names, expected) in [
        (vec!["a/b", "a"], "rule 'a': the layer 'a/b' would be inside its layer"),
        (vec!["A", "x", "a/B/c"], "rule 'a/B/c': its layer would be inside the layer 'A'"),
        (vec!["node/x"], "rule 'node/x': its layer would be inside the layer 'node'"),
        (vec!["Way/y"], "rule 'Way/y': its layer would be inside the layer 'way'"),
    ] {
        let rules: Vec<_> = names.iter().map(|name| rule(name, "POINT")).collect();
        assert_eq!(mapping(&rules).unwrap_err(), format!("Error parsing mapping definition: {expected}"));
    }
    let beside: Vec<_> = ["a/b", "a/c", "ab", "nodes/x"].iter().map(|name| rule(name, "POINT")).collect();
    assert!(mapping(&beside).is_ok());
}

#[test]
fn areas_need_three_places_and_rings_that_cross_themselves_are_told() {
    let harness = Harness::new();
    let file = reported(&harness, "x63_area_rules.osm");
    let areas = mapping(&[rule("areas", "POLYGON")]).unwrap();
    let warnings = succeed(&harness, ImportOsm { mapping: Some(areas), ..job(&harness, &file) });
    assert_eq!(ids(&harness, "areas"), [10, 11, 12, 14, 16, 17, 19]);
    assert_eq!(
        warnings,
        [
            "2 × way makes a polygon of layer 'areas' whose ring crosses or touches itself: 14, 19",
            "3 × way matches rule 'areas' but encloses no area: 13, 15, 18",
            "1 × way refers to nodes that are not there: 18",
        ]
    );
    let square = [(20.0, 10.0), (21.0, 10.0), (21.0, 11.0), (20.0, 11.0), (20.0, 10.0)];
    for way in [10, 11, 12] {
        let ring = coordinates(&harness, "areas", way);
        assert_eq!((ring.len(), ring.first()), (5, ring.last()));
        assert!(square.iter().all(|corner| ring.contains(corner)), "{ring:?}");
    }
}
