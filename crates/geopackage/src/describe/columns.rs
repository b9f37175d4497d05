//! The columns of a layer.

use longhaul_geodata::{Column, DataType, GeometryType, short};

use super::Declared;
use crate::Warning;
use crate::column_type::data_type;
use crate::declared_columns::DeclaredColumn;
use crate::listing::NameList;
use crate::rows::{GeometryRule, ID_COLUMN, ValueType};

/// The columns as a dataset has them, and how their values are read.
#[derive(Default)]
pub(super) struct DescribedColumns {
    pub(super) columns: Vec<Column>,
    pub(super) value_types: Vec<ValueType>,
    /// The types as the file has them.
    pub(super) declared_types: Vec<String>,
    pub(super) warnings: Vec<Warning>,
    /// The columns that are left out because they are computed.
    computed: NameList,
    /// The columns with types of which GeoPackage knows nothing.
    undefined_types: NameList,
}

impl DescribedColumns {
    /// Describes the columns that are not computed. If the features have ids of GeoGig, these replace the table's key.
    pub(super) fn new(
        declared: &Declared,
        layer: &str,
        key_column: Option<&str>,
        has_feature_ids: bool,
        crs: Option<&str>,
    ) -> Self {
        let mut described = Self::default();
        for column in &declared.columns {
            let is_key = key_column == Some(&column.name);
            if column.is_generated {
                described.computed.push(&column.name);
            } else if is_key && has_feature_ids {
                let data_type = DataType::Text { length: None };
                described.push(ID_COLUMN, data_type, true, ValueType::FeatureId, "TEXT");
            } else {
                let (data_type, value_type, shown) = described.types(declared, layer, column, crs);
                described.push(&column.name, data_type, is_key, value_type, &shown);
            }
        }
        described.warn_of_lists(layer);
        described
    }

    /// Warns of the columns of each list, once a list.
    fn warn_of_lists(&mut self, layer: &str) {
        let computed = self.computed.sentence(
            |column| format!("column {column} is computed from other columns and was left out"),
            |count, columns| {
                format!("{count} columns are computed from other columns and were left out: {columns}")
            },
        );
        let undefined_types = self.undefined_types.sentence(
            |column| {
                format!(
                    "column {column}, which GeoPackage does not define for attributes; it was imported as text, with its \
                     values unchanged"
                )
            },
            |count, columns| {
                format!(
                    "{count} columns have types that GeoPackage does not define for attributes, and were imported as text, \
                     with their values unchanged: {columns}"
                )
            },
        );
        self.warnings.extend(computed.map(|text| Warning::of_layer(layer, text, true)));
        self.warnings.extend(undefined_types.map(|text| Warning::of_layer(layer, text, false)));
    }

    fn push(
        &mut self,
        name: &str,
        data_type: DataType,
        primary_key: bool,
        value_type: ValueType,
        declared: &str,
    ) {
        self.columns.push(Column { name: name.to_owned(), data_type, primary_key });
        self.value_types.push(value_type);
        self.declared_types.push(declared.to_owned());
    }

    /// The type in a dataset, the one by which values are checked, and the one that messages name.
    fn types(
        &mut self,
        declared: &Declared,
        layer: &str,
        column: &DeclaredColumn,
        crs: Option<&str>,
    ) -> (DataType, ValueType, String) {
        if let Some(geometry) = declared.geometry(column) {
            let kind = GeometryType::named(&geometry.kind, geometry.z != 0, geometry.m != 0);
            let rule = GeometryRule::new(&kind, geometry.z, geometry.m);
            let shown = kind.to_string();
            let data_type = DataType::Geometry { kind, crs: crs.map(str::to_owned) };
            return (data_type, ValueType::Geometry(rule), shown);
        }
        let shown = column.declared_type.clone();
        if let Some(data_type) = data_type(&shown) {
            let value_type = ValueType::of(&data_type);
            return (data_type, value_type, shown);
        }
        if GeometryType::is_known(&shown) {
            let text = format!(
                "column {:?} has the type {:?}, but gpkg_geometry_columns does not name it; its geometries were imported as \
                 bytes",
                short(&column.name),
                short(&shown)
            );
            self.warnings.push(Warning::of_layer(layer, text, false));
        } else {
            self.undefined_types.push_typed(&column.name, &shown);
        }
        (DataType::Text { length: None }, ValueType::Any, shown)
    }
}
