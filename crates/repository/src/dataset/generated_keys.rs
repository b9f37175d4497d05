//! `meta/generated-pks.json`: the keys generated for the rows of a table without a primary key, so that a row
//! that comes again gets the same key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KartColumn, json};
use crate::object::Id;

/// The key of each row, with the id of its blob. Keys are never removed.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedKeys {
    pub(crate) column: KartColumn,
    pub(crate) rows: BTreeMap<i64, Id>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GeneratedKeysJson {
    primary_key_schema: KartColumn,
    generated_primary_keys: BTreeMap<i64, String>,
}

impl GeneratedKeys {
    /// Reads the item; `None` if it is malformed.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let json_value: GeneratedKeysJson = serde_json::from_slice(bytes).ok()?;
        let rows = json_value.generated_primary_keys.into_iter().map(|(key, id)| {
            let id = gix::ObjectId::from_hex(id.as_bytes()).ok()?;
            Some((key, id.as_bytes().try_into().ok()?))
        });
        Some(Self { rows: rows.collect::<Option<_>>()?, column: json_value.primary_key_schema })
    }

    /// The bytes of the item.
    pub(crate) fn print(&self) -> Vec<u8> {
        let rows = self.rows.iter();
        json::print(&GeneratedKeysJson {
            primary_key_schema: self.column.clone(),
            generated_primary_keys: rows
                .map(|(key, id)| (*key, gix::ObjectId::from(*id).to_string()))
                .collect(),
        })
    }
}
