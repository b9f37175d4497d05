//! Sources in all formats, valid and invalid.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod pbf_writer;

use std::io::{Cursor, Read, Write};

use flate2::{Compression, write::GzEncoder};
use longhaul_osm::{Entities, Entity, Error, Info, Position, Source, SourceMetadata};
use pbf_writer::{Message, bare_frame, block, file, frame, header};
use proptest::prelude::*;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<osm version="0.6" generator="Overpass API 0.7.62">
<note>The data included in this document is from www.openstreetmap.org.</note>
<meta osm_base="2016-11-09T20:28:02Z"/>
<bounds minlat="1" minlon="2" maxlat="3" maxlon="4"/>
  <node id="1" visible="true" version="3" changeset="7" timestamp="2014-10-07T16:09:00Z" user="J&#x26;o" uid="9" lat="50.7395887" lon="-7.1923367">
    <tag k="name" v="&quot;A&quot; &amp; B"/>
    <tag k="amenity" v="x"/><tag k="amenity" v="pub"/><tag k="" v="nothing"/>
  </node>
  <node id="-2" version="1" lat="0" lon="180"/>
  <way id="5" version="2"><bounds minlat="1" minlon="2" maxlat="3" maxlon="4"/><nd ref="1"/><nd ref="-2"/></way>
  <relation id="6" version="1"><member type="way" ref="5" role=""/><tag k="type" v="route"/></relation>
  <node id="3" version="4" visible="false"/>
  <remark> runtime error: Query timed out in "around" at line 1 &amp; so on. </remark>
</osm>
"#;

/// The entities in `bytes` as text, and the metadata.
fn read(bytes: impl AsRef<[u8]>) -> Result<(Vec<String>, SourceMetadata), Error> {
    read_from(Cursor::new(bytes.as_ref().to_vec()))
}

fn read_from(reader: impl Read + Send + 'static) -> Result<(Vec<String>, SourceMetadata), Error> {
    let mut source = Source::read(reader, "f.osm")?;
    let (mut found, mut entities) = (Vec::new(), Entities::default());
    for block in &mut source {
        block?.decode(&mut entities)?;
        found.extend(entities.iter().map(|entity| format!("{entity:?}")));
    }
    Ok((found, source.metadata().clone()))
}

/// The error message for `bytes`, which must be invalid.
#[track_caller]
fn error(bytes: impl AsRef<[u8]>) -> String {
    let error = read(bytes).expect_err("it cannot be read");
    let message = error.to_string();
    assert!(message.contains("f.osm"), "{message}");
    message
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The entities of [`XML`] as PBF. Half of the nodes are not in `DenseNodes`.
fn pbf() -> Vec<u8> {
    let texts = ["", "name", "\"A\" & B", "amenity", "x", "pub", "nothing", "J&o", "type", "route"];
    let info =
        Message::default().number(1, 3).number(2, 1_412_698_140).number(3, 7).number(4, 9).number(5, 7);
    let node = Message::default().signed(1, 1).numbers(2, &[1, 3, 3, 0]).numbers(3, &[2, 4, 5, 6]);
    let node = node.message(4, info).signed(8, 507_395_887).signed(9, -71_923_367);
    let dense_info = Message::default().numbers(1, &[1]);
    let dense = Message::default()
        .deltas(1, &[-2])
        .message(5, dense_info)
        .deltas(8, &[0])
        .deltas(9, &[1_800_000_000]);
    let version = |number| Message::default().number(1, number);
    let way = Message::default().number(1, 5).message(4, version(2)).deltas(8, &[1, -2]);
    let relation = Message::default().number(1, 6).numbers(2, &[8]).numbers(3, &[9]).message(4, version(1));
    let deleted = Message::default().signed(1, 3).message(4, version(4).number(6, 0));
    let groups = [
        Message::default().message(1, node),
        Message::default().message(2, dense),
        Message::default().message(3, way).message(4, relation),
        Message::default().message(1, deleted),
    ];
    let mut bytes = header(&["OsmSchema-V0.6", "DenseNodes"]);
    bytes.extend(frame("Unknown", &Message::default()));
    groups.into_iter().for_each(|group| bytes.extend(frame("OSMData", &block(&texts, group))));
    bytes
}

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
fn a_packed_file_is_read_whatever_it_is_called_also_in_several_pieces() {
    let whole = read(XML).unwrap().0;
    let (start, end) = XML.as_bytes().split_at(700);
    for packed in [gzip(XML.as_bytes()), [gzip(start), gzip(end)].concat()] {
        assert_eq!(read(packed).unwrap().0, whole);
    }
    for packed in [bzip2(XML.as_bytes()), [bzip2(start), bzip2(end)].concat()] {
        assert_eq!(read(packed).unwrap().0, whole);
    }
    assert_eq!(read(gzip(&pbf())).unwrap().0, whole);
}

#[test]
fn the_size_of_reads_does_not_matter() {
    struct Dribble(Cursor<Vec<u8>>);
    impl Read for Dribble {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let len = buffer.len().min(1);
            self.0.read(&mut buffer[..len])
        }
    }
    for bytes in [XML.as_bytes().to_vec(), pbf(), gzip(XML.as_bytes())] {
        let found = read_from(Dribble(Cursor::new(bytes))).unwrap().0;
        assert_eq!(found, read(XML).unwrap().0);
    }
}

