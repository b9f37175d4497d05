//! Reads nodes and ways back from features of the layers `node` and `way`.

use std::collections::BTreeMap;

use jiff::{civil::DateTime, tz::Offset};
use longhaul_geodata::{Row, Value, geometry::read_positions};

use super::raw::{RawNodes, RawWays};
use crate::{Entities, ExistingNode, Info, Position};

/// The columns of the features.
const ID: usize = 0;
const VERSION: usize = 2;
const TIMESTAMP: usize = 3;
const TAGS: usize = 4;
const CHANGESET: usize = 5;
const USER: usize = 6;
const LOCATION: usize = 7;
const NODES: usize = 7;
const LINE: usize = 8;

impl RawNodes {
    /// The version and the position of a node.
    pub fn existing(row: Row<'_>) -> ExistingNode {
        let position = line(row.value(LOCATION)).and_then(|positions| positions.first().copied());
        ExistingNode { version: version(row), position }
    }
}

impl RawWays {
    /// The version of a way.
    pub fn version(row: Row<'_>) -> Option<u32> {
        version(row)
    }

    /// The ids of the nodes of a way; `None` if the feature does not have them in the form in which they are written.
    pub fn refs(row: Row<'_>) -> Option<Vec<i64>> {
        match row.value(NODES) {
            Value::Text(nodes) => serde_json::from_str(nodes).ok(),
            _ => None,
        }
    }

    /// The number of positions of a way's line.
    pub fn positions(row: Row<'_>) -> usize {
        line(row.value(LINE)).map_or(0, |positions| positions.len())
    }

    /// Adds a way to `entities`. It has the positions of its nodes if there is one for each of them in the line. `None` if the
    /// feature does not have the form in which ways are written.
    pub fn read(row: Row<'_>, entities: &mut Entities) -> Option<()> {
        let refs = Self::refs(row)?;
        let line = line(row.value(LINE))?;
        let tags: BTreeMap<String, String> = match row.value(TAGS) {
            Value::Null => BTreeMap::new(),
            Value::Text(tags) => serde_json::from_str(tags).ok()?,
            _ => return None,
        };
        let Value::Integer(id) = row.value(ID) else { return None };
        let (user, uid) = user(row.value(USER));
        let info = Info {
            version: version(row),
            timestamp: timestamp(row.value(TIMESTAMP)),
            changeset: match row.value(CHANGESET) {
                Value::Integer(changeset) => Some(changeset),
                _ => None,
            },
            uid,
            user,
            visible: true,
        };
        let locations = if line.len() == refs.len() { &line[..] } else { &[] };
        let tags = tags.iter().map(|(key, value)| (&key[..], &value[..]));
        entities.push_way_with_locations(id, &info, tags, &refs, locations);
        Some(())
    }
}

fn version(row: Row<'_>) -> Option<u32> {
    match row.value(VERSION) {
        Value::Integer(version) => u32::try_from(version).ok(),
        _ => None,
    }
}

/// `name:uid`. A missing name is empty, and a missing uid is -1.
fn user(value: Value<'_>) -> (Option<&str>, Option<i64>) {
    let Value::Text(text) = value else { return (None, None) };
    let Some((name, uid)) = text.rsplit_once(':') else { return (Some(text), None) };
    (Some(name).filter(|name| !name.is_empty()), uid.parse().ok().filter(|uid| *uid > 0))
}

/// Milliseconds since 1970.
fn timestamp(value: Value<'_>) -> Option<i64> {
    let Value::Text(text) = value else { return None };
    let date_time: DateTime = text.trim_end_matches('Z').parse().ok()?;
    Some(Offset::UTC.to_timestamp(date_time).ok()?.as_millisecond())
}

/// The positions of a geometry, in order; `None` if it is null, damaged or not on Earth.
fn line(value: Value<'_>) -> Option<Vec<Position>> {
    let Value::Geometry(geometry) = value else { return None };
    let (mut positions, mut is_on_earth) = (Vec::new(), true);
    let to_unit = |degrees: f64| (degrees * 1e7).round() as i64;
    let read = read_positions(geometry, |lon, lat| match Position::new(to_unit(lon), to_unit(lat)) {
        Some(position) => positions.push(position),
        None => is_on_earth = false,
    });
    (read.is_ok() && is_on_earth).then_some(positions)
}

#[cfg(test)]
mod tests {
    use longhaul_geodata::Batch;

    use super::*;
    use crate::{Entity, EntityLayer, Warnings, WayWithGeometry};

    #[test]
    fn an_entity_is_read_back_as_it_was_written() {
        let info = Info {
            version: Some(7),
            timestamp: Some(-1_500),
            changeset: Some(9),
            uid: Some(5),
            user: Some("a:b"),
            visible: true,
        };
        let positions = [(71_923_367, 507_395_887), (-1_800_000_000, -900_000_000), (1, -1)]
            .map(|(lon, lat)| Position { lon, lat });
        let mut written = Entities::default();
        written.push_way_with_locations(3, &info, [("k", "\"v\""), ("a", "")], &[1, -2, 3], &positions);
        written.push_node(4, &info, [("k", "v")], positions[0]);
        for (at, entity) in written.iter().enumerate() {
            let mut warnings = Warnings::default();
            match entity {
                Entity::Way(way) => {
                    let layer = RawWays::default();
                    let mut batch = Batch::new(layer.layer().schema.columns.len());
                    layer.add_way(
                        &WayWithGeometry { way, linestring: &positions },
                        &mut batch,
                        &mut warnings,
                    );
                    let row = batch.rows().next().expect("a feature");
                    let mut read = Entities::default();
                    RawWays::read(row, &mut read).expect("a way");
                    assert_eq!(read.iter().next(), written.iter().nth(at));
                    assert_eq!((RawWays::version(row), RawWays::positions(row)), (Some(7), 3));
                }
                Entity::Node(node) => {
                    let layer = RawNodes::default();
                    let mut batch = Batch::new(layer.layer().schema.columns.len());
                    layer.add_node(&node, &mut batch, &mut warnings);
                    let found = RawNodes::existing(batch.rows().next().expect("a feature"));
                    assert_eq!(found, ExistingNode { version: Some(7), position: node.position });
                }
                Entity::Relation(_) => {}
            }
        }
    }
}
