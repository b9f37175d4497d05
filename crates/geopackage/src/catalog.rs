//! Which tables of a file are layers.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

/// The starts of the names of tables that belong to SQLite, to GeoPackage, to its spatial indexes and to GeoGig.
const SYSTEM_PREFIXES: [&str; 4] = ["sqlite_", "gpkg_", "rtree_", "geogig_"];

/// The ends of the names of the tables in which SQLite's virtual tables (R-tree, FTS3 to FTS5) keep their content.
const SHADOW_SUFFIXES: [&str; 11] = [
    "_node",
    "_parent",
    "_rowid",
    "_content",
    "_segments",
    "_segdir",
    "_docsize",
    "_stat",
    "_data",
    "_idx",
    "_config",
];

/// The tables of a file. Names are compared as SQLite does, ignoring the case of ASCII letters.
#[derive(Debug)]
pub(crate) struct Catalog {
    layers: Vec<String>,
    tables: HashSet<String>,
}

impl Catalog {
    /// Lists the tables that have rows of their own: no views and no virtual tables.
    pub(crate) fn read(connection: &Connection) -> Result<Self> {
        let all = names(connection, "coalesce(rootpage, 0) > 0")?;
        let virtual_tables = lowercase(&names(connection, "coalesce(rootpage, 0) <= 0")?);
        let tables = lowercase(&all);
        let is_layer = |name: &String| {
            let name = name.to_ascii_lowercase();
            !is_system(&name) && !is_shadow(&name, &virtual_tables) && !is_feature_ids(&name, &tables)
        };
        let layers = all.into_iter().filter(is_layer).collect();
        Ok(Self { layers, tables })
    }

    /// The names of the layers, sorted.
    pub(crate) fn layers(&self) -> &[String] {
        &self.layers
    }

    /// Removes the layers of these names, and returns those that there were.
    pub(crate) fn remove(&mut self, names: &[String]) -> Vec<String> {
        let names = lowercase(names);
        let is_removed = |layer: &mut String| names.contains(&layer.to_ascii_lowercase());
        self.layers.extract_if(.., is_removed).collect()
    }

    /// Whether there is a table of this name, in any case.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.tables.contains(&name.to_ascii_lowercase())
    }
}

fn names(connection: &Connection, condition: &str) -> Result<Vec<String>> {
    let sql =
        format!("SELECT name FROM main.sqlite_master WHERE type = 'table' AND {condition} ORDER BY name");
    let mut statement = connection.prepare(&sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

fn lowercase(names: &[String]) -> HashSet<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn is_system(table: &str) -> bool {
    table == "ogr_empty_table" || SYSTEM_PREFIXES.iter().any(|prefix| table.starts_with(prefix))
}

/// Whether a virtual table keeps its content in it.
fn is_shadow(table: &str, virtual_tables: &HashSet<String>) -> bool {
    let owners = SHADOW_SUFFIXES.iter().filter_map(|suffix| table.strip_suffix(suffix));
    owners.into_iter().any(|owner| virtual_tables.contains(owner))
}

/// Whether GeoGig keeps its feature ids for another table in it.
fn is_feature_ids(table: &str, tables: &HashSet<String>) -> bool {
    table.strip_suffix("_fids").is_some_and(|owner| tables.contains(owner))
}
