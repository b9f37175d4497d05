//! Invalid content.

use longhaul_osm::Error;
use proptest::prelude::*;

use crate::{
    pbf_writer::{Message, bare_frame, block, file, frame, header},
    samples::{XML, error, gzip, pbf, read},
};

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
