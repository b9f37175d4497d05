//! Layers that a mapping makes.

use longhaul_commands::{ImportOsm, OsmMapping};

use crate::{
    fixtures::{job, way, xml},
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

#[test]
fn areas_of_other_shapes_are_told_apart() {
    let corner = |id: i64, lat: f64, lon: f64| {
        format!("<node id=\"{id}\" version=\"1\" lat=\"{lat}\" lon=\"{lon}\"/>")
    };
    // A square 1 2 3 4, a point 5 inside of it, and 6, which stands where 1 does.
    let places = [(1, 0.0, 0.0), (2, 0.0, 4.0), (3, 4.0, 4.0), (4, 4.0, 0.0), (5, 1.0, 2.0), (6, 0.0, 0.0)];
    let nodes: String = places.iter().map(|(id, lat, lon)| corner(*id, *lat, *lon)).collect();
    let crossing = |way: i64| {
        format!("1 × way makes a polygon of layer 'areas' whose ring crosses or touches itself: {way}")
    };
    let no_area = |way: i64| format!("1 × way matches rule 'areas' but encloses no area: {way}");
    for (refs, warning) in [
        (vec![1, 2, 3, 4, 1], None),
        (vec![1, 2, 3, 4], None),
        (vec![1, 2, 3, 4, 6], None),
        (vec![1, 3, 2, 4, 1], Some(crossing(9))),
        (vec![1, 2, 5, 2, 3, 4, 1], Some(crossing(9))),
        (vec![1, 2, 6, 2, 1], Some(no_area(9))),
        (vec![1, 6, 3, 1], Some(no_area(9))),
    ] {
        let harness = Harness::new();
        let file = xml(&harness, "f.osm", &(nodes.clone() + &way(9, 1, &refs)));
        let areas = mapping(&[rule("areas", "POLYGON")]).unwrap();
        let warnings = succeed(&harness, ImportOsm { mapping: Some(areas), ..job(&harness, &file) });
        let is_kept = warning.as_ref().is_none_or(|warning| warning.contains("crosses"));
        assert_eq!(warnings, warning.into_iter().collect::<Vec<_>>(), "{refs:?}");
        assert_eq!(ids(&harness, "areas").len(), usize::from(is_kept), "{refs:?}");
    }
}
