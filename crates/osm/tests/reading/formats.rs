//! How files are packed, cut and recognized.

use std::io::{Cursor, Read};

use longhaul_osm::Error;

use crate::samples::{XML, bzip2, error, gzip, pbf, read, read_from};

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
