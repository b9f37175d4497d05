//! Brings the values of a feature into the order of a schema's columns.

use longhaul_geodata::Value;

use super::{KartColumn, legend::Legend};

/// For each column, where the features of one legend have its value.
pub(crate) struct Projection(Vec<Origin>);

enum Origin {
    Key(usize),
    Value(usize),
    Nowhere,
}

impl Projection {
    pub(crate) fn new(legend: &Legend, columns: &[KartColumn]) -> Self {
        let at = |ids: &[String], id: &String| ids.iter().position(|other| other == id);
        let origin = |column: &KartColumn| {
            let key = at(&legend.keys, &column.id).map(Origin::Key);
            key.or_else(|| at(&legend.values, &column.id).map(Origin::Value)).unwrap_or(Origin::Nowhere)
        };
        Self(columns.iter().map(origin).collect())
    }

    /// The values in the order of the columns; a value that the feature lacks is null.
    pub(crate) fn apply<'a>(
        &self,
        keys: &[Value<'a>],
        values: &[Value<'a>],
    ) -> impl Iterator<Item = Value<'a>> {
        self.0.iter().map(|origin| {
            let value = match origin {
                Origin::Key(at) => keys.get(*at),
                Origin::Value(at) => values.get(*at),
                Origin::Nowhere => None,
            };
            value.copied().unwrap_or(Value::Null)
        })
    }
}
