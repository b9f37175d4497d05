//! Which tables of a file are layers.

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

/// The tables of a file, as far as they have rows of their own: no views and no virtual tables.
pub(crate) struct Catalog {
    tables: Vec<String>,
    virtual_tables: Vec<String>,
}

impl Catalog {
    pub(crate) fn read(connection: &Connection) -> Result<Self> {
        let mut catalog = Self { tables: Vec::new(), virtual_tables: Vec::new() };
        let mut statement = connection
            .prepare("SELECT name, coalesce(rootpage, 0) > 0 FROM main.sqlite_master WHERE type = 'table' ORDER BY name")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let has_rows = row.get(1)?;
            let names = if has_rows { &mut catalog.tables } else { &mut catalog.virtual_tables };
            names.push(row.get(0)?);
        }
        Ok(catalog)
    }

    /// The names of the layers, sorted.
    pub(crate) fn layers(&self) -> Vec<String> {
        let layers = self.tables.iter().filter(|table| self.is_layer(table));
        layers.cloned().collect()
    }

    /// Whether there is a layer of exactly this name.
    pub(crate) fn has_layer(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table == name) && self.is_layer(name)
    }

    /// Whether there is a table of this name, in any case.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table.eq_ignore_ascii_case(name))
    }

    fn is_layer(&self, table: &str) -> bool {
        let is_system = SYSTEM_PREFIXES.iter().any(|prefix| starts_with(table, prefix));
        let is_placeholder = table.eq_ignore_ascii_case("ogr_empty_table");
        !is_system && !is_placeholder && !self.is_shadow(table) && !self.is_feature_ids(table)
    }

    /// Whether a virtual table keeps its content in it.
    fn is_shadow(&self, table: &str) -> bool {
        SHADOW_SUFFIXES.iter().any(|suffix| {
            let owner = strip_suffix(table, suffix);
            owner.is_some_and(|owner| self.virtual_tables.iter().any(|name| name.eq_ignore_ascii_case(owner)))
        })
    }

    /// Whether GeoGig keeps its feature ids for another table in it.
    fn is_feature_ids(&self, table: &str) -> bool {
        strip_suffix(table, "_fids").is_some_and(|owner| self.has_table(owner))
    }
}

fn starts_with(name: &str, prefix: &str) -> bool {
    let start = name.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn strip_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let (owner, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(owner)
}
