//! Which elements may stand in which: those of [OSM XML](https://wiki.openstreetmap.org/wiki/OSM_XML), and those that
//! Overpass adds.

/// The elements that may stand in `outer`, which is `osm` or an element that may stand in it.
fn children(outer: &str) -> &'static [&'static str] {
    match outer {
        "osm" => &["bounds", "bound", "note", "meta", "count", "area", "changeset"],
        "node" => &["tag"],
        "way" => &["nd", "tag", "bounds", "center"],
        "relation" => &["member", "tag", "bounds", "center"],
        // `out geom` gives the positions of the nodes of members.
        "member" => &["nd"],
        "count" | "area" => &["tag"],
        "changeset" => &["tag", "discussion", "comment", "text"],
        _ => &[],
    }
}

/// The element `name`, if it may stand in `outer`.
pub(super) fn child_of(outer: &str, name: &str) -> Option<&'static str> {
    children(outer).iter().find(|child| **child == name).copied()
}

/// Whether an element in `<osm>` has data that no layer takes.
pub(super) fn holds_data(element: &str) -> bool {
    matches!(element, "area" | "changeset")
}
