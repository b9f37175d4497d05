//! Parses arbitrary mapping rules.

use longhaul_osm::{EntityLayer, Mapping};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Mapping::from_json(text) {
        Ok(mapping) => {
            let names: Vec<_> = mapping.names().map(str::to_owned).collect();
            let rules = mapping.into_rules();
            assert!(!rules.is_empty(), "a mapping has rules");
            assert!(rules.iter().map(|rule| &rule.layer().name).eq(&names));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seeds = [
        r#"{"rules": [{"name": "shops", "filter": {"shop": []}, "fields": {"shop": {"name": "open", "type": "BOOLEAN"},
            "at": {"name": "at", "type": "POINT"}}}]}"#,
        r#"{"rules":[{"name":"roads","filter":{"highway":["a","b"],"oneway":["yes"]},"exclude":{"access":["no"]},
            "defaultFields":["timestamp","changeset","tags","version","user"],"fields":{"lit":{"name":"lit","type":"STRING"},
            "geom":{"name":"geom","type":"LINESTRING"}}}]}"#,
        r#"{"rules":[{"name":"a","filter":{},"fields":{"w":{"name":"w","type":"DOUBLE"},"g":{"name":"g","type":"POLYGON"}}},
            {"name":"b","filter":{"geom":["closed"]},"fields":{"n":{"name":"n","type":"INTEGER"},"g":{"name":"g","type":"POLYGON"}}}]}"#,
        r#"{"rules":[]}"#,
        "{}",
    ];
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_valid() {
        let is_read = |seed: &Vec<u8>| Mapping::from_json(std::str::from_utf8(seed).unwrap()).is_ok();
        assert_eq!(seeds().iter().map(is_read).collect::<Vec<_>>(), [true, true, true, false, false]);
    }
}
