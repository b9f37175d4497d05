//! The table of a layer.

use std::{collections::BTreeSet, path::Path};

use longhaul_geodata::{
    Batch, DataType, Layer, Row, SinkError, Value,
    geometry::{self, Extent, GeometryTypeCode},
    short,
};
use rusqlite::{Connection, Statement, params};

use super::{
    column::{Form, TableColumn, geometry_type_name},
    extensions,
    key::TableKey,
    rtree::RTree,
    sqlite_error, triggers,
};
use crate::quote::quote;

/// A table that is being filled.
pub(super) struct LayerTable {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) srs_id: i32,
    /// The position of the geometry column.
    pub(super) geometry: Option<usize>,
    columns: Vec<TableColumn>,
    key: TableKey,
    insert_sql: String,
    rows: i64,
    /// Until the tree is written.
    rtree: Option<RTree>,
    extent: Option<Extent>,
    geometry_types: BTreeSet<GeometryTypeCode>,
    not_a_number: u64,
    blob: Vec<u8>,
}

impl LayerTable {
    /// Creates the table of a layer. Files without a name are made in `folder`.
    pub(super) fn create(
        connection: &Connection,
        name: String,
        layer: &Layer,
        srs_id: i32,
        folder: &Path,
    ) -> Result<Self, SinkError> {
        let geometries = layer.schema.columns.iter().filter(|column| is_geometry(&column.data_type));
        if geometries.count() > 1 {
            let layer = short(&layer.name);
            return Err(SinkError::unsupported(format!(
                "layer {layer:?} has several geometry columns, and a table of a GeoPackage has one"
            )));
        }
        let mut table = Self {
            title: layer.title.clone().filter(|title| !title.is_empty()),
            description: layer.description.clone(),
            srs_id,
            geometry: layer.schema.geometry(),
            columns: layer.schema.columns.iter().map(TableColumn::of).collect(),
            key: TableKey::of(layer),
            insert_sql: String::new(),
            rows: 0,
            rtree: Some(RTree::new(folder)),
            extent: None,
            geometry_types: BTreeSet::new(),
            not_a_number: 0,
            blob: Vec::new(),
            name,
        };
        table.insert_sql = table.insert_sql();
        connection.execute_batch(&table.definition()).map_err(|error| table.error(error))?;
        if let Some(geometry) = table.geometry {
            table.declare_geometry(connection, layer, geometry).map_err(|error| table.error(error))?;
        }
        Ok(table)
    }

    /// Inserts features.
    pub(super) fn insert(&mut self, connection: &Connection, features: &Batch) -> Result<(), SinkError> {
        self.keep_numbers(connection, features)?;
        let insert = connection.prepare_cached(&self.insert_sql);
        let mut insert = insert.map_err(|error| self.error(error))?;
        for row in features.rows() {
            let id = self.row_id(row)?;
            self.insert_row(&mut insert, id, row)?;
        }
        Ok(())
    }

    /// Writes what depends on all features, and returns their extent.
    pub(super) fn finish(
        &mut self,
        connection: &Connection,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Extent>, SinkError> {
        let (Some(geometry), Some(rtree)) = (self.geometry, self.rtree.take()) else { return Ok(None) };
        let column = &self.columns[geometry].name;
        rtree.write(connection, &self.name, column, self.extent, is_stopped)?;
        self.describe(connection, column).map_err(|error| self.error(error))?;
        Ok(self.extent)
    }

    /// Writes the triggers, the extensions and the dimensions.
    fn describe(&self, connection: &Connection, column: &str) -> rusqlite::Result<()> {
        triggers::create(connection, &self.name, column, self.key_name())?;
        extensions::add_rtree(connection, &self.name, column)?;
        for code in &self.geometry_types {
            extensions::add_geometry_type(connection, &self.name, column, *code)?;
        }
        self.update_dimensions(connection)
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let layer = short(&self.name);
        let count = self.not_a_number;
        let warning = format!("layer {layer:?}: {count} values are not a number (NaN) and became NULL");
        (count > 0).then_some(warning).into_iter().collect()
    }

    fn definition(&self) -> String {
        let mut columns: Vec<String> = self.columns.iter().map(TableColumn::definition).collect();
        match &self.key {
            TableKey::Own(key) => {
                columns[*key] = format!("{} INTEGER NOT NULL PRIMARY KEY", quote(&self.columns[*key].name));
            }
            TableKey::Added { name, unique } => {
                if let Some(unique) = unique {
                    columns[*unique] += " UNIQUE NOT NULL";
                }
                columns.insert(0, format!("{} INTEGER NOT NULL PRIMARY KEY", quote(name)));
            }
        }
        format!("CREATE TABLE {} (\n  {}\n)", quote(&self.name), columns.join(",\n  "))
    }

    fn insert_sql(&self) -> String {
        let added = usize::from(matches!(self.key, TableKey::Added { .. }));
        let places = vec!["?"; self.columns.len() + added];
        format!("INSERT INTO {} VALUES ({})", quote(&self.name), places.join(", "))
    }

    fn key_name(&self) -> &str {
        match &self.key {
            TableKey::Own(key) => &self.columns[*key].name,
            TableKey::Added { name, .. } => name,
        }
    }

    fn declare_geometry(
        &self,
        connection: &Connection,
        layer: &Layer,
        geometry: usize,
    ) -> rusqlite::Result<()> {
        let column = &layer.schema.columns[geometry];
        let DataType::Geometry { kind, .. } = &column.data_type else { return Ok(()) };
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![self.name, column.name, geometry_type_name(kind), self.srs_id, kind.z, kind.m],
        )?;
        Ok(())
    }

