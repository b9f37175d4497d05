//! Describes a layer of a file as a dataset needs it.

mod collation;
mod columns;
mod reference_systems;

use longhaul_geodata::{Layer, Schema, short};
use rusqlite::{Connection, Result};

use crate::added_key::remove_added_key;
use crate::catalog::Catalog;
use crate::declared_columns::{DeclaredColumn, columns, rowid_name};
use crate::metadata::{GeometryColumn, Metadata, SystemTables};
use crate::rows::{FeatureIds, ID_COLUMN, ReadPlan};
use crate::warnings::Warnings;
use crate::{Error, Table, Warning};
use columns::DescribedColumns;
use reference_systems::LayerReferenceSystems;

/// What is known of a file when a layer of it is described.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) tables: SystemTables<'a>,
    pub(crate) metadata: &'a Metadata,
    pub(crate) catalog: &'a Catalog,
    /// What errors call the file.
    pub(crate) file: &'a str,
}

/// Describes the layer `name`, with the primary key that the table declares or with `key` instead.
pub(crate) fn describe(source: Source<'_>, name: &str, key: Option<&str>) -> Result<Table, Error> {
    let failed = |error| {
        let doing = format!("describing layer {:?}", short(name));
        Error::from_sqlite(source.file, doing, error)
    };
    let declared = Declared::read(source, name).map_err(failed)?;
    declared.check_geometries(source.file, name)?;
    let key_column = declared.key_column(source.file, name, key)?;
    let feature_ids = match key {
        Some(_) => None,
        None => declared.feature_ids(source, name).map_err(failed)?,
    };
    let table = declared.into_table(source, name, key_column, feature_ids).map_err(failed)?;
    check_readable(source, &table)?;
    Ok(table)
}

/// What a file declares of a layer.
struct Declared {
    columns: Vec<DeclaredColumn>,
    /// The rows of `gpkg_geometry_columns` about columns that exist.
    geometries: Vec<GeometryColumn>,
    rowid: Option<&'static str>,
}

impl Declared {
    fn read(source: Source<'_>, name: &str) -> Result<Self> {
        let connection = source.tables.connection;
        let mut columns = columns(connection, name)?;
        let rowid = rowid_name(connection, name, &columns)?;
        remove_added_key(connection, name, &mut columns)?;
        let is_there = |geometry: &&GeometryColumn| columns.iter().any(|column| is_named(column, geometry));
        let geometries = source.metadata.geometry_columns.of(name).iter().filter(is_there).cloned().collect();
        Ok(Self { rowid, columns, geometries })
    }

    fn check_geometries(&self, file: &str, layer: &str) -> Result<(), Error> {
        let is_geometry = |column: &&DeclaredColumn| self.geometry(column).is_some();
        let columns: Vec<_> =
            self.columns.iter().filter(is_geometry).map(|column| column.name.clone()).collect();
        if columns.len() < 2 {
            return Ok(());
        }
        Err(Error::SeveralGeometries { file: file.to_owned(), layer: layer.to_owned(), columns })
    }

    /// The name of the primary key's column.
    fn key_column(&self, file: &str, layer: &str, wanted: Option<&str>) -> Result<Option<String>, Error> {
        if let Some(wanted) = wanted {
            return self.wanted_key(file, layer, wanted).map(Some);
        }
        let columns = self.key();
        if columns.len() > 1 {
            return Err(Error::CompositeKey { file: file.to_owned(), layer: layer.to_owned(), columns });
        }
        Ok(columns.into_iter().next())
    }

    fn wanted_key(&self, file: &str, layer: &str, wanted: &str) -> Result<String, Error> {
        let mut stored = self.columns.iter().filter(|column| !column.is_generated);
        if stored.any(|column| column.name == wanted) {
            return Ok(wanted.to_owned());
        }
        Err(Error::NoSuchColumn { file: file.to_owned(), layer: layer.to_owned(), column: wanted.to_owned() })
    }

