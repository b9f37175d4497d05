//! The ids of collections.

use std::collections::HashSet;

use longhaul_repository::DatasetPath;

/// An id for each layer: its path with `__` for `/`.
///
/// Clients put ids into addresses as they are, so characters that mean something there become `_`, and one is added to an id that
/// ends like the suffix of a format. Where two layers would have the same id, the later one in Git's order gets a number.
pub(super) fn of_layers(paths: Vec<DatasetPath>) -> Vec<(String, DatasetPath)> {
    // A layer that is not in a folder keeps its name, whatever the names of folders are.
    let plain = paths.iter().map(DatasetPath::as_str).filter(|path| wanted_id(path) == *path);
    let plain: HashSet<String> = plain.map(str::to_owned).collect();
    let mut taken = plain.clone();
    let ids = paths.into_iter().map(|path| {
        let wanted = wanted_id(path.as_str());
        if plain.contains(path.as_str()) {
            return (wanted, path);
        }
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|id| !taken.contains(id));
        let id = free.unwrap_or(wanted);
        taken.insert(id.clone());
        (id, path)
    });
    ids.collect()
}

fn wanted_id(path: &str) -> String {
    let has_meaning = |c: char| c.is_whitespace() || c.is_control() || "#%&+;=?\\\"'<>".contains(c);
    let mut id = path.replace('/', "__").replace(has_meaning, "_");
    if id.ends_with(".json") || id.ends_with(".xml") {
        id.push('_');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_paths_that_can_stand_in_an_address_and_differ() {
        let paths = ["a b", "a#b", "a/b", "a__b", "a__b_2", "data.json", "roads", "straße/x"];
        let paths = paths.map(|path| DatasetPath::new(path).unwrap());
        let ids: Vec<_> = of_layers(paths.to_vec()).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["a_b", "a_b_2", "a__b_3", "a__b", "a__b_2", "data.json_", "roads", "straße__x"]);
    }
}