    /// Says that heights or measures are optional, if the layer declares them and some of its geometries lack them.
    fn update_dimensions(&self, connection: &Connection) -> rusqlite::Result<()> {
        let lacks =
            |dimension: u32| self.geometry_types.iter().any(|code| (code.get() / 1000) & dimension == 0);
        for (column, dimension) in [("z", 1), ("m", 2)] {
            if lacks(dimension) {
                let sql = format!(
                    "UPDATE gpkg_geometry_columns SET {column} = 2 WHERE table_name = ?1 AND {column} = 1"
                );
                connection.execute(&sql, [&self.name])?;
            }
        }
        Ok(())
    }

    /// The number of the row.
    fn row_id(&mut self, row: Row<'_>) -> Result<i64, SinkError> {
        self.rows += 1;
        let TableKey::Own(key) = self.key else { return Ok(self.rows) };
        match row.value(key) {
            Value::Integer(id) => Ok(id),
            other => Err(SinkError::unsupported(format!(
                "layer {:?} has the key {other:?}, where GeoPackage wants a whole number",
                short(&self.name)
            ))),
        }
    }

    fn insert_row(&mut self, insert: &mut Statement<'_>, id: i64, row: Row<'_>) -> Result<(), SinkError> {
        let mut place = 1;
        if matches!(self.key, TableKey::Added { .. }) {
            insert.raw_bind_parameter(place, id).map_err(|error| self.error(error))?;
            place += 1;
        }
        for (column, value) in row.values().enumerate() {
            self.bind(insert, place + column, column, value, id)?;
        }
        insert.raw_execute().map_err(|error| self.error(error))?;
        Ok(())
    }

    fn bind(
        &mut self,
        insert: &mut Statement<'_>,
        place: usize,
        column: usize,
        value: Value<'_>,
        id: i64,
    ) -> Result<(), SinkError> {
        let bound = match value {
            Value::Null => insert.raw_bind_parameter(place, rusqlite::types::Null),
            Value::Boolean(value) => insert.raw_bind_parameter(place, value),
            Value::Integer(value) => insert.raw_bind_parameter(place, value),
            Value::Float(value) => {
                self.not_a_number += u64::from(value.is_nan());
                insert.raw_bind_parameter(place, value)
            }
            Value::Text(text) if self.columns[column].form == Form::Utc => {
                insert.raw_bind_parameter(place, format!("{text}Z"))
            }
            Value::Text(text) => insert.raw_bind_parameter(place, text),
            Value::Blob(bytes) => insert.raw_bind_parameter(place, bytes),
            Value::Geometry(stored) => {
                self.take_geometry(column, stored, id)?;
                insert.raw_bind_parameter(place, &self.blob[..])
            }
        };
        bound.map_err(|error| self.error(error))
    }

    /// Encodes a geometry into the buffer, and notes its extent and type.
    fn take_geometry(&mut self, column: usize, stored: &[u8], id: i64) -> Result<(), SinkError> {
        self.blob.clear();
        let measured = geometry::write_with_srs(stored, self.srs_id, &mut self.blob)
            .and_then(|()| geometry::measure(stored))
            .map_err(|error| {
                let (layer, column) = (short(&self.name), short(&self.columns[column].name));
                SinkError::unsupported(format!("layer {layer:?}, row {id}, column {column:?}: {error}"))
            })?;
        if self.geometry != Some(column) {
            return Ok(());
        }
        self.geometry_types.insert(measured.code);
        if let (Some(extent), Some(rtree)) = (measured.extent, &mut self.rtree) {
            rtree.add(id, &extent)?;
            self.extent = Some(self.extent.map_or(extent, |all| all.union(extent)));
        }
        Ok(())
    }

    /// Declares columns of texts without a type if numbers come in them, which SQLite would turn into texts. Such columns are
    /// those that were imported from types that GeoPackage does not have.
    fn keep_numbers(&mut self, connection: &Connection, features: &Batch) -> Result<(), SinkError> {
        let is_number = |value| matches!(value, Value::Integer(_) | Value::Float(_));
        let is_broken = |column: usize| features.rows().any(|row| is_number(row.value(column)));
        let broken: Vec<usize> = (0..self.columns.len())
            .filter(|column| self.columns[*column].turns_numbers_into_text && is_broken(*column))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        broken.into_iter().for_each(|column| self.columns[column].drop_type());
        self.declare_again(connection).map_err(|error| self.error(error))
    }

    /// Replaces the definition of the table; the rows stay.
    fn declare_again(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.flush_prepared_statement_cache();
        connection.execute_batch("PRAGMA writable_schema = ON")?;
        connection.execute(
            "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = ?2",
            [&self.definition(), &self.name],
        )?;
        connection.execute_batch("PRAGMA writable_schema = RESET")
    }

    fn error(&self, error: rusqlite::Error) -> SinkError {
        sqlite_error(&format!("layer {:?}", short(&self.name)), error)
    }
}

fn is_geometry(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Geometry { .. })
}
