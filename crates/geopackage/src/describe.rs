//! Describes a layer of a file as a dataset needs it.

use longhaul_geodata::{Column, Crs, DataType, GeometryType, Layer, Schema, short};
use rusqlite::{Connection, Result};

use crate::added_key::remove_added_key;
use crate::catalog::Catalog;
use crate::column_type::data_type;
use crate::declared_columns::{DeclaredColumn, columns, rowid_name};
use crate::metadata::{GeometryColumn, Metadata, MetadataDocument};
use crate::metadata_text::MetadataText;
use crate::warnings::Warnings;
use crate::{Error, Table};

/// Describes the layer `name`, with the primary key that the table declares or with `key` instead.
pub(crate) fn describe(
    connection: &Connection,
    catalog: &Catalog,
    file: &str,
    name: &str,
    key: Option<&str>,
) -> Result<Table, Error> {
    let doing = || format!("describing layer {:?}", short(name));
    let description = Description::read(connection, catalog, name)
        .map_err(|source| Error::from_sqlite(file, doing(), source))?;
    description.check_geometries(file, name)?;
    let key_column = description.key_column(file, name, key)?;
    Ok(description.into_table(name, key_column.as_deref()))
}

/// All that a file says about a layer.
struct Description {
    columns: Vec<DeclaredColumn>,
    geometries: Vec<GeometryColumn>,
    crs: Vec<Crs>,
    geometry_crs: Option<String>,
    /// Whether the definition of a reference system was left out as too long.
    lacks_crs: bool,
    title: MetadataText,
    description: MetadataText,
    document: Option<MetadataDocument>,
    feature_count: Option<u64>,
    rowid: Option<&'static str>,
}

impl Description {
    fn read(connection: &Connection, catalog: &Catalog, name: &str) -> Result<Self> {
        let metadata = Metadata::new(connection, catalog);
        let mut columns = columns(connection, name)?;
        let rowid = rowid_name(connection, name, &columns)?;
        remove_added_key(connection, name, &mut columns)?;
        let contents = metadata.contents(name)?;
        let mut geometries = metadata.geometry_columns(name)?;
        geometries.retain(|geometry| columns.iter().any(|column| is_named(column, geometry)));
        let own_srs = geometries.first().and_then(|geometry| geometry.srs_id);
        let geometry_definition = definition(&metadata, own_srs.or(contents.srs_id))?;
        let contents_definition = definition(&metadata, contents.srs_id)?;
        let lacks_crs = geometry_definition.is_too_long() || contents_definition.is_too_long();
        let geometry_crs = crs(geometry_definition);
        Ok(Self {
            rowid,
            columns,
            geometries,
            geometry_crs: geometry_crs.as_ref().map(|crs| crs.identifier.clone()),
            crs: distinct(geometry_crs, crs(contents_definition)),
            lacks_crs,
            title: contents.identifier,
            description: contents.description,
            document: metadata.document(name)?,
            feature_count: metadata.feature_count(name)?,
        })
    }

    fn check_geometries(&self, file: &str, layer: &str) -> Result<(), Error> {
        let is_geometry = |column: &&DeclaredColumn| self.geometry_type(column).is_some();
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
        let columns = self.declared_key();
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

    fn declared_key(&self) -> Vec<String> {
        let mut columns: Vec<_> = self.columns.iter().filter(|column| column.key_place > 0).collect();
        columns.sort_by_key(|column| column.key_place);
        columns.into_iter().map(|column| column.name.clone()).collect()
    }

    fn into_table(self, name: &str, key_column: Option<&str>) -> Table {
        let mut warnings = Warnings::default();
        let columns =
            self.columns.iter().filter_map(|column| self.column(name, column, key_column, &mut warnings));
        let schema = Schema { columns: columns.collect() };
        let key = self.declared_key();
        warnings.extend(
            self.left_out()
                .map(|what| format!("layer {:?}: {what} is too long and was left out", short(name))),
        );
        if self.document.as_ref().is_some_and(|document| document.has_others) {
            let name = short(name);
            warnings
                .push(format!("layer {name:?} has several metadata documents, of which the first was kept"));
        }
        Table {
            layer: Layer {
                name: name.to_owned(),
                title: self.title.present(),
                description: self.description.present(),
                metadata_xml: self.document.and_then(|document| document.text.present()),
                schema,
                crs: self.crs,
            },
            warnings: warnings.into_vec(),
            feature_count: self.feature_count,
            rowid: self.rowid,
            key,
        }
    }

    /// The parts of the layer's metadata that are left out as too long.
    fn left_out(&self) -> impl Iterator<Item = &'static str> {
        let document = self.document.as_ref();
        let parts = [
            (self.title.is_too_long(), "its title"),
            (self.description.is_too_long(), "its description"),
            (document.is_some_and(|document| document.text.is_too_long()), "its metadata document"),
            (self.lacks_crs, "the definition of its reference system"),
        ];
        parts.into_iter().filter_map(|(is_too_long, part)| is_too_long.then_some(part))
    }

    /// The column as a dataset has it; `None` if it is computed.
    fn column(
        &self,
        layer: &str,
        column: &DeclaredColumn,
        key_column: Option<&str>,
        warnings: &mut Warnings,
    ) -> Option<Column> {
        let (name, declared) = (&column.name, &column.declared_type);
        let subject = || format!("layer {:?}: column {:?}", short(layer), short(name));
        if column.is_generated {
            warnings.push(format!("{} is computed from other columns and was left out", subject()));
            return None;
        }
        let data_type = self.geometry_type(column).or_else(|| data_type(declared)).unwrap_or_else(|| {
            warnings.push(format!(
                "{} has the type {:?}, which GeoPackage does not define for attributes; \
                 it was imported as text, with its values unchanged",
                subject(),
                short(declared)
            ));
            DataType::Text { length: None }
        });
        Some(Column { name: name.clone(), data_type, primary_key: key_column == Some(name) })
    }

    fn geometry_type(&self, column: &DeclaredColumn) -> Option<DataType> {
        let geometry = self.geometries.iter().find(|geometry| is_named(column, geometry))?;
        Some(DataType::Geometry {
            kind: GeometryType { name: geometry.kind.clone(), z: geometry.z, m: geometry.m },
            crs: self.geometry_crs.clone(),
        })
    }
}

fn is_named(column: &DeclaredColumn, geometry: &GeometryColumn) -> bool {
    column.name.eq_ignore_ascii_case(&geometry.name)
}

fn definition(metadata: &Metadata<'_>, srs_id: Option<i64>) -> Result<MetadataText> {
    srs_id.map_or(Ok(MetadataText::Absent), |srs_id| metadata.definition(srs_id))
}

fn crs(definition: MetadataText) -> Option<Crs> {
    definition.present().as_deref().and_then(Crs::from_wkt)
}

fn distinct(first: Option<Crs>, second: Option<Crs>) -> Vec<Crs> {
    let mut all: Vec<Crs> = first.into_iter().chain(second).collect();
    all.dedup_by(|second, first| second.identifier == first.identifier);
    all
}
