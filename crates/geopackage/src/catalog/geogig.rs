//! The tables that GeoGig adds to the layers that it exports.
//!
//! GeoGig numbers rows anew on each export. `LAYER_fids` says which row is which feature; `LAYER_audit` and `LAYER_changes`
//! say what was changed since.

use rusqlite::{Connection, Result};

use super::objects::Objects;
use crate::declared_columns::columns;

/// The ends of their names, and a column of each by which it is recognized.
const TABLES: [(&str, &str); 3] =
    [(FEATURE_IDS, "geogig_fid"), ("_audit", "audit_op"), (CHANGES, "audit_op")];

const FEATURE_IDS: &str = "_fids";

/// Only an export of changes has one, and other programs use the name, too.
const CHANGES: &str = "_changes";

/// What a table with a name of GeoGig's is.
pub(super) enum GeogigTable {
    /// It says which row of this layer is which feature.
    FeatureIds {
        /// The layer, in small letters.
        layer: String,
    },
    /// It is another table of GeoGig's.
    Other,
    /// It has only the name of one.
    NameOnly,
}

/// Recognizes a table of GeoGig's beside the layer that it is about; none if the name is no such name.
pub(super) fn recognize(
    connection: &Connection,
    objects: &Objects,
    table: &str,
) -> Result<Option<GeogigTable>> {
    let lower = table.to_ascii_lowercase();
    let found = TABLES.iter().find_map(|(end, column)| Some((*end, *column, lower.strip_suffix(end)?)));
    let Some((end, column, layer)) = found.filter(|(.., layer)| objects.has_table(layer)) else {
        return Ok(None);
    };
    let columns = columns(connection, table)?;
    let has = |name: &str| columns.iter().any(|column| column.name == name && !column.is_generated);
    let is_keyed = columns.iter().any(|column| column.name == "gpkg_fid" && column.key_place == 1)
        && columns.iter().filter(|column| column.key_place > 0).count() == 1;
    if end == CHANGES && !has(column) {
        return Ok(None);
    }
    Ok(Some(match end {
        _ if !has(column) => GeogigTable::NameOnly,
        FEATURE_IDS if is_keyed => GeogigTable::FeatureIds { layer: layer.to_owned() },
        FEATURE_IDS => GeogigTable::NameOnly,
        _ => GeogigTable::Other,
    }))
}
