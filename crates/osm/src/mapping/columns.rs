//! The columns of the layer of a rule.

use longhaul_geodata::{Column, DataType, Schema};

use super::{
    error::MappingError,
    field_type::FieldType,
    json::Json,
    path::MappingPath,
    rule::{ColumnSource, CommonAttribute, RuleGeometry, TagColumn},
};
use crate::columns;

/// The maximum number of fields of a rule. It is SQLite's default limit of columns.
const MAX_FIELDS: usize = 2000;

/// The common attributes by their names in `defaultFields`.
const COMMON_ATTRIBUTES: [(&str, CommonAttribute); 6] = [
    ("visible", CommonAttribute::Visible),
    ("timestamp", CommonAttribute::Timestamp),
    ("tags", CommonAttribute::Tags),
    ("changeset", CommonAttribute::Changeset),
    ("version", CommonAttribute::Version),
    ("user", CommonAttribute::User),
];

/// Collects the columns of the layer of a rule.
pub(super) struct RuleColumns<'a> {
    rule: &'a str,
    sources: Vec<ColumnSource>,
    columns: Vec<Column>,
    /// The field with the geometry, and its type.
    geometry: Option<(String, RuleGeometry)>,
}

impl<'a> RuleColumns<'a> {
    /// Begins with the column `id`.
    pub(super) fn new(rule: &'a str) -> Self {
        let id = columns::column("id", DataType::Integer { size: 64 });
        Self {
            rule,
            sources: vec![ColumnSource::Id],
            columns: vec![Column { primary_key: true, ..id }],
            geometry: None,
        }
    }

    /// Adds the column of an entry of `defaultFields`.
    pub(super) fn add_attribute(&mut self, path: &MappingPath, name: String) -> Result<(), MappingError> {
        let known = COMMON_ATTRIBUTES.iter().find(|(known, _)| *known == name);
        let (_, attribute) = known.ok_or_else(|| {
            let names = COMMON_ATTRIBUTES.map(|(name, _)| name).join(", ");
            path.error(format!("'{name}' is no default field; there are {names}"))
        })?;
        let data_type = match attribute {
            CommonAttribute::Visible => DataType::Boolean,
            CommonAttribute::Timestamp => DataType::Timestamp { utc: true },
            CommonAttribute::Changeset => DataType::Integer { size: 64 },
            CommonAttribute::Version => DataType::Integer { size: 32 },
            CommonAttribute::Tags | CommonAttribute::User => DataType::Text { length: None },
        };
        self.add(&name.clone(), columns::column(&name, data_type), ColumnSource::Attribute(*attribute))
    }

    /// Adds the column of an entry of `fields`.
    pub(super) fn add_field(&mut self, tag: String, json: Json) -> Result<(), MappingError> {
        let path = MappingPath(format!("rule '{}', field '{tag}'", self.rule));
        let [name, kind] = path.members(json, ["name", "type"])?;
        let name = path.text("name", path.required("name", name)?)?;
        let kind = path.text("type", path.required("type", kind)?)?;
        if name.trim().is_empty() {
            return Err(path.error("its name is empty"));
        }
        if let Some((geometry, wkt)) = geometry(&kind) {
            return self.add_geometry(tag, columns::geometry(&name, wkt), geometry);
        }
        let field_type = FieldType::named(&kind).ok_or_else(|| {
            let known = FieldType::names();
            path.error(format!(
                "a tag cannot be read as '{kind}'; there are {known}, POINT, LINESTRING and POLYGON"
            ))
        })?;
        let warning =
            format!("has a value of '{tag}' that is no {} for layer '{}'", kind.to_uppercase(), self.rule);
        let column = columns::column(&name, field_type.data_type());
        self.add(&tag.clone(), column, ColumnSource::Tag(TagColumn { tag, field_type, warning }))
    }

    fn add_geometry(
        &mut self,
        tag: String,
        column: Column,
        geometry: RuleGeometry,
    ) -> Result<(), MappingError> {
        if let Some((first, _)) = &self.geometry {
            let (rule, first) = (self.rule.to_owned(), first.clone());
            return Err(MappingError::TwoGeometries { rule, first, second: tag });
        }
        self.add(&tag, column, ColumnSource::Geometry)?;
        self.geometry = Some((tag, geometry));
        Ok(())
    }

    /// Adds a column. Names that differ only by case are refused: SQLite, in which users of Kart edit layers, does not
    /// distinguish them.
    fn add(&mut self, field: &str, column: Column, source: ColumnSource) -> Result<(), MappingError> {
        let is_same = |other: &Column| other.name.to_lowercase() == column.name.to_lowercase();
        if self.columns.iter().any(is_same) {
            let (rule, field) = (self.rule.to_owned(), field.to_owned());
            return Err(MappingError::SameColumn { rule, field, column: column.name });
        }
        if self.columns.len() > MAX_FIELDS {
            return Err(MappingPath::rule(self.rule).error(format!("it has more than {MAX_FIELDS} fields")));
        }
        self.columns.push(column);
        self.sources.push(source);
        Ok(())
    }

    /// The geometry type, the source of each column, and the columns. Ways have a column with their nodes at the end.
    pub(super) fn finish(mut self) -> Result<(RuleGeometry, Vec<ColumnSource>, Schema), MappingError> {
        let Some((_, geometry)) = self.geometry else {
            return Err(MappingError::NoGeometry { rule: self.rule.to_owned() });
        };
        if geometry != RuleGeometry::Point {
            self.add("nodes", columns::text("nodes"), ColumnSource::Refs)?;
        }
        Ok((geometry, self.sources, Schema { columns: self.columns }))
    }
}

fn geometry(kind: &str) -> Option<(RuleGeometry, &'static str)> {
    const TYPES: [(RuleGeometry, &str); 3] = [
        (RuleGeometry::Point, "POINT"),
        (RuleGeometry::Linestring, "LINESTRING"),
        (RuleGeometry::Polygon, "POLYGON"),
    ];
    TYPES.into_iter().find(|(_, wkt)| wkt.eq_ignore_ascii_case(kind))
}
