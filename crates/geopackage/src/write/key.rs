//! How the primary key of a layer becomes that of a table.
//!
//! A table of features has a whole number as its key. A layer with another key gets the column [`AUTO_KEY`] in front,
//! and its own key is a unique column, as in Kart's working copies.

use longhaul_geodata::{DataType, Layer};

/// The column that numbers the rows of a layer whose key is no whole number.
pub(crate) const AUTO_KEY: &str = "auto_int_pk";

/// The key of a table.
pub(super) enum TableKey {
    /// The column of the layer at this position.
    Own(usize),
    /// A column of this name, in front; the layer's own key is at this position, if it has one.
    Added { name: String, unique: Option<usize> },
}

impl TableKey {
    pub(super) fn of(layer: &Layer) -> Self {
        let key = layer.schema.primary_key();
        let columns = &layer.schema.columns;
        match key {
            Some(key) if matches!(columns[key].data_type, DataType::Integer { .. }) => Self::Own(key),
            unique => {
                let is_free =
                    |name: &String| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
                let numbered = (2..).map(|number: u32| format!("{AUTO_KEY}_{number}"));
                let mut names = std::iter::once(AUTO_KEY.to_owned()).chain(numbered);
                let name = names.find(is_free).unwrap_or_else(|| AUTO_KEY.to_owned());
                Self::Added { name, unique }
            }
        }
    }
}
