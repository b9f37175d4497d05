//! The tables and views that a file's schema lists.

use std::collections::{HashMap, HashSet};

use longhaul_geodata::short;
use rusqlite::{Connection, Row};

use super::statement::virtual_module;
use crate::Error;

/// A table or a view.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) kind: ObjectKind,
}

/// What an object is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    /// A table with rows of its own.
    Table,
    /// A table whose rows this module computes.
    Virtual(String),
    View,
}

/// The tables and views of a file. Names are compared as SQLite does, ignoring the case of ASCII letters.
#[derive(Debug)]
pub(crate) struct Objects {
    all: Vec<Object>,
    tables: HashSet<String>,
}

impl Objects {
    /// Lists them by name.
    ///
    /// # Errors
    /// If the file is damaged: if two tables or indexes have the same pages, for example, by which a small file would look
    /// endless.
    pub(crate) fn read(connection: &Connection, file: &str) -> Result<Self, Error> {
        let failed = |source| Error::from_sqlite(file, "listing its tables", source);
        // Sorting is not left to SQLite, which would keep all statements in memory for it.
        let sql = "SELECT type, name, rootpage, sql FROM main.sqlite_master";
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut all = Vec::new();
        let mut root_pages = RootPages::default();
        while let Some(row) = rows.next().map_err(failed)? {
            let Some(entry) = Entry::read(row).map_err(failed)? else { continue };
            root_pages.check(&entry).map_err(|what| damaged(file, what))?;
            all.extend(entry.object);
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        let is_table = |object: &&Object| object.kind == ObjectKind::Table;
        let tables = all.iter().filter(is_table).map(|object| object.name.to_ascii_lowercase()).collect();
        Ok(Self { all, tables })
    }

    pub(crate) fn all(&self) -> &[Object] {
        &self.all
    }

    /// Whether there is a table of this name with rows of its own.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.tables.contains(&name.to_ascii_lowercase())
    }
}

/// An entry of the schema: a table, a view or an index.
struct Entry {
    name: String,
    root_page: i64,
    /// None for an index.
    object: Option<Object>,
}

impl Entry {
    /// None for a trigger.
    fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let name: String = row.get(1)?;
        let kind = match row.get_ref(0)?.as_bytes_or_null()? {
            Some(b"table") => Some(table_kind(row)?),
            Some(b"view") => Some(ObjectKind::View),
            Some(b"index") => None,
            _ => return Ok(None),
        };
        let object = kind.map(|kind| Object { name: name.clone(), kind });
        Ok(Some(Self { name, root_page: row.get::<_, Option<i64>>(2)?.unwrap_or(0), object }))
    }

    fn has_pages(&self) -> bool {
        self.object.as_ref().is_none_or(|object| object.kind == ObjectKind::Table)
    }
}

fn table_kind(row: &Row<'_>) -> rusqlite::Result<ObjectKind> {
    let sql = row.get_ref(3)?.as_bytes_or_null()?.unwrap_or_default();
    Ok(virtual_module(sql).map_or(ObjectKind::Table, ObjectKind::Virtual))
}

/// The first pages of tables and indexes, with their names.
#[derive(Default)]
struct RootPages(HashMap<i64, String>);

impl RootPages {
    /// What is wrong with the page of an entry.
    fn check(&mut self, entry: &Entry) -> Result<(), String> {
        let name = short(&entry.name);
        match (entry.has_pages(), entry.root_page) {
            (false, ..=0) => Ok(()),
            (false, _) => Err(format!("{name:?} has pages of its own, which only a table can have")),
            // The first page is that of the schema.
            (true, ..=1) => Err(format!("{name:?} has no pages of its own")),
            (true, page) => match self.0.insert(page, entry.name.clone()) {
                Some(other) => Err(format!("{:?} and {name:?} have the same pages", short(&other))),
                None => Ok(()),
            },
        }
    }
}

fn damaged(file: &str, what: String) -> Error {
    Error::Damaged { file: file.to_owned(), what, source: None }
}
