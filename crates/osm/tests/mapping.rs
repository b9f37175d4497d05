//! Mappings: filters, columns, geometries and errors.

#![allow(clippy::unwrap_used, reason = "tests may")]

use longhaul_geodata::{Batch, DataType, Value};
use longhaul_osm::{
    Entities, Entity, EntityKind, EntityLayer, Info, Mapping, Position, Warnings, WayWithGeometry,
};

/// Some streets and points of interest.
fn town() -> Entities {
    let mut town = Entities::default();
    let info = Info {
        version: Some(3),
        timestamp: Some(1_325_376_000_000),
        changeset: Some(17),
        uid: Some(7),
        user: Some("Jo"),
        ..Info::default()
    };
    let mut node = |id, tags: &[(&str, &str)], lon, lat| {
        town.push_node(id, &info, tags.iter().copied(), Position { lon, lat });
    };
    node(345117525, &[("highway", "crossing")], 71923367, 507395887);
    node(345117526, &[("highway", "bus_stop"), ("name", "Am Markt")], 71923127, 507396946);
    node(1300224327, &[], 71923444, 507397419);
    node(345117527, &[("highway", "turning_circle")], 71924199, 507397781);
    node(2059114068, &[("highway", "bus_stop"), ("name", "Kirche")], 71930000, 507400000);
    node(81953612, &[("amenity", "bench")], 71940000, 507400000);
    let street = [345117525, 345117526, 1300224327, 345117527];
    let mut way = |id, tags: &[(&str, &str)], refs: &[i64]| {
        town.push_way(id, &info, tags.iter().copied(), refs);
    };
    way(
        31045880,
        &[("highway", "residential"), ("lit", "yes"), ("maxspeed", "30"), ("oneway", "yes")],
        &street,
    );
    way(
        31347480,
        &[("highway", "residential"), ("lit", "no"), ("maxspeed", "50 mph"), ("oneway", "yes")],
        &street,
    );
    way(
        24777894,
        &[("highway", "footway"), ("maxspeed", "walk")],
        &[345117525, 1300224327, 345117527, 345117525],
    );
    way(51502277, &[("highway", "path")], &[345117525, 2059114068]);
    town
}

/// The id of a feature, and all values as text.
type Feature = (i64, Vec<String>);

