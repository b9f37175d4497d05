//! What is read of the entities of a file.

use std::io::Cursor;

use longhaul_osm::{Entities, Entity, Info, Position, Source};

use crate::{
    pbf_writer::{Message, file},
    samples::{XML, error, pbf, read},
};

#[test]
fn xml_is_read_with_all_metadata() {
    let mut source = Source::read(XML.as_bytes(), "f.osm").unwrap();
    let mut entities = Entities::default();
    source.next().unwrap().unwrap().decode(&mut entities).unwrap();
    let list: Vec<_> = entities.iter().collect();
    let [
        Entity::Node(node),
        Entity::Node(second),
        Entity::Way(way),
        Entity::Relation(relation),
        Entity::Node(gone),
    ] = list[..]
    else {
        panic!("{list:?}")
    };
    let info = Info {
        version: Some(3),
        timestamp: Some(1_412_698_140_000),
        changeset: Some(7),
        uid: Some(9),
        user: Some("J&o"),
        visible: true,
    };
    assert_eq!((node.id, node.info), (1, info));
    assert_eq!(node.position, Some(Position { lon: -71_923_367, lat: 507_395_887 }));
    assert_eq!(node.tags.iter().collect::<Vec<_>>(), [("amenity", "pub"), ("name", "\"A\" & B")]);
    assert_eq!(node.tags.get("amenity"), Some("pub"));
    assert_eq!((second.id, second.info), (-2, Info { version: Some(1), ..Info::default() }));
    assert_eq!((way.id, way.refs, way.tags.len()), (5, &[1, -2][..], 0));
    assert_eq!((relation.id, relation.tags.get("type")), (6, Some("route")));
    assert!(!gone.info.visible);
    assert!(source.next().is_none());
    assert_eq!(source.metadata().osm_base.as_deref(), Some("2016-11-09T20:28:02Z"));
    assert_eq!(
        source.metadata().remarks,
        ["runtime error: Query timed out in \"around\" at line 1 & so on."]
    );
}

#[test]
fn pbf_and_xml_give_the_same_entities() {
    assert_eq!(read(pbf()).unwrap().0, read(XML).unwrap().0);
}

#[test]
fn metadata_is_taken_as_far_as_a_pbf_file_has_it() {
    let info = Message::default().numbers(1, &[2, 300]).deltas(2, &[1_412_698_140, 1_412_698_141]);
    let dense = Message::default().deltas(1, &[1, 2]).message(5, info).deltas(8, &[0, 0]).deltas(9, &[0, 0]);
    let (found, _) = read(file(&[""], Message::default().message(2, dense))).unwrap();
    assert!(
        found[1].contains("version: Some(300), timestamp: Some(1412698141000), changeset: None, uid: None")
    );
}

#[test]
fn ways_have_the_positions_that_a_file_gives_for_them() {
    let way = |lats: &[i64], lons: &[i64]| {
        let way = Message::default().number(1, 5).deltas(8, &[1, -2, 1]);
        file(&[""], Message::default().message(3, way.deltas(9, lats).deltas(10, lons)))
    };
    let position = |lon, lat| Some(Position { lon, lat });
    let mut entities = Entities::default();
    let bytes = way(&[10, -20, 900_000_001], &[1_800_000_000, 0, 7]);
    let mut source = Source::read(Cursor::new(bytes), "f.osm").unwrap();
    source.next().unwrap().unwrap().decode(&mut entities).unwrap();
    let Some(Entity::Way(found)) = entities.iter().next() else { panic!("no way") };
    assert_eq!(found.locations, [position(1_800_000_000, 10), position(0, -20), None]);
    let warnings: Vec<_> = entities.take_warnings().messages().collect();
    assert_eq!(warnings, ["1 × way has positions beyond ±90° or ±180°, which are left out: 5"]);
    for (lats, lons) in [(&[1, 2][..], &[1, 2][..]), (&[1, 2, 3], &[]), (&[1, 2, 3], &[1, 2, 3, 4])] {
        assert!(error(way(lats, lons)).contains("not as many positions as nodes"));
    }
    let xml = "<osm version='0.6'><way id='5' version='1'><nd ref='1'/><nd ref='2' lat='1' lon='2'/><nd ref='3'/></way>\
        <way id='6' version='1'><nd ref='1'/></way></osm>";
    let (found, _) = read(xml).unwrap();
    assert!(found[0].contains("locations: [None, Some(Position { lon: 20000000, lat: 10000000 }), None]"));
    assert!(found[1].contains("locations: []"), "{}", found[1]);
}

/// The progress of a download counts entities block by block.
#[test]
fn the_first_blocks_of_xml_are_small() {
    let node = |id: u32| format!("<node id='{id}' version='1' lat='1' lon='1'/>");
    let nodes: String = (0..20_000).map(node).collect();
    let xml = format!("<osm version='0.6'>{nodes}</osm>");
    let mut entities = Entities::default();
    let counts: Vec<_> = Source::read(Cursor::new(xml), "f.osm")
        .unwrap()
        .map(|block| {
            block.unwrap().decode(&mut entities).unwrap();
            entities.len()
        })
        .collect();
    assert_eq!(counts[..4], [16, 32, 64, 128]);
    assert_eq!(counts.iter().sum::<usize>(), 20_000);
    assert!(counts.iter().all(|count| *count <= 8_000), "{counts:?}");
}

/// A block must not end inside of an entity, however large the entity is.
#[test]
fn an_entity_is_never_divided_between_blocks() {
    let tags: String =
        (0..9_000).map(|at| format!("<tag k='key {at}' v='a long value of many letters'></tag>")).collect();
    let xml = format!(
        "<osm version='0.6'>{}<way id='1' version='1'>{tags}<nd ref='1'/></way></osm>",
        " ".repeat(500_000)
    );
    let (found, _) = read(xml).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("key 0") && found[0].contains("key 8999") && found[0].contains("refs: [1]"));
}
