//! Recognizes the column of numbers that an export puts in front of a layer whose key is no whole number.

use rusqlite::{Connection, Result};

use crate::{declared_columns::DeclaredColumn, quote::quote, write::AUTO_KEY};

/// Removes the added column of a table, so that the layer's own key is the key again.
///
/// The table has a key of one column, called [`AUTO_KEY`] perhaps with a number, and one other column is unique and not null, as
/// Longhaul and the working copies of Kart have it.
pub(crate) fn remove_added_key(
    connection: &Connection,
    table: &str,
    columns: &mut Vec<DeclaredColumn>,
) -> Result<()> {
    let mut keys = columns.iter().enumerate().filter(|(_, column)| column.key_place > 0);
    let (Some((added, column)), None) = (keys.next(), keys.next()) else { return Ok(()) };
    if !is_added(column) {
        return Ok(());
    }
    let unique = unique_columns(connection, table)?;
    let mut own = columns.iter_mut().filter(|column| column.is_not_null && unique.contains(&column.name));
    if let (Some(own), None) = (own.next(), own.next()) {
        own.key_place = 1;
        columns.remove(added);
    }
    Ok(())
}

fn is_added(column: &DeclaredColumn) -> bool {
    let number = column.name.strip_prefix(AUTO_KEY);
    let is_named = number.is_some_and(|number| {
        number.is_empty() || number.strip_prefix('_').is_some_and(|number| number.parse::<u32>().is_ok())
    });
    is_named && column.declared_type.eq_ignore_ascii_case("INTEGER")
}

/// The columns that have a unique constraint of their own.
fn unique_columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = format!("PRAGMA main.index_list({})", quote(table));
    let mut statement = connection.prepare(&sql)?;
    let indexes = statement.query_map([], |row| {
        let (name, is_unique, origin): (String, bool, String) =
            (row.get("name")?, row.get("unique")?, row.get("origin")?);
        Ok((is_unique && origin == "u").then_some(name))
    })?;
    let indexes: Vec<String> = indexes.filter_map(Result::transpose).collect::<Result<_>>()?;
    let mut unique = Vec::new();
    for index in indexes {
        let mut statement = connection.prepare(&format!("PRAGMA main.index_info({})", quote(&index)))?;
        let columns = statement.query_map([], |row| row.get::<_, Option<String>>("name"))?;
        let columns: Vec<Option<String>> = columns.collect::<Result<_>>()?;
        if let [Some(column)] = &columns[..] {
            unique.push(column.clone());
        }
    }
    Ok(unique)
}
