//! Collations: the rules by which texts are sorted. A program may have its own.

use rusqlite::{Connection, Result};

use crate::quote::quote;

/// The collations of SQLite.
const KNOWN: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

/// A collation of a table's primary key that SQLite does not have.
pub(super) fn unknown_collation(connection: &Connection, table: &str) -> Result<Option<String>> {
    let keys: Vec<String> = {
        let mut statement = connection.prepare(&format!("PRAGMA main.index_list({})", quote(table)))?;
        let indexes = statement.query_map([], |row| {
            let is_key = row.get::<_, String>("origin")? == "pk";
            row.get::<_, String>("name").map(|name| is_key.then_some(name))
        })?;
        indexes.filter_map(Result::transpose).collect::<Result<_>>()?
    };
    for key in keys {
        let mut statement = connection.prepare(&format!("PRAGMA main.index_xinfo({})", quote(&key)))?;
        let collations = statement.query_map([], |row| row.get::<_, Option<String>>("coll"))?;
        for collation in collations {
            let is_unknown = |name: &String| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
            if let Some(unknown) = collation?.filter(is_unknown) {
                return Ok(Some(unknown));
            }
        }
    }
    Ok(None)
}