    /// The columns of the primary key that the table declares, in the order of the key.
    fn key(&self) -> Vec<String> {
        let mut columns: Vec<_> = self.columns.iter().filter(|column| column.key_place > 0).collect();
        columns.sort_by_key(|column| column.key_place);
        columns.into_iter().map(|column| column.name.clone()).collect()
    }

    fn geometry(&self, column: &DeclaredColumn) -> Option<&GeometryColumn> {
        self.geometries.iter().find(|geometry| is_named(column, geometry))
    }

    /// The ids that GeoGig gave to the features of a layer that it exported.
    ///
    /// The table's own key is then only the number of the row, which the id replaces.
    fn feature_ids(&self, source: Source<'_>, layer: &str) -> Result<Option<FeatureIds>> {
        let is_free = !self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(ID_COLUMN));
        let is_numbered = self.key().len() == 1 && self.rowid.is_some();
        match source.catalog.feature_ids(layer).filter(|_| is_free && is_numbered) {
            Some(table) => FeatureIds::read(source.tables.connection, table),
            None => Ok(None),
        }
    }

    fn into_table(
        self,
        source: Source<'_>,
        name: &str,
        key_column: Option<String>,
        feature_ids: Option<FeatureIds>,
    ) -> Result<Table> {
        let contents = source.metadata.contents.get(name).cloned().unwrap_or_default();
        let documents = source.metadata.documents.of_layer(source.tables, name)?;
        let reference_systems =
            LayerReferenceSystems::read(source.tables, &self.geometries, contents.srs_id)?;
        let described = DescribedColumns::new(
            &self,
            name,
            key_column.as_deref(),
            feature_ids.is_some(),
            reference_systems.of_geometry.as_deref(),
        );
        let loss = |text| Warning::of_layer(name, text, true);
        let mut warnings = Warnings::default();
        warnings.extend(described.warnings);
        let too_long = [
            (contents.identifier.is_too_long(), "its title"),
            (contents.description.is_too_long(), "its description"),
            (documents.kept.is_too_long(), "its metadata document"),
        ];
        let too_long = too_long.into_iter().filter(|(is_too_long, _)| *is_too_long);
        warnings.extend(too_long.map(|(_, what)| loss(format!("{what} is too long and was left out"))));
        warnings.extend(reference_systems.left_out.map(loss));
        if documents.has_others {
            warnings.push(loss("several metadata documents, of which the first was kept".to_owned()));
        }
        warnings.extend(documents.left_out.map(loss));
        warnings.extend(source.metadata.extensions.left_out_of(name).map(loss));
        Ok(Table {
            layer: Layer {
                name: name.to_owned(),
                title: contents.identifier.present(),
                description: contents.description.present(),
                metadata_xml: documents.kept.present(),
                schema: Schema { columns: described.columns },
                crs: reference_systems.all,
            },
            warnings: warnings.into_vec(),
            feature_count: source.metadata.feature_count(name),
            key: self.key(),
            rowid: self.rowid,
            value_types: described.value_types,
            declared_types: described.declared_types,
            feature_ids,
        })
    }
}

fn is_named(column: &DeclaredColumn, geometry: &GeometryColumn) -> bool {
    column.name.eq_ignore_ascii_case(&geometry.name)
}

/// Makes sure that SQLite can read the rows.
fn check_readable(source: Source<'_>, table: &Table) -> Result<(), Error> {
    let connection: &Connection = source.tables.connection;
    let Err(error) = connection.prepare(&ReadPlan::new(table, false).sql) else { return Ok(()) };
    let layer = &table.layer.name;
    match collation::unknown_collation(connection, layer) {
        Ok(Some(collation)) => {
            Err(Error::UnknownCollation { file: source.file.to_owned(), layer: layer.clone(), collation })
        }
        _ => Err(Error::from_sqlite(source.file, format!("reading layer {:?}", short(layer)), error)),
    }
}
