//! The triggers that keep the R-tree up to date when the table is edited, as clause F.3 of the specification wants them.

use rusqlite::{Connection, Result};

use crate::quote::quote;

/// Creates the triggers.
pub(super) fn create(connection: &Connection, table: &str, column: &str, key: &str) -> Result<()> {
    let rtree = format!("rtree_{table}_{column}");
    let name = |suffix: &str| quote(&format!("{rtree}_{suffix}"));
    let (tree, table, column, key) = (quote(&rtree), quote(table), quote(column), quote(key));
    let has_box = |row: &str| format!("{row}.{column} NOT NULL AND NOT ST_IsEmpty({row}.{column})");
    let has_none = |row: &str| format!("({row}.{column} ISNULL OR ST_IsEmpty({row}.{column}))");
    let put = format!(
        "INSERT OR REPLACE INTO {tree} VALUES (NEW.{key}, ST_MinX(NEW.{column}), ST_MaxX(NEW.{column}), \
         ST_MinY(NEW.{column}), ST_MaxY(NEW.{column}));"
    );
    let remove = |row: &str| format!("DELETE FROM {tree} WHERE id = {row}.{key};");
    let (old, new) = (remove("OLD"), remove("NEW"));
    let of_column = format!("AFTER UPDATE OF {column} ON {table} WHEN OLD.{key} = NEW.{key} AND");
    let of_key = format!("AFTER UPDATE ON {table} WHEN OLD.{key} != NEW.{key} AND");
    let all = [
        ("insert", format!("AFTER INSERT ON {table} WHEN ({})", has_box("NEW")), put.clone()),
        ("update1", format!("{of_column} ({})", has_box("NEW")), put.clone()),
        ("update2", format!("{of_column} {}", has_none("NEW")), old.clone()),
        ("update3", format!("{of_key} ({})", has_box("NEW")), format!("{old} {put}")),
        ("update4", format!("{of_key} {}", has_none("NEW")), format!("{old} {new}")),
        ("delete", format!("AFTER DELETE ON {table} WHEN OLD.{column} NOT NULL"), old),
    ];
    let create = |(suffix, when, what): (&str, String, String)| {
        connection.execute_batch(&format!("CREATE TRIGGER {} {when} BEGIN {what} END", name(suffix)))
    };
    all.into_iter().try_for_each(create)
}
