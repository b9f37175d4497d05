//! The assembly of entities in any order, compared with a simple model.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::BTreeMap;

use longhaul_osm::{Assembler, Entities, Entity, Error, Info, Position, Warnings, WayStatistics};
use proptest::prelude::*;

/// One version of a node or a way.
#[derive(Clone, Debug, PartialEq)]
enum Version {
    Node { id: i64, version: u32, visible: bool, lon: i32 },
    Way { id: i64, version: u32, visible: bool, refs: Vec<i64> },
}

/// Nodes and ways by id, with their version and their longitudes.
type Assembled = (BTreeMap<i64, (u32, i32)>, BTreeMap<i64, (u32, Vec<i32>)>);

fn block(versions: &[Version]) -> Entities {
    let mut entities = Entities::default();
    for version in versions {
        match version {
            Version::Node { id, version, visible, lon } => {
                let info = Info { version: Some(*version), visible: *visible, ..Info::default() };
                entities.push_node(*id, &info, [], Position { lon: *lon, lat: 0 });
            }
            Version::Way { id, version, visible, refs } => {
                let info = Info { version: Some(*version), visible: *visible, ..Info::default() };
                entities.push_way(*id, &info, [], refs);
            }
        }
    }
    entities
}

/// Assembles the blocks, those with odd numbers on a second thread.
fn assemble(blocks: &[Entities], memory: u64) -> (Assembled, WayStatistics) {
    let folder = tempfile::tempdir().unwrap();
    let assembler = Assembler::new(folder.path(), memory).unwrap();
    let take = |odd: usize| {
        let mut new = BTreeMap::new();
        for (number, entities) in blocks.iter().enumerate().filter(|(number, _)| number % 2 == odd) {
            if assembler.add_block(number as u64, entities).unwrap() {
                new.extend(entities.iter().filter_map(|entity| match entity {
                    Entity::Node(node) => {
                        Some((node.id, (node.info.version.unwrap(), node.position.unwrap().lon)))
                    }
                    _ => None,
                }));
            }
        }
        new
    };
    let mut nodes = std::thread::scope(|scope| {
        let odd = scope.spawn(|| take(1));
        let mut nodes = take(0);
        nodes.append(&mut odd.join().unwrap());
        nodes
    });
    let resolved = assembler.finish().unwrap();
    for id in resolved.superseded_nodes() {
        nodes.remove(id).expect("what is superseded was there");
    }
    let mut entities = Entities::default();
    for part in 0..resolved.out_of_order_parts() {
        let visit = |node: &longhaul_osm::Node<'_>| {
            let Some(position) = node.position else { return Ok(()) };
            let before = nodes.insert(node.id, (node.info.version.unwrap(), position.lon));
            assert_eq!(before, None, "node {} comes once", node.id);
            Ok::<_, Error>(())
        };
        resolved.out_of_order_nodes(part, &mut entities, visit).unwrap();
    }
    let (mut ways, mut counts) = (BTreeMap::new(), WayStatistics::default());
    let mut builder = resolved.way_builder(&[]);
    for part in 0..resolved.way_parts() {
        let mut visit = |built: &longhaul_osm::WayWithGeometry<'_>, _: &mut Warnings| {
            let line = built.linestring.iter().map(|position| position.lon).collect();
            let before = ways.insert(built.way.id, (built.way.info.version.unwrap(), line));
            assert_eq!(before, None, "way {} comes once", built.way.id);
            Ok::<_, Error>(())
        };
        let (_, of_part) = builder.build(part, &mut Warnings::default(), &mut visit).unwrap();
        counts.without_geometry += of_part.without_geometry;
        counts.missing_nodes += of_part.missing_nodes;
    }
    ((nodes, ways), counts)
}

/// The model: all entities in maps.
fn expected(versions: &[Version]) -> (Assembled, WayStatistics) {
    let (mut nodes, mut ways) = (BTreeMap::new(), BTreeMap::new());
    for version in versions {
        match version {
            Version::Node { id, version, visible, lon } => {
                let new = (*version, visible.then_some(*lon));
                let entry = nodes.entry(*id).or_insert(new);
                if entry.0 <= *version {
                    *entry = new;
                }
            }
            Version::Way { id, version, visible, refs } => {
                let new = (*version, visible.then(|| refs.clone()));
                let entry = ways.entry(*id).or_insert_with(|| new.clone());
                if entry.0 <= *version {
                    *entry = new;
                }
            }
        }
    }
    let nodes: BTreeMap<_, _> =
        nodes.into_iter().filter_map(|(id, (version, lon))| Some((id, (version, lon?)))).collect();
    let mut counts = WayStatistics::default();
    let ways = ways.into_iter().filter_map(|(id, (version, refs))| {
        let found: Vec<_> = refs?.iter().map(|id| nodes.get(id).map(|(_, lon)| *lon)).collect();
        counts.missing_nodes += found.iter().filter(|lon| lon.is_none()).count() as u64;
        let mut line: Vec<_> = found.into_iter().flatten().collect();
        line.dedup();
        counts.without_geometry += u64::from(line.len() < 2);
        (line.len() >= 2).then_some((id, (version, line)))
    });
    let ways = ways.collect();
    ((nodes, ways), counts)
}

fn version_strategy() -> impl Strategy<Value = Version> {
    let version = prop_oneof![0..4_u32, 250..260_u32];
    let visible = prop::bool::weighted(0.9);
    let node = (0..60_i64, version.clone(), visible, 0..5_i32)
        .prop_map(|(id, version, visible, lon)| Version::Node { id, version, visible, lon });
    let way = (0..15_i64, version, visible, prop::collection::vec(0..70_i64, 0..5))
        .prop_map(|(id, version, visible, refs)| Version::Way { id, version, visible, refs });
    prop_oneof![3 => node, 1 => way]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// For any order, any size of blocks and any limit of memory.
    #[test]
    fn the_result_is_that_of_the_model(
        mut versions in prop::collection::vec(version_strategy(), 0..120),
        sorted in any::<bool>(),
        len in 1..40_usize,
        memory in prop_oneof![Just(0), Just(300), Just(u64::MAX >> 1)],
    ) {
        if sorted {
            versions.sort_by_key(|version| match version {
                Version::Node { id, version, .. } => (0, *id, *version),
                Version::Way { id, version, .. } => (1, *id, *version),
            });
        }
        let blocks: Vec<_> = versions.chunks(len).map(block).collect();
        prop_assert_eq!(assemble(&blocks, memory), expected(&versions));
    }
}

#[test]
fn abort_ends_the_waiting_of_other_threads() {
    let folder = tempfile::tempdir().unwrap();
    let assembler = Assembler::new(folder.path(), 0).unwrap();
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| assembler.add_block(1, &Entities::default()));
        // Block 0 is never added.
        assembler.abort();
        waiting.join().unwrap()
    });
    assert!(matches!(waited, Err(Error::Interrupted)));
}

#[test]
fn an_interrupted_assembly_fails() {
    let folder = tempfile::tempdir().unwrap();
    let assembler = Assembler::new(folder.path(), 0).unwrap();
    assembler.interrupter().interrupt();
    assert!(matches!(assembler.add_block(0, &Entities::default()), Err(Error::Interrupted)));
}