/// A truncated file is never taken for a complete one.
#[test]
fn a_file_cut_anywhere_is_refused() {
    for bytes in [XML.trim_end().as_bytes().to_vec(), gzip(XML.as_bytes()), bzip2(XML.as_bytes())] {
        for end in 0..bytes.len() {
            let message = error(&bytes[..end]);
            let is_clear =
                ["truncated", "no OpenStreetMap file", "damaged"].iter().any(|word| message.contains(word));
            assert!(is_clear, "cut at {end}: {message}");
        }
    }
}

/// A file may end after every blob.
#[test]
fn a_pbf_file_cut_in_a_blob_is_refused() {
    let bytes = pbf();
    let whole = read(&bytes).unwrap().0.len();
    for end in 0..bytes.len() {
        match read(&bytes[..end]) {
            Ok((found, _)) => assert!(found.len() < whole, "cut at {end}"),
            Err(error) => {
                let is_clear = matches!(error, Error::Truncated { .. } | Error::NotOsm { .. });
                assert!(is_clear, "cut at {end}: {error}");
            }
        }
    }
    let ends = (0..bytes.len()).filter(|end| read(&bytes[..*end]).is_ok()).count();
    assert_eq!(ends, 5, "between the header and the four blocks, and after what is unknown");
}

#[test]
fn the_format_of_other_files_is_named() {
    for (bytes, expected) in [
        (&b""[..], "it is empty"),
        (b"PK\x03\x04....", "it is a ZIP archive"),
        (b"{\"elements\": []}", "it begins like JSON"),
        (b"SQLite format 3\0", "it begins neither like PBF nor like XML"),
        (b"<html><body>Bad Gateway</body></html>", "it begins with <html>"),
        (b"<osmChange version=\"0.6\"/>", "it is an osmChange file"),
        (b"<?xml version='1.0'?>", "it has no <osm>"),
    ] {
        let message = error(bytes);
        assert!(message.contains(expected), "{message}");
    }
    assert!(error(gzip(&gzip(XML.as_bytes()))).contains("packed more than once"));
}

