//! Writes PBF for tests, also invalid PBF.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests may")]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};

/// A protocol buffers message.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn number(mut self, field: u64, number: i64) -> Self {
        self.varint(field << 3);
        self.varint(number as u64);
        self
    }

    pub fn signed(self, field: u64, number: i64) -> Self {
        self.number(field, zigzag(number))
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, &message.0)
    }

    pub fn numbers(self, field: u64, numbers: &[i64]) -> Self {
        let mut packed = Self::default();
        numbers.iter().for_each(|number| packed.varint(*number as u64));
        self.message(field, packed)
    }

    /// A packed list of differences.
    pub fn deltas(self, field: u64, numbers: &[i64]) -> Self {
        let before = [0].iter().chain(numbers);
        let deltas: Vec<_> =
            numbers.iter().zip(before).map(|(number, before)| zigzag(number - before)).collect();
        self.numbers(field, &deltas)
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

fn zigzag(number: i64) -> i64 {
    number << 1 ^ number >> 63
}

/// A blob of a type, compressed with zlib.
pub fn frame(kind: &str, content: &Message) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&content.0).unwrap();
    let blob = Message::default().number(2, content.0.len() as i64).bytes(3, &packed.finish().unwrap());
    bare_frame(kind, &blob)
}

/// A blob of a type, with this content.
pub fn bare_frame(kind: &str, blob: &Message) -> Vec<u8> {
    let header = Message::default().bytes(1, kind.as_bytes()).number(3, blob.0.len() as i64);
    let mut frame = (header.0.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(&header.0);
    frame.extend_from_slice(&blob.0);
    frame
}

/// The header block of a file that requires these features.
pub fn header(features: &[&str]) -> Vec<u8> {
    let features = features.iter().map(|feature| feature.as_bytes());
    frame("OSMHeader", &features.fold(Message::default(), |header, feature| header.bytes(4, feature)))
}

/// A block with these strings and this group of entities.
pub fn block(texts: &[&str], group: Message) -> Message {
    let table = texts.iter().fold(Message::default(), |table, text| table.bytes(1, text.as_bytes()));
    Message::default().message(1, table).message(2, group)
}

/// A file of one block.
pub fn file(texts: &[&str], group: Message) -> Vec<u8> {
    [header(&["OsmSchema-V0.6", "DenseNodes"]), frame("OSMData", &block(texts, group))].concat()
}
