//! Names that must differ within a file.

use std::collections::HashSet;

/// The beginnings of the names of tables that belong to SQLite, to GeoPackage and to its spatial indexes.
const RESERVED: [&str; 3] = ["sqlite_", "gpkg_", "rtree_"];

/// Whether no layer can have a table of this name.
pub(super) fn is_reserved(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    RESERVED.iter().any(|prefix| table.starts_with(prefix))
}

/// Names that are in use, compared as SQLite does, ignoring the case of ASCII letters.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// The name, or the name with a number if it is in use. It is in use afterwards.
    pub(super) fn free(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number: u32| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let free = candidates.find(|candidate| self.0.insert(candidate.to_ascii_lowercase()));
        free.unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_use_gets_a_number() {
        let mut names = Names::default();
        assert_eq!(names.free("Roads"), "Roads");
        assert_eq!(names.free("roads"), "roads_2");
        assert_eq!(names.free("roads"), "roads_3");
    }
}
