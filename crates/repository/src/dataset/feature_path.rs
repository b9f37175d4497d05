//! The path of a feature in its dataset: four levels of trees and a file name, all computed from its
//! primary key alone.

use base64::{Engine, prelude::BASE64_URL_SAFE};
use longhaul_geodata::{DataType, Schema, Value};
use sha2::{Digest, Sha256};

use super::msgpack;

/// The digits of tree names, by value.
pub(crate) const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Levels of trees above a feature.
pub(crate) const LEVELS: usize = 4;

/// How primary keys are distributed over trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Neighbouring integers share a tree.
    Int,
    /// By hash, for any key.
    Hash,
}

impl Scheme {
    /// The scheme for a schema's primary key.
    pub(crate) fn of(schema: &Schema) -> Self {
        let key = schema.columns.iter().find(|column| column.primary_key);
        match key.map(|column| &column.data_type) {
            Some(DataType::Integer { .. }) => Self::Int,
            _ => Self::Hash,
        }
    }

    /// The text of `meta/path-structure.json`.
    pub(crate) fn json(self) -> &'static str {
        match self {
            Self::Int => r#"{"scheme": "int", "branches": 64, "levels": 4, "encoding": "base64"}"#,
            Self::Hash => r#"{"scheme": "msgpack/hash", "branches": 64, "levels": 4, "encoding": "base64"}"#,
        }
    }

    /// The leaf tree of an integer key: 24 bits, six for each level, the uppermost first.
    pub(crate) fn tree_of_integer(key: i64) -> u32 {
        (key.div_euclid(64) & 0xff_ffff) as u32
    }

    /// The leaf tree of any other key, from its encoded form.
    pub(crate) fn tree_of_hash(packed: &[u8]) -> u32 {
        let digest = Sha256::digest(packed);
        u32::from_be_bytes([0, digest[0], digest[1], digest[2]])
    }
}

/// A primary key as the blob's name holds it: MessagePack of an array of one.
pub(crate) fn pack_key(key: Value<'_>, out: &mut Vec<u8>) {
    out.clear();
    msgpack::array(out, 1);
    msgpack::value(out, key);
}

/// The file name for a packed key.
pub(crate) fn file_name(packed: &[u8], out: &mut String) {
    BASE64_URL_SAFE.encode_string(packed, out);
}

/// The packed key that a file name encodes.
pub(crate) fn packed_key(file_name: &[u8]) -> Option<Vec<u8>> {
    BASE64_URL_SAFE.decode(file_name).ok()
}

/// The one value of a packed key.
pub(crate) fn unpack_key(packed: &[u8]) -> Option<Value<'_>> {
    let mut reader = msgpack::Reader::new(packed);
    let one = reader.array()? == 1;
    let key = reader.value()?;
    (one && reader.is_at_end()).then_some(key)
}

/// The values of a packed key. The format allows more than one.
pub(crate) fn unpack_keys(packed: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut reader = msgpack::Reader::new(packed);
    let len = reader.array()?;
    let keys = (0..len).map(|_| reader.value()).collect::<Option<_>>()?;
    reader.is_at_end().then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: Value<'_>) -> String {
        let mut packed = Vec::new();
        pack_key(key, &mut packed);
        let tree = match key {
            Value::Integer(number) => Scheme::tree_of_integer(number),
            _ => Scheme::tree_of_hash(&packed),
        };
        let mut text: String = (0..LEVELS)
            .rev()
            .map(|level| format!("{}/", DIGITS[(tree >> (6 * level) & 63) as usize] as char))
            .collect();
        file_name(&packed, &mut text);
        text
    }

    #[test]
    fn paths_are_those_of_kart() {
        for (key, expected) in [
            (1, "A/A/A/A/kQE="),
            (77, "A/A/A/B/kU0="),
            (1_234_567_890, "J/l/g/L/kc5JlgLS"),
            (-1, "_/_/_/_/kf8="),
            (i64::MAX, "_/_/_/_/kc9__________w=="),
            (i64::MIN, "A/A/A/A/kdOAAAAAAAAAAA=="),
        ] {
            assert_eq!(path(Value::Integer(key)), expected);
        }
        assert_eq!(path(Value::Text("a")), "5/3/U/_/kaFh");
        assert_eq!(path(Value::Text("")), "I/6/M/_/kaA=");
        assert_eq!(path(Value::Float(0.5)), "_/T/N/e/kcs_4AAAAAAAAA==");
    }
}
