//! What of a file is not a layer, for the user who brought it.

use crate::listing::NameList;

/// The tables and views that are left out, by kind.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    pub(super) raster_tiles: NameList,
    pub(super) vector_tiles: NameList,
    pub(super) views: NameList,
    pub(super) virtual_tables: NameList,
    pub(super) of_extensions: NameList,
    pub(super) reserved_names: NameList,
    /// What `gpkg_contents` names, and the file does not have.
    pub(super) missing: NameList,
}

impl LeftOut {
    /// A sentence for each kind.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = String> {
        let sentences = [
            self.raster_tiles.sentence(
                |name| format!("table {name} holds raster tiles and was left out"),
                |count, names| format!("{count} tables hold raster tiles and were left out: {names}"),
            ),
            self.vector_tiles.sentence(
                |name| format!("table {name} holds vector tiles and was left out"),
                |count, names| format!("{count} tables hold vector tiles and were left out: {names}"),
            ),
            self.views.sentence(
                |name| format!("{name} is a view, which is not run, and was left out"),
                |count, names| format!("{count} views, which are not run, were left out: {names}"),
            ),
            self.virtual_tables.sentence(
                |name| format!("{name} is a virtual table, which is not run, and was left out"),
                |count, names| format!("{count} virtual tables, which are not run, were left out: {names}"),
            ),
            self.of_extensions.sentence(
                |name| format!("table {name} belongs to an extension and was left out"),
                |count, names| format!("{count} tables belong to extensions and were left out: {names}"),
            ),
            self.reserved_names.sentence(
                |name| format!("table {name} is not in gpkg_contents, has a reserved name, and was left out"),
                |count, names| {
                    format!("{count} tables are not in gpkg_contents, have reserved names, and were left out: {names}")
                },
            ),
            self.missing.sentence(
                |name| format!("gpkg_contents names {name}, which is not in the file"),
                |count, names| format!("gpkg_contents names {count} tables that are not in the file: {names}"),
            ),
        ];
        sentences.into_iter().flatten()
    }

    /// Whether `gpkg_contents` names what the file does not have.
    pub(crate) fn has_missing(&self) -> bool {
        self.missing.count() > 0
    }

    /// What there is instead of layers: `2 views, 1 table of raster tiles`; empty if there is nothing.
    pub(crate) fn summary(&self) -> String {
        let kinds = [
            (&self.raster_tiles, "table of raster tiles", "tables of raster tiles"),
            (&self.vector_tiles, "table of vector tiles", "tables of vector tiles"),
            (&self.views, "view", "views"),
            (&self.virtual_tables, "virtual table", "virtual tables"),
            (&self.of_extensions, "table of an extension", "tables of extensions"),
            (&self.reserved_names, "table with a reserved name", "tables with reserved names"),
            (&self.missing, "missing table", "missing tables"),
        ];
        let present = kinds.iter().filter(|(names, ..)| names.count() > 0).map(|(names, one, several)| {
            let count = names.count();
            format!("{count} {}", if count == 1 { one } else { several })
        });
        present.collect::<Vec<_>>().join(", ")
    }
}
