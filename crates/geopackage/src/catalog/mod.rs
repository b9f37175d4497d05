//! Which tables of a file are layers.
//!
//! What `gpkg_contents` names as features or attributes is a layer, whatever it is called. Of the other tables those are layers
//! that belong neither to the specification, nor to an extension, nor to a virtual table, nor to GeoGig.

mod geogig;
mod left_out;
mod objects;
mod statement;
mod system_tables;

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Result};

use crate::metadata::{AllContents, DataKind};
use crate::quote::quote;
use geogig::GeogigTable;
pub(crate) use left_out::LeftOut;
pub(crate) use objects::Objects;
use objects::{Object, ObjectKind};
use system_tables::{
    ShadowTables, has_reserved_name, is_empty_of_data, is_of_extension, is_placeholder, is_spatial_index,
    is_specified, is_specified_view,
};

/// The layers of a file, and what is none.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    layers: Vec<String>,
    /// Those that `gpkg_contents` names.
    registered: HashSet<String>,
    /// The table that says which row of a layer is which feature of GeoGig, by the name of the layer in small letters.
    feature_ids: HashMap<String, String>,
    pub(crate) left_out: LeftOut,
}

/// What a table or view is.
enum Role {
    Layer {
        is_registered: bool,
    },
    FeatureIds {
        layer: String,
    },
    /// A table of the system, of which what matters is told elsewhere.
    System,
    View,
    Virtual,
    RasterTiles,
    VectorTiles,
    OfExtension,
    ReservedName,
}

impl Catalog {
    pub(crate) fn read(connection: &Connection, objects: &Objects, contents: &AllContents) -> Result<Self> {
        let shadows = ShadowTables::of(objects);
        let mut catalog = Self::default();
        for object in objects.all() {
            let role = role(connection, objects, contents, &shadows, object)?;
            catalog.add(object, role);
        }
        catalog.left_out.missing = contents.missing.clone();
        Ok(catalog)
    }

    /// The names of the layers, sorted.
    pub(crate) fn layers(&self) -> &[String] {
        &self.layers
    }

    /// Whether `gpkg_contents` names a layer.
    pub(crate) fn is_registered(&self, layer: &str) -> bool {
        self.registered.contains(layer)
    }

    /// The table that says which row of a layer is which feature of GeoGig.
    pub(crate) fn feature_ids(&self, layer: &str) -> Option<&str> {
        self.feature_ids.get(&layer.to_ascii_lowercase()).map(String::as_str)
    }

    fn add(&mut self, object: &Object, role: Role) {
        let name = &object.name;
        match role {
            Role::Layer { is_registered } => {
                self.layers.push(name.clone());
                if is_registered {
                    self.registered.insert(name.clone());
                }
            }
            Role::FeatureIds { layer } => {
                self.feature_ids.insert(layer, name.clone());
            }
            Role::System => {}
            Role::View => self.left_out.views.push(name),
            Role::Virtual => match &object.kind {
                ObjectKind::Virtual(module) => self.left_out.virtual_tables.push_with(name, module),
                _ => self.left_out.virtual_tables.push(name),
            },
            Role::RasterTiles => self.left_out.raster_tiles.push(name),
            Role::VectorTiles => self.left_out.vector_tiles.push(name),
            Role::OfExtension => self.left_out.of_extensions.push(name),
            Role::ReservedName => self.left_out.reserved_names.push(name),
        }
    }
}

fn role(
    connection: &Connection,
    objects: &Objects,
    contents: &AllContents,
    shadows: &ShadowTables,
    object: &Object,
) -> Result<Role> {
    let lower = object.name.to_ascii_lowercase();
    let registered = contents.get(&lower).map(|contents| contents.kind());
    Ok(match (&object.kind, registered) {
        (ObjectKind::View, None) if is_specified_view(&lower) => Role::System,
        (ObjectKind::View, _) => Role::View,
        (ObjectKind::Virtual(module), None) if is_spatial_index(&lower, module) => Role::System,
        (ObjectKind::Virtual(_), _) => Role::Virtual,
        (ObjectKind::Table, _) if is_specified(&lower) => Role::System,
        (ObjectKind::Table, Some(DataKind::Layer)) => {
            match is_placeholder(&lower) && is_empty(connection, &object.name)? {
                true => Role::System,
                false => Role::Layer { is_registered: true },
            }
        }
        (ObjectKind::Table, Some(DataKind::RasterTiles)) => Role::RasterTiles,
        (ObjectKind::Table, Some(DataKind::VectorTiles)) => Role::VectorTiles,
        (ObjectKind::Table, None) if shadows.contains(&lower) || is_empty_of_data(&lower) => Role::System,
        (ObjectKind::Table, None) if is_of_extension(&lower) => Role::OfExtension,
        (ObjectKind::Table, None) if has_reserved_name(&lower) || shadows.could_contain(&lower) => {
            Role::ReservedName
        }
        (ObjectKind::Table, None) => match geogig::recognize(connection, objects, &object.name)? {
            Some(GeogigTable::FeatureIds { layer }) => Role::FeatureIds { layer },
            Some(GeogigTable::Other) => Role::System,
            Some(GeogigTable::NameOnly) => Role::ReservedName,
            None => Role::Layer { is_registered: false },
        },
    })
}

fn is_empty(connection: &Connection, table: &str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM main.{} NOT INDEXED LIMIT 1", quote(table));
    Ok(connection.query_row(&sql, [], |_| Ok(())).optional()?.is_none())
}
