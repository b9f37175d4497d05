//! Legends: which columns the values of a feature belong to.
//!
//! A feature names the legend with which it was written, so that it need not be written again when a
//! column is added or removed.

use sha2::{Digest, Sha256};

use super::{msgpack, schema_json::KartColumn};

/// The column ids of features that were written with one schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Legend {
    /// Those of the primary key.
    pub(crate) keys: Vec<String>,
    /// Those of the values, in the order in which a feature holds them.
    pub(crate) values: Vec<String>,
}

impl Legend {
    /// The legend of a schema.
    pub(crate) fn of(columns: &[KartColumn]) -> Self {
        let ids = |of_key: bool| {
            columns
                .iter()
                .filter(|column| column.primary_key_index.is_some() == of_key)
                .map(|column| column.id.clone())
                .collect()
        };
        Self { keys: ids(true), values: ids(false) }
    }

    /// The bytes of `meta/legend/NAME`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        msgpack::array(&mut out, 2);
        for ids in [&self.keys, &self.values] {
            msgpack::array(&mut out, ids.len());
            ids.iter().for_each(|id| msgpack::text(&mut out, id));
        }
        out
    }

    /// Reads the bytes of `meta/legend/NAME`; `None` if they are malformed.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = msgpack::Reader::new(bytes);
        if reader.array()? != 2 {
            return None;
        }
        let keys = reader.texts()?;
        let values = reader.texts()?;
        Some(Self { keys, values })
    }

    /// Its file name: the first forty hex digits of the SHA-256 of its bytes.
    pub(crate) fn name(&self) -> String {
        let digest = Sha256::digest(self.encode());
        digest[..20].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
