//! How files are packed and framed.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use crate::pbf_writer::{Message, block, frame};
use crate::{
    fixtures::{job, member, node},
    reports::files::{fail, ids, import_reported, reported, succeed},
    support::harness::Harness,
};
use longhaul_tasks::{ReportValue, Status};

fn gzip(content: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn osm(elements: &str) -> String {
    format!("<osm version=\"0.6\">{elements}</osm>")
}

/// Writes a file and imports it.
fn written(harness: &Harness, content: &[u8]) -> longhaul_commands::ImportOsm {
    let path = harness.scratch().join("f.osm.gz");
    std::fs::write(&path, content).unwrap();
    job(harness, &path)
}

#[test]
fn zeros_behind_the_packed_data_are_ignored() {
    let harness = Harness::new();
    import_reported(&harness, "p04_gz_trailing_zeros.osm.gz");
    assert!(!ids(&harness, "node").is_empty());
    let packed = gzip(&osm(&node(7, 1, 1.0)));
    for zeros in [1, 511, 1 << 20] {
        let content = [&packed[..], &vec![0; zeros]].concat();
        let task = harness.run(written(&harness, &content));
        assert!(task.status == Status::Finished || format!("{:?}", task.error).contains("Nothing to commit"));
        assert_eq!(ids(&harness, "node"), [7]);
    }
}

#[test]
fn an_error_in_a_packed_file_names_the_place_in_the_packed_file() {
    let harness = Harness::new();
    let file = reported(&harness, "p06_bz2_trailing_garbage.osm.bz2");
    let (error, _) = fail(&harness, job(&harness, &file));
    assert_eq!(
        error,
        "p06_bz2_trailing_garbage.osm.bz2 is damaged at byte 293: something that is not packed follows the packed data"
    );
    let file = reported(&harness, "p08_truncated.osm.bz2");
    let (error, _) = fail(&harness, job(&harness, &file));
    assert_eq!(error, "p08_truncated.osm.bz2 is truncated: it ends at byte 281, where more was to come");

    let packed = gzip(&osm(&node(7, 1, 1.0)));
    let cut = &packed[..packed.len() - 9];
    let (error, _) = fail(&harness, written(&harness, cut));
    assert_eq!(
        error,
        format!("f.osm.gz is truncated: it ends at byte {}, where more was to come", cut.len())
    );
    let (error, _) = fail(&harness, written(&harness, &[&packed[..], b"\0\0junk"].concat()));
    assert!(
        error.starts_with(&format!("f.osm.gz is damaged at byte {}: something", packed.len() + 2)),
        "{error}"
    );
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    let (error, _) = fail(&harness, written(&harness, &flipped));
    assert!(error.starts_with("f.osm.gz is damaged at byte ") && !error.contains("at byte 0"), "{error}");
    let packed = gzip(&osm("<node id=\"x\"/>"));
    let (error, _) = fail(&harness, written(&harness, &packed));
    let expected = format!(
        "f.osm.gz is damaged at byte 19 of its unpacked content (within the first {} bytes of the packed file): node has the id 'x'",
        packed.len()
    );
    assert_eq!(error, expected);
}

#[test]
fn white_space_may_stand_before_xml() {
    let harness = Harness::new();
    import_reported(&harness, "p18_spaces300.osm");
    assert_eq!(ids(&harness, "node"), [1, 2, 3, 4]);
    for (at, blank) in
        [" ".repeat(256), "\n\t".repeat(5000), format!("\u{feff}{}", " ".repeat(1000))].iter().enumerate()
    {
        let path = harness.scratch().join("f.osm");
        let declaration = if at == 1 { "" } else { "<?xml version=\"1.0\"?>" };
        std::fs::write(&path, format!("{blank}{declaration}{}", osm(&node(at as i64 + 8, 1, 1.0)))).unwrap();
        succeed(&harness, job(&harness, &path));
        assert_eq!(ids(&harness, "node"), [at as i64 + 8]);
    }
    let path = harness.scratch().join("f.osm");
    std::fs::write(&path, " ".repeat(3 << 20)).unwrap();
    let (error, _) = fail(&harness, job(&harness, &path));
    assert!(error.contains("begins neither like PBF nor like XML"), "{error}");
}

#[test]
fn a_replication_time_that_is_not_known_is_no_time_of_the_data() {
    for name in ["b14_header_repl_minus1.osm.pbf", "b15_header_repl_0.osm.pbf"] {
        let harness = Harness::new();
        let file = reported(&harness, name);
        let task = harness.run(job(&harness, &file));
        assert_eq!(task.status, Status::Finished, "{:?}", task.error);
        assert_eq!(member(&task.result.unwrap(), "osmBase"), None, "{name}");
    }
    let node = || Message::default().message(1, Message::default().signed(1, 7).signed(8, 0).signed(9, 0));
    let with_time = |time: i64| {
        let header = Message::default().bytes(4, b"OsmSchema-V0.6").number(32, time);
        [frame("OSMHeader", &header), frame("OSMData", &block(&[""], node()))].concat()
    };
    for (time, expected) in [
        (i64::MIN, None),
        (-86_400, None),
        (i64::MAX, None),
        (1, Some("1970-01-01T00:00:01Z")),
        (1_700_000_000, Some("2023-11-14T22:13:20Z")),
    ] {
        let harness = Harness::new();
        let path = harness.scratch().join("f.osm.pbf");
        std::fs::write(&path, with_time(time)).unwrap();
        let task = harness.run(job(&harness, &path));
        let base = member(&task.result.unwrap(), "osmBase").cloned();
        assert_eq!(base, expected.map(ReportValue::text), "{time}");
    }
}

#[test]
fn an_osm_change_file_is_refused_with_a_reason() {
    let harness = Harness::new();
    let file = reported(&harness, "x36_change.osc");
    let (error, _) = fail(&harness, job(&harness, &file));
    assert_eq!(
        error,
        "x36_change.osc is no OpenStreetMap file: it is an osmChange file, which says only what changed"
    );
    let created = format!("<create>{}</create>", node(1, 1, 1.0));
    for (name, content) in [
        ("f.osm", format!("<osmChange version=\"0.6\">{created}</osmChange>").into_bytes()),
        ("f.osc.gz", gzip(&format!("<?xml version=\"1.0\"?>\n<!-- a --><osmChange>{created}</osmChange>"))),
        ("f.osc", b"<osmChange version=\"0.6\" generator=\"osmium\"/>".to_vec()),
    ] {
        let path = harness.scratch().join(name);
        std::fs::write(&path, content).unwrap();
        let (error, _) = fail(&harness, job(&harness, &path));
        let expected = "is no OpenStreetMap file: it is an osmChange file, which says only what changed";
        assert_eq!(error, format!("{name} {expected}"));
    }
}
