//! Reads and assembles arbitrary bytes as OpenStreetMap data, as an import does.

use std::collections::BTreeSet;
use std::io::Cursor;

use longhaul_osm::{Assembler, Entities, Entity, Error, Position, Source, Warnings, WayWithGeometry};

/// The name of the file in messages.
const SHOWN_NAME: &str = "upload.osm";
/// So little memory that the positions of nodes go to a file.
const NODE_MEMORY: u64 = 64;

pub(crate) fn run(data: &[u8]) {
    if let Err(error) = assemble(data) {
        let words = error.to_string();
        assert!(words.len() < 10_000 && !words.contains("/tmp"), "{words}");
    }
}

/// Reads all blocks, resolves versions and builds the ways.
fn assemble(data: &[u8]) -> Result<(), Error> {
    let scratch = tempfile::tempdir().unwrap();
    let assembler = Assembler::new(scratch.path(), NODE_MEMORY)?;
    let mut entities = Entities::default();
    let mut nodes = BTreeSet::new();
    let mut source = Source::read(Cursor::new(data.to_vec()), SHOWN_NAME)?;
    for (number, block) in (0..).zip(&mut source) {
        block?.decode(&mut entities)?;
        assert_eq!(entities.iter().count(), entities.len());
        let is_in_order = assembler.add_block(number, &entities)?;
        for entity in entities.iter().filter(|_| is_in_order) {
            if let Entity::Node(node) = entity {
                node.position.into_iter().for_each(check_position);
                assert!(nodes.insert(node.id), "a node becomes a feature once");
            }
        }
    }
    let resolved = assembler.finish()?;
    for id in resolved.superseded_nodes() {
        assert!(nodes.remove(id), "only a node that became a feature is superseded");
    }
    for part in 0..resolved.out_of_order_parts() {
        resolved.out_of_order_nodes(part, &mut entities, |node| {
            if node.position.is_none() {
                return Ok(());
            }
            assert!(nodes.insert(node.id), "a node becomes a feature once");
            Ok::<_, Error>(())
        })?;
    }
    let mut builder = resolved.way_builder(&[]);
    let mut ways = BTreeSet::new();
    for part in 0..resolved.way_parts() {
        let mut visit = |built: &WayWithGeometry<'_>, _: &mut Warnings| {
            assert!(
                built.linestring.len() >= 2 && built.linestring.windows(2).all(|pair| pair[0] != pair[1])
            );
            assert!(ways.insert(built.way.id), "a way becomes a feature once");
            Ok::<_, Error>(())
        };
        builder.build(part, &mut Warnings::default(), &mut visit)?;
    }
    Ok(())
}

fn check_position(position: Position) {
    let (lon, lat) = position.degrees();
    assert!((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat), "{lon} {lat} is on earth");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let xml = "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n<note>a &amp; b</note>\
        <meta osm_base=\"2016-11-09T15:50:10Z\"/><bounds minlat=\"1\" minlon=\"2\" maxlat=\"3\" maxlon=\"4\"/>\
        <node id=\"1\" lat=\"1.5\" lon=\"-2.5\" version=\"2\" timestamp=\"2016-03-18T08:20:37Z\" changeset=\"17\" uid=\"7\" \
        user=\"J&#246;\"><tag k=\"shop\" v=\"yes\"/></node><node id='3' lat='0.9' lon='180' version='1'/><node id=\"2\" lat=\"1\" lon=\"2\" version=\"1\"/>\
        <way id=\"5\" version=\"1\" visible=\"true\"><nd ref=\"1\"/><nd ref=\"3\"/><nd ref=\"2\"/><tag k=\"a\" v=\"b\"/></way>\
        <node id=\"1\" version=\"3\" visible=\"false\"/><relation id=\"9\" version=\"1\"><member type=\"way\" ref=\"5\" role=\"x\"/></relation>\
        <remark>runtime error: timed out</remark></osm>";
    let change = "<osmChange><create><node id=\"1\" lat=\"1\" lon=\"1\"/></create><delete><way id=\"2\"/></delete></osmChange>";
    let texts = [xml, change, "<osm version=\"0.6\"/>", "<html><body>no</body></html>"];
    let mut seeds: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    seeds.extend([pbf(&[&dense_nodes(), &ways()]), pbf(&[&ways(), &dense_nodes()]), pbf(&[])]);
    seeds
}

/// A file of blobs that are not packed, as in <https://wiki.openstreetmap.org/wiki/PBF_Format>.
fn pbf(groups: &[&[u8]]) -> Vec<u8> {
    let strings = ["", "shop", "yes", "Jo"].map(|text| bytes(1, text.as_bytes())).concat();
    let header = [bytes(4, b"OsmSchema-V0.6"), bytes(4, b"DenseNodes")].concat();
    let mut file = blob("OSMHeader", &header);
    for group in groups {
        file.extend(blob("OSMData", &[bytes(1, &strings), bytes(2, group)].concat()));
    }
    file
}

fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    let blob = [bytes(1, content), number(2, content.len() as u64)].concat();
    let header = [bytes(1, kind.as_bytes()), number(3, blob.len() as u64)].concat();
    [&(header.len() as u32).to_be_bytes(), &header[..], &blob].concat()
}

/// Nodes 1 to 3, the first with a tag, all with what is known of them.
fn dense_nodes() -> Vec<u8> {
    let each = |field, values: &[i64]| bytes(field, &zigzags(values));
    let info = [
        bytes(1, &[2, 1, 1]),
        each(2, &[1_458_289_237, 1, 1]),
        each(3, &[17, 0, 0]),
        each(4, &[7, 0, 0]),
        each(5, &[3, 0, 0]),
    ];
    let dense = [
        each(1, &[1, 1, 1]),
        bytes(5, &info.concat()),
        each(8, &[15_000_000, -5, 7]),
        each(9, &[25_000_000, 5, 0]),
        bytes(10, &[1, 2, 0, 0, 0]),
    ];
    bytes(2, &dense.concat())
}

/// Two ways over the nodes, of which the second repeats one and lacks another.
fn ways() -> Vec<u8> {
    let way = |id, nodes: &[i64]| {
        bytes(3, &[number(1, id), bytes(2, &[1]), bytes(3, &[2]), bytes(8, &zigzags(nodes))].concat())
    };
    [way(5, &[1, 1, 1, -2]), way(6, &[2, 0, 7])].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn zigzags(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| varint((value << 1 ^ value >> 63) as u64)).collect()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_valid() {
        let is_read: Vec<_> =
            seeds().iter().map(|seed| assemble(seed).map_err(|e| eprintln!("{e}")).is_ok()).collect();
        assert_eq!(is_read, [true, false, true, false, true, true, true]);
    }
}
