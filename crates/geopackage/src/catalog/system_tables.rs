//! Tables that are not layers by their names.

use std::collections::HashSet;

use super::objects::{Object, ObjectKind, Objects};

/// The tables of the [specification](https://www.geopackage.org/spec131/), of its extension for related tables, of GDAL, and
/// those in which Kart tracks a working copy. What a user would miss of them is told where they are read.
const SPECIFIED: [&str; 16] = [
    "gpkg_2d_gridded_coverage_ancillary",
    "gpkg_2d_gridded_tile_ancillary",
    "gpkg_contents",
    "gpkg_data_column_constraints",
    "gpkg_data_columns",
    "gpkg_extensions",
    "gpkg_geometry_columns",
    "gpkg_kart_state",
    "gpkg_kart_track",
    "gpkg_metadata",
    "gpkg_metadata_reference",
    "gpkg_ogr_contents",
    "gpkg_spatial_ref_sys",
    "gpkg_tile_matrix",
    "gpkg_tile_matrix_set",
    "gpkgext_relations",
];

/// The tables of registered extensions: of OGC's for vector tiles, styles and annotations, and of NGA's.
const OF_EXTENSIONS: [&str; 16] = [
    "gpkgext_sa_reference",
    "gpkgext_semantic_annotations",
    "gpkgext_styles",
    "gpkgext_stylesheets",
    "gpkgext_symbol_images",
    "gpkgext_symbols",
    "gpkgext_vt_fields",
    "gpkgext_vt_layers",
    "nga_contents_id",
    "nga_dgiwg",
    "nga_feature_tile_link",
    "nga_geometry_index",
    "nga_properties",
    "nga_table_index",
    "nga_tile_matrix_set_variants",
    "nga_tile_scaling",
];

/// The starts of names that are reserved for the specification, its spatial indexes and GeoGig.
const RESERVED_PREFIXES: [&str; 4] = ["gpkg_", "gpkgext_", "rtree_", "geogig_"];

/// The tables that GeoGig's interchange format has beside those of layers.
const OF_GEOGIG: [&str; 2] = ["geogig_metadata", "geogig_audited_tables"];

/// GDAL makes it in files without any layer.
const PLACEHOLDER: &str = "ogr_empty_table";

/// The views of the first version of the specification.
const SPECIFIED_VIEWS: [&str; 4] =
    ["st_spatial_ref_sys", "spatial_ref_sys", "st_geometry_columns", "geometry_columns"];

/// The ends of the names of the tables in which a virtual table of some module keeps its content.
const SHADOWS: [(&str, &[&str]); 4] = [
    ("rtree", &["_node", "_parent", "_rowid"]),
    ("geopoly", &["_node", "_parent", "_rowid"]),
    ("fts5", &["_data", "_idx", "_content", "_docsize", "_config"]),
    ("fts", &["_content", "_segments", "_segdir", "_docsize", "_stat"]),
];

/// Whether a table is SQLite's own or one of the specification, whatever `gpkg_contents` says of it.
pub(super) fn is_specified(table: &str) -> bool {
    table.starts_with("sqlite_") || SPECIFIED.contains(&table)
}

/// Whether a table that `gpkg_contents` does not name belongs to a registered extension.
pub(super) fn is_of_extension(table: &str) -> bool {
    OF_EXTENSIONS.contains(&table)
}

/// Whether a table that `gpkg_contents` does not name holds nothing of the user's.
pub(super) fn is_empty_of_data(table: &str) -> bool {
    is_placeholder(table) || OF_GEOGIG.contains(&table)
}

/// Whether GDAL makes a table of this name in files without any layer.
pub(super) fn is_placeholder(table: &str) -> bool {
    table == PLACEHOLDER
}

pub(super) fn has_reserved_name(table: &str) -> bool {
    RESERVED_PREFIXES.iter().any(|prefix| table.starts_with(prefix))
}

pub(super) fn is_specified_view(view: &str) -> bool {
    SPECIFIED_VIEWS.contains(&view)
}

/// Whether a virtual table is the spatial index of a layer, which holds nothing that the layer does not.
pub(super) fn is_spatial_index(table: &str, module: &str) -> bool {
    module == "rtree" && table.starts_with("rtree_")
}

/// The tables in which virtual tables keep their content, by their names in small letters.
pub(super) struct ShadowTables {
    /// Those of the modules that the virtual tables have.
    own: HashSet<String>,
    /// Those that they would have with any of the known modules.
    possible: HashSet<String>,
}

impl ShadowTables {
    pub(super) fn of(objects: &Objects) -> Self {
        let virtual_tables = || objects.all().iter().filter_map(virtual_table);
        let own = virtual_tables().flat_map(|(table, module)| {
            // `fts3` and `fts4` keep theirs alike, as does the R-tree of integers.
            let found = SHADOWS.iter().find(|(prefix, _)| module.starts_with(prefix));
            named(&table, found.map_or(&[], |(_, ends)| *ends))
        });
        let possible = virtual_tables()
            .flat_map(|(table, _)| SHADOWS.iter().flat_map(move |(_, ends)| named(&table, ends)));
        Self { own: own.collect(), possible: possible.collect() }
    }

    pub(super) fn contains(&self, table: &str) -> bool {
        self.own.contains(table)
    }

    /// Whether a table is called like one of them.
    pub(super) fn could_contain(&self, table: &str) -> bool {
        self.possible.contains(table)
    }
}

/// The name of a virtual table in small letters, and its module.
fn virtual_table(object: &Object) -> Option<(String, &str)> {
    match &object.kind {
        ObjectKind::Virtual(module) => Some((object.name.to_ascii_lowercase(), module)),
        ObjectKind::Table | ObjectKind::View => None,
    }
}

fn named(table: &str, ends: &[&str]) -> Vec<String> {
    ends.iter().map(|end| format!("{table}{end}")).collect()
}
