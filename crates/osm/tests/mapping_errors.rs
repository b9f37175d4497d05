//! Errors in mappings.

#![allow(clippy::unwrap_used, reason = "tests may")]

use longhaul_osm::Mapping;

#[test]
fn each_error_names_its_place() {
    let geom = r#""g": {"name": "g", "type": "POINT"}"#;
    let with = |members: &str| format!(r#"{{"rules": [{{"name": "r", {members}}}]}}"#);
    let fields = |fields: &str| with(&format!(r#""filter": {{}}, "fields": {{{fields}}}"#));
    let filter =
        |filter: &str| with(&format!(r#"{filter}, "fields": {{"w": {{"name": "w", "type": "POLYGON"}}}}"#));
    let form = "Error parsing mapping definition: ";
    for (json, expected) in [
        ("{}".to_owned(), format!("{form}the mapping: 'rules' is missing")),
        ("[]".to_owned(), format!("{form}the mapping: 'it' must be an object and is a list")),
        (r#"{"rules": []}"#.to_owned(), format!("{form}the mapping: it must have between 1 and 1000 rules")),
        (r#"{"rules": [7]}"#.to_owned(), format!("{form}rule 1: 'it' must be an object and is a number")),
        (r#"{"rules": [{}]}"#.to_owned(), format!("{form}rule 1: 'name' is missing")),
        (
            r#"{"rules": [{"name": 7}]}"#.to_owned(),
            format!("{form}rule 1: 'name' must be a text and is a number"),
        ),
        (
            with(r#""exlude": {}"#),
            format!(
                "{form}rule 1: there is no 'exlude'; it may have name, filter, exclude, fields, defaultFields"
            ),
        ),
        (with(r#""fields": {}"#), format!("{form}rule 'r': 'filter' is missing")),
        (with(r#""filter": {}"#), format!("{form}rule 'r': 'fields' is missing")),
        (with(r#""filter": {}, "fields": null"#), format!("{form}rule 'r': 'fields' is missing")),
        (
            with(r#""filter": {"a": "b"}, "fields": {}"#)
                .replace("\"fields\": {}", &format!("\"fields\": {{{geom}}}")),
            format!("{form}rule 'r', filter 'a': 'it' must be a list and is a text"),
        ),
        (
            filter(r#""filter": {"a": [1]}"#),
            format!("{form}rule 'r', filter 'a': 'it' must be a text and is a number"),
        ),
        (filter(r#""filter": {"a": [], "a": []}"#), format!("{form}rule 'r': 'a' stands there twice")),
        (
            filter(r#""filter": {"geom": []}"#),
            format!("{form}rule 'r', filter 'geom': it must hold one of open, closed and all"),
        ),
        (
            filter(r#""filter": {"geom": ["round"]}"#),
            "Unknown modifier: round: rule 'r', filter 'geom'; it may be open, closed or all".to_owned(),
        ),
        (
            filter(r#""filter": {}, "exclude": {"a": true}"#),
            format!("{form}rule 'r', exclude 'a': 'it' must be a list and is a boolean"),
        ),
        (
            filter(r#""filter": {}, "exclude": {"geom": ["open"]}"#),
            format!("{form}rule 'r', exclude 'geom': 'geom' belongs into the filter"),
        ),
        (
            filter(r#""filter": {}, "defaultFields": ["uid"]"#),
            format!(
                "{form}rule 'r': 'uid' is no default field; there are visible, timestamp, tags, changeset, version, user"
            ),
        ),
        (
            fields(r#""a": {"name": "a", "type": "INTEGER"}"#),
            "The mapping rule does not define a geometry field: rule 'r'".to_owned(),
        ),
        (
            fields(&format!(r#"{geom}, "h": {{"name": "h", "type": "POLYGON"}}"#)),
            "The mapping has more than one geometry attribute: rule 'r', fields 'g' and 'h'".to_owned(),
        ),
        (
            fields(&format!(r#"{geom}, "a": {{"name": "G", "type": "LONG"}}"#)),
            "Duplicated alias in mapping rule: G: rule 'r', field 'a'".to_owned(),
        ),
        (
            fields(&format!(r#"{geom}, "a": {{"name": "id", "type": "LONG"}}"#)),
            "Duplicated alias in mapping rule: id: rule 'r', field 'a'".to_owned(),
        ),
        (
            filter(r#""filter": {}, "defaultFields": ["user", "user"]"#),
            "Duplicated alias in mapping rule: user: rule 'r', field 'user'".to_owned(),
        ),
        (
            fields(&format!(r#"{geom}, "a": {{"name": "a"}}"#)),
            format!("{form}rule 'r', field 'a': 'type' is missing"),
        ),
        (
            fields(&format!(r#"{geom}, "a": {{"name": "a", "type": "MAP"}}"#)),
            format!(
                "{form}rule 'r', field 'a': a tag cannot be read as 'MAP'; there are BOOLEAN, BYTE, SHORT, INTEGER, LONG, FLOAT, DOUBLE, STRING, UUID, DATE, TIME, DATETIME, TIMESTAMP, POINT, LINESTRING and POLYGON"
            ),
        ),
        (
            fields(&format!(r#"{geom}, "a": {{"name": " ", "type": "LONG"}}"#)),
            format!("{form}rule 'r', field 'a': its name is empty"),
        ),
        (
            with(&format!(r#""filter": {{"geom": ["open"]}}, "fields": {{{geom}}}"#)),
            format!("{form}rule 'r': its filter asks for open or closed ways, and its features are points"),
        ),
        (
            fields(geom).replace("\"r\"", "\"Way\""),
            format!(
                "{form}rule 'Way': a layer cannot have that name; 'node' and 'way' hold all nodes and ways"
            ),
        ),
    ] {
        let error = Mapping::from_json(&json).map(drop).unwrap_err();
        assert_eq!(error.to_string(), expected, "{json}");
    }
    let cut = Mapping::from_json("{\"rules\": ").map(drop).unwrap_err().to_string();
    assert!(cut.starts_with(&format!("{form}EOF while parsing")), "{cut}");
    let deep = format!("{{\"rules\": {}", "[".repeat(100_000));
    assert!(Mapping::from_json(&deep).map(drop).unwrap_err().to_string().contains("recursion limit"));
}