#[test]
fn invalid_and_incomplete_xml_is_refused() {
    for (xml, expected) in [
        ("<osm version='0.6'><node id='1' version='1' lat='1' lon='1'/>", "without </osm>"),
        ("<!DOCTYPE osm [<!ENTITY a 'b'>]><osm version='0.6'/>", "it has a DOCTYPE"),
        ("<osm/>", "does not say of which version"),
        ("<osm version='0.5'/>", "version 0.5 of OSM XML instead of 0.6"),
        ("<osm version='0.6'><node id='1' version='x' lat='1' lon='1'/></osm>", "has the version 'x'"),
        ("<osm version='0.6'><node version='1' lat='1' lon='1'/></osm>", "node has no id"),
        ("<osm version='0.6'><node id='1' version='1'/></osm>", "node 1 has no position"),
        ("<osm version='0.6'><node id='1' version='1' lat='NaN' lon='1'/></osm>", "has the lat 'NaN'"),
        ("<osm version='0.6'><way id='1' version='1'><nd/></way></osm>", "a nd of way 1 has no ref"),
        ("<osm version='0.6'><way id='1' version='1'><tag k='a'/></way></osm>", "a tag of way 1 has no v"),
        (
            "<osm version='0.6'><node id='1' version='1' lat='1' lon='1' user='&bad;'/></osm>",
            "cannot be read",
        ),
        ("<osm version='0.6'></osm><osm version='0.6'/>", "<osm> stands behind </osm>"),
        ("<osm version='0.6'><way></osm>", "way has no id"),
        ("<osm version='0.6'><note></osm>", "is damaged"),
        ("<?xml version='1.0' encoding='latin1'?><osm version='0.6'/>", "it is in latin1 instead of UTF-8"),
        ("<osm version='0.6'/>trailing", "a text stands outside of <osm>"),
    ] {
        let message = error(xml);
        assert!(message.contains(expected), "{xml}: {message}");
    }
}

#[test]
fn the_memory_for_an_unterminated_comment_is_limited() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len() as u64;
            assert!(self.0 < 64 << 20, "it is read on and on");
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    let error = read_from(b"<osm version='0.6'><!--".chain(Endless(0))).unwrap_err();
    assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
}

