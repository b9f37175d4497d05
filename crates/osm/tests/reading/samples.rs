//! A small file in all formats, and functions that read it.

use std::io::{Cursor, Read, Write};

use flate2::{Compression, write::GzEncoder};
use longhaul_osm::{Entities, Error, Source, SourceMetadata};

use crate::pbf_writer::{Message, block, frame, header};

pub const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
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
pub fn read(bytes: impl AsRef<[u8]>) -> Result<(Vec<String>, SourceMetadata), Error> {
    read_from(Cursor::new(bytes.as_ref().to_vec()))
}

pub fn read_from(reader: impl Read + Send + 'static) -> Result<(Vec<String>, SourceMetadata), Error> {
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
pub fn error(bytes: impl AsRef<[u8]>) -> String {
    let error = read(bytes).expect_err("it cannot be read");
    let message = error.to_string();
    assert!(message.contains("f.osm"), "{message}");
    message
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The entities of [`XML`] as PBF. Half of the nodes are not in `DenseNodes`.
pub fn pbf() -> Vec<u8> {
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