/// The features that one rule makes of `town`, and the warnings.
#[track_caller]
fn mapped(rule: &str) -> (Vec<Feature>, Vec<String>) {
    let mapping = Mapping::from_json(&format!(r#"{{"rules": [{rule}]}}"#)).unwrap();
    let [rule] = <[_; 1]>::try_from(mapping.into_rules()).unwrap();
    let width = rule.layer().schema.columns.len();
    let (mut features, mut warnings) = (Batch::new(width), Warnings::default());
    let town = town();
    let positions: Vec<(i64, Position)> = town
        .iter()
        .filter_map(|entity| match entity {
            Entity::Node(node) => Some((node.id, node.position?)),
            _ => None,
        })
        .collect();
    for entity in town.iter() {
        match entity {
            Entity::Node(node) if rule.kind() == EntityKind::Node => {
                rule.add_node(&node, &mut features, &mut warnings);
            }
            Entity::Way(way) if rule.kind() == EntityKind::Way => {
                let at = |id: &i64| positions.iter().find(|(other, _)| other == id).unwrap().1;
                let line: Vec<Position> = way.refs.iter().map(at).collect();
                rule.add_way(&WayWithGeometry { way, linestring: &line }, &mut features, &mut warnings);
            }
            _ => {}
        }
    }
    let features = features.rows().map(|row| {
        let Value::Integer(id) = row.value(0) else { panic!("the id comes first") };
        (id, row.values().map(shown).collect())
    });
    (features.collect(), warnings.messages().collect())
}

#[track_caller]
fn ids(rule: &str) -> Vec<i64> {
    mapped(rule).0.into_iter().map(|(id, _)| id).collect()
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text.into(),
        Value::Geometry(bytes) => wkt(bytes),
        Value::Blob(_) => panic!("no column holds bytes"),
    }
}

/// The coordinates of a GeoPackage geometry. The header has 8 bytes, and for other geometries than points an envelope of 32.
fn wkt(bytes: &[u8]) -> String {
    let body = if bytes[3] & 0x0E == 0 { &bytes[8..] } else { &bytes[40..] };
    let (name, skipped) = match body[1] {
        1 => ("POINT", 5),
        2 => ("LINESTRING", 9),
        3 => ("POLYGON", 13),
        other => panic!("{other}"),
    };
    let numbers: Vec<f64> =
        body[skipped..].chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let positions: Vec<String> = numbers.chunks_exact(2).map(|at| format!("{} {}", at[0], at[1])).collect();
    format!("{name} ({})", positions.join(", "))
}

fn streets(filter_and_exclude: &str) -> String {
    format!(
        r#"{{"name": "streets", {filter_and_exclude}, "fields": {{"way": {{"name": "geom", "type": "LINESTRING"}}}}}}"#
    )
}

const ALL_WAYS: [i64; 4] = [31045880, 31347480, 24777894, 51502277];

#[test]
fn a_way_becomes_a_feature_with_its_id_its_columns_its_nodes_and_its_line() {
    let rule = r#"{"name": "onewaystreets", "filter": {"oneway": ["yes"]},
                   "fields": {"lit": {"name": "lit", "type": "BOOLEAN"}, "geom": {"name": "geom", "type": "LINESTRING"}}}"#;
    let (features, warnings) = mapped(rule);
    let line =
        "LINESTRING (7.1923367 50.7395887, 7.1923127 50.7396946, 7.1923444 50.7397419, 7.1924199 50.7397781)";
    let nodes = "[345117525,345117526,1300224327,345117527]";
    assert_eq!(
        features,
        [
            (31045880, ["31045880", "true", line, nodes].map(String::from).to_vec()),
            (31347480, ["31347480", "false", line, nodes].map(String::from).to_vec())
        ]
    );
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn columns_stand_in_the_order_of_the_rule() {
    let columns = |rule: &str| {
        let mapping = Mapping::from_json(&format!(r#"{{"rules": [{rule}]}}"#)).unwrap();
        let layer = mapping.into_rules().pop().unwrap();
        let columns = layer.layer().schema.columns.iter();
        columns.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let fields = r#""fields": {"lit": {"name": "lit", "type": "STRING"}, "geom": {"name": "geom", "type": "POLYGON"}}"#;
    assert_eq!(
        columns(&format!(r#"{{"name": "a", "filter": {{}}, {fields}}}"#)),
        ["id", "lit", "geom", "nodes"]
    );
    let facts = r#""defaultFields": ["timestamp", "visible"]"#;
    assert_eq!(
        columns(&format!(r#"{{"name": "a", "filter": {{}}, {fields}, {facts}}}"#)),
        ["id", "timestamp", "visible", "lit", "geom", "nodes"]
    );
    let points = r#"{"name": "p", "filter": {}, "fields": {"b": {"name": "b", "type": "LONG"}, "a": {"name": "a", "type": "POINT"}}}"#;
    assert_eq!(columns(points), ["id", "b", "a"], "points have no nodes");
}

#[test]
fn common_attributes_have_the_same_form_as_in_the_raw_layers() {
    let rule = r#"{"name": "stops", "filter": {"highway": ["bus_stop"]}, "exclude": {"name": ["Kirche"]},
                   "fields": {"x": {"name": "at", "type": "POINT"}},
                   "defaultFields": ["visible", "timestamp", "tags", "changeset", "version", "user"]}"#;
    let (features, _) = mapped(rule);
    let tags = r#"{"highway":"bus_stop","name":"Am Markt"}"#;
    let values =
        ["345117526", "true", "2012-01-01T00:00:00", tags, "17", "3", "Jo:7", "POINT (7.1923127 50.7396946)"];
    assert_eq!(features, [(345117526, values.map(String::from).to_vec())]);
}

#[test]
fn a_filter_matches_any_of_its_tags_with_any_of_their_values() {
    assert_eq!(ids(&streets(r#""filter": {"oneway": ["yes"]}"#)), [31045880, 31347480]);
    assert_eq!(
        ids(&streets(r#""filter": {"lit": ["yes"], "highway": ["path", "footway"]}"#)),
        [31045880, 24777894, 51502277]
    );
    assert_eq!(ids(&streets(r#""filter": {"lit": []}"#)), [31045880, 31347480]);
    assert_eq!(ids(&streets(r#""filter": {}"#)), ALL_WAYS);
    assert_eq!(ids(&streets(r#""filter": {"building": []}"#)), [0; 0]);
}

#[test]
fn exclude_applies_with_any_filter() {
    for filter in
        [r#"{}"#, r#"{"highway": []}"#, r#"{"geom": ["all"]}"#, r#"{"geom": ["open"], "highway": []}"#]
    {
        let rule = streets(&format!(r#""filter": {filter}, "exclude": {{"lit": ["no"], "maxspeed": null}}"#));
        let open_only = filter.contains("open");
        let expected: &[i64] = if open_only { &[31045880] } else { &[31045880, 24777894] };
        assert_eq!(ids(&rule), expected, "{filter}");
    }
    assert_eq!(ids(&streets(r#""filter": {}, "exclude": {"lit": []}"#)), [24777894, 51502277]);
}

#[test]
fn a_tag_that_is_excluded_with_null_is_required() {
    let points = |more: &str| {
        format!(r#"{{"name": "p", {more}, "fields": {{"coord": {{"name": "at", "type": "POINT"}}}}}}"#)
    };
    assert_eq!(ids(&points(r#""filter": {"highway": []}"#)), [345117525, 345117526, 345117527, 2059114068]);
    assert_eq!(ids(&points(r#""filter": {}, "exclude": {"name": null}"#)), [345117526, 2059114068]);
}

#[test]
fn open_and_closed_ways_are_told_apart() {
    assert_eq!(ids(&streets(r#""filter": {"geom": ["closed"]}"#)), [24777894]);
    assert_eq!(ids(&streets(r#""filter": {"geom": ["open"]}"#)), [31045880, 31347480, 51502277]);
    assert_eq!(ids(&streets(r#""filter": {"geom": ["all"]}"#)), ALL_WAYS);
    assert_eq!(ids(&streets(r#""filter": {"geom": ["open"], "oneway": ["yes"]}"#)), [31045880, 31347480]);
}

#[test]
fn a_polygon_rule_closes_open_ways_and_omits_ways_without_area() {
    let rule = |filter: &str| {
        format!(
            r#"{{"name": "areas", "filter": {filter}, "fields": {{"g": {{"name": "g", "type": "POLYGON"}}}}}}"#
        )
    };
    let (features, warnings) = mapped(&rule("{}"));
    let at = ["7.1923367 50.7395887", "7.1923127 50.7396946", "7.1923444 50.7397419", "7.1924199 50.7397781"];
    let counterclockwise = |ring: &[usize]| {
        let positions: Vec<&str> = ring.iter().map(|index| at[*index]).collect();
        format!("POLYGON ({})", positions.join(", "))
    };
    let geometries: Vec<(i64, &str)> =
        features.iter().map(|(id, values)| (*id, values[1].as_str())).collect();
    assert_eq!(
        geometries,
        [
            (31045880, counterclockwise(&[0, 3, 2, 1, 0]).as_str()),
            (31347480, counterclockwise(&[0, 3, 2, 1, 0]).as_str()),
            (24777894, counterclockwise(&[0, 3, 2, 0]).as_str()),
        ]
    );
    assert_eq!(warnings, ["1 × way matches rule 'areas' but encloses no area: 51502277"]);
    assert_eq!(ids(&rule(r#"{"geom": ["closed"]}"#)), [24777894]);
}

#[test]
fn an_invalid_value_is_null_and_a_warning() {
    let rule = r#"{"name": "s", "filter": {}, "fields": {"way": {"name": "g", "type": "LINESTRING"},
                   "maxspeed": {"name": "speed", "type": "integer"}}}"#;
    let (features, warnings) = mapped(rule);
    let speeds: Vec<&str> = features.iter().map(|(_, values)| values[2].as_str()).collect();
    assert_eq!(speeds, ["30", "null", "null", "null"]);
    assert_eq!(
        warnings,
        ["2 × way has a value of 'maxspeed' that is no INTEGER for layer 's': 24777894, 31347480"]
    );
}

#[test]
fn every_rule_is_a_layer_of_its_own() {
    let json = format!(r#"{{"rules": [{}, {}]}}"#, streets(r#""filter": {}"#), streets(r#""filter": {}"#));
    let error = Mapping::from_json(&json).unwrap_err().to_string();
    assert_eq!(error, "Error parsing mapping definition: rule 'streets': another rule has that name");
    let second = streets(r#""filter": {}"#).replace("streets", "Wege/alle");
    let mapping = Mapping::from_json(&format!(r#"{{"rules": [{}, {second}]}}"#, streets(r#""filter": {}"#)));
    let mapping = mapping.unwrap();
    assert_eq!(mapping.names().collect::<Vec<_>>(), ["streets", "Wege/alle"]);
    let kinds: Vec<_> =
        mapping.into_rules().iter().map(|rule| rule.layer().crs[0].identifier.clone()).collect();
    assert_eq!(kinds, ["EPSG:4326", "EPSG:4326"]);
}

#[test]
fn types_become_columns_of_the_size_that_their_names_mean() {
    let rule = r#"{"name": "t", "filter": {}, "fields": {
        "a": {"name": "a", "type": "SHORT"}, "b": {"name": "b", "type": "FLOAT"}, "c": {"name": "c", "type": "DATE"},
        "d": {"name": "d", "type": "DATETIME"}, "g": {"name": "g", "type": "POINT"}}}"#;
    let mapping = Mapping::from_json(&format!(r#"{{"rules": [{rule}]}}"#)).unwrap();
    let rules = mapping.into_rules();
    let types: Vec<_> = rules[0].layer().schema.columns.iter().map(|column| &column.data_type).collect();
    assert_eq!(
        types[1..5],
        [
            &DataType::Integer { size: 16 },
            &DataType::Float { size: 32 },
            &DataType::Date,
            &DataType::Timestamp { utc: true }
        ]
    );
}