#[test]
fn a_compression_bomb_is_refused() {
    let comment = format!("<!--{}-->", "x".repeat(1 << 20));
    let xml = format!("<osm version='0.6'>{}", comment.repeat(120)).into_bytes();
    let message = error(gzip(&xml));
    assert!(message.contains("unpacks to more than 200 times its size"), "{message}");
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
fn invalid_and_unsupported_pbf_is_refused() {
    let dense = |tags: &[i64]| {
        let nodes = Message::default().deltas(1, &[1, 2]).deltas(8, &[0, 0]).deltas(9, &[0, 0]);
        Message::default().message(2, nodes.numbers(10, tags))
    };
    let short =
        Message::default().message(2, Message::default().deltas(1, &[1, 2]).deltas(8, &[0]).deltas(9, &[0]));
    let way = Message::default().message(3, Message::default().number(1, 1).numbers(2, &[1]));
    let far =
        Message::default().message(1, Message::default().signed(1, 1).signed(8, i64::MAX / 9).signed(9, 0));
    let no_header = frame("OSMData", &block(&[""], Message::default()));
    let lying = Message::default().number(2, 5).bytes(3, &[1, 2, 3]);
    let lying = [header(&[]), bare_frame("OSMData", &lying)].concat();
    let enormous = Message::default().number(2, 1 << 40).bytes(3, &[1, 2, 3]);
    let enormous = [header(&[]), bare_frame("OSMData", &enormous)].concat();
    for (bytes, expected) in [
        (file(&["", "a"], dense(&[1, 1])), "the tags of a dense node have no end"),
        (file(&["", "a"], dense(&[1, 9, 0, 0])), "names a text that the block does not have"),
        (file(&["", "a"], dense(&[0, 0, 0])), "tags of more nodes than there are nodes"),
        (file(&[""], short), "not of one length"),
        (file(&["", "a"], way), "not as many keys as values"),
        (file(&[""], far), "outside of the world"),
        (file(&[&"x".repeat(70_000)], dense(&[0, 0])), ""),
        (lying, "does not decompress"),
        (enormous, "longer than 32 MiB"),
        (header(&["OsmSchema-V0.6", "Teleportation"]), "it requires \"Teleportation\""),
    ] {
        match read(&bytes) {
            Ok(_) => assert_eq!(expected, "", "a long string that no tag uses is no error"),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }
    assert!(
        matches!(read(no_header), Err(Error::NotOsm { .. })),
        "data before a header is not even recognised"
    );
    for (field, name) in [(4, "LZMA"), (6, "LZ4"), (7, "zstd")] {
        let blob = Message::default().number(2, 5).bytes(field, &[0; 5]);
        let message = error([header(&[]), bare_frame("OSMData", &blob)].concat());
        assert!(message.contains(&format!("packed with {name}")), "{message}");
    }
}

#[test]
fn the_size_of_a_decoded_block_is_limited() {
    let nodes = 3 << 20;
    let zeros = Message(vec![0; nodes]);
    let ids = Message(std::iter::once(2).chain(std::iter::repeat_n(2, nodes - 1)).collect());
    let dense = Message::default().message(1, ids).message(8, zeros.clone()).message(9, zeros);
    let message = error(file(&[""], Message::default().message(2, dense)));
    assert!(message.contains("more than a million entities"), "{message}");
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

#[test]
fn the_size_of_a_single_entity_is_limited() {
    fn refs(count: usize) -> Vec<i64> {
        vec![1; count]
    }
    let way: fn(usize) -> Vec<u8> = |count| {
        let way = Message::default().number(1, 5).deltas(8, &refs(count));
        file(&[""], Message::default().message(3, way))
    };
    let located: fn(usize) -> Vec<u8> = |count| {
        let way = Message::default()
            .number(1, 5)
            .deltas(8, &refs(count))
            .deltas(9, &refs(count))
            .deltas(10, &refs(count));
        file(&[""], Message::default().message(3, way))
    };
    for limited in [way, located] {
        assert_eq!(read(limited(100_000)).unwrap().0.len(), 1);
        assert!(error(limited(100_001)).contains("a way has more than 100000 nodes"));
    }
    let dense = |tags: usize| {
        let node = Message::default().deltas(1, &[1]).deltas(8, &[0]).deltas(9, &[0]);
        let mut list = [1, 2].repeat(tags);
        list.push(0);
        file(&["", "a", &"v".repeat(1000)], Message::default().message(2, node.numbers(10, &list)))
    };
    assert!(read(dense(4_000)).is_ok());
    assert!(error(dense(20_000)).contains("the tags of an entity have more than 4 MiB"));
    let short = |tags: usize| {
        let way = Message::default().number(1, 5).numbers(2, &[1].repeat(tags)).numbers(3, &[1].repeat(tags));
        file(&["", "a"], Message::default().message(3, way))
    };
    assert!(read(short(10_000)).is_ok());
    assert!(error(short(10_001)).contains("an entity has more than 10000 tags"));
    for (element, expected) in
        [("nd ref='1'", "a way has more than 100000 nodes"), ("tag k='a' v='b'", "10000 tags")]
    {
        let elements = format!("<{element}/>").repeat(100_001);
        let message = error(format!("<osm version='0.6'><way id='7' version='1'>{elements}</way></osm>"));
        assert!(message.contains("way 7: ") && message.contains(expected), "{message}");
    }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any content is read or error, without panics and endless loops.
    #[test]
    fn a_changed_file_is_read_or_refused(
        which in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = match which {
            0 => XML.as_bytes().to_vec(),
            1 => pbf(),
            2 => gzip(XML.as_bytes()),
            _ => {
                // Not compressed, so that changes reach the content.
                let dense = Message::default().deltas(1, &[1, 2]).deltas(8, &[5, 6]).deltas(9, &[7, 8]);
                let dense = dense.numbers(10, &[1, 2, 0, 0]).message(5, Message::default().numbers(1, &[1, 2]));
                let way = Message::default().number(1, 5).numbers(2, &[1]).numbers(3, &[2]).deltas(8, &[1, 2, 1]);
                let group = Message::default().message(2, dense).message(3, way);
                let raw = Message::default().bytes(1, &block(&["", "a", "b"], group).0);
                [header(&[]), bare_frame("OSMData", &raw)].concat()
            }
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(bytes);
    }
}
