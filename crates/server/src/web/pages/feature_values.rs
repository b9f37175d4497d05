//! Values of features as pages show them.

use longhaul_geodata::{Value, geometry::well_known_text};

use super::text::bytes;

/// The longest text of a cell, in characters.
const LONGEST: usize = 160;
/// The largest geometry that is shown as text, in bytes.
const LARGEST_GEOMETRY: usize = 4096;

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// `number`, `text`, `null`, `other`.
    pub(super) class: &'static str,
}

impl Cell {
    pub(super) fn new(value: Value<'_>) -> Self {
        let cell = |text: String, class| Self { text, class };
        match value {
            Value::Null => cell("null".to_owned(), "null"),
            Value::Boolean(truth) => cell(truth.to_string(), "other"),
            Value::Integer(number) => cell(number.to_string(), "number"),
            Value::Float(number) => cell(number.to_string(), "number"),
            Value::Text(text) => cell(shortened(text), "text"),
            Value::Blob(blob) => cell(bytes(blob.len() as u64), "other"),
            Value::Geometry(geometry) => cell(geometry_text(geometry), "other"),
        }
    }
}

/// Its beginning as well-known text, or its size.
fn geometry_text(geometry: &[u8]) -> String {
    let text = (geometry.len() <= LARGEST_GEOMETRY).then(|| well_known_text(geometry).ok()).flatten();
    match text {
        Some(text) => shortened(&text),
        None => format!("a geometry of {}", bytes(geometry.len() as u64)),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut() {
        let text = "ä".repeat(1000);
        let cell = Cell::new(Value::Text(&text));
        assert_eq!(cell.text.chars().count(), LONGEST + 1);
        assert_eq!(Cell::new(Value::Blob(&[0; 2000])).text, "2.0 kB");
        assert_eq!(Cell::new(Value::Geometry(&[0; 5000])).text, "a geometry of 5.0 kB");
        assert_eq!(Cell::new(Value::Null), Cell { text: "null".into(), class: "null" });
    }
}
