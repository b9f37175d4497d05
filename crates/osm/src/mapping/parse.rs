//! Reads a mapping out of its JSON, and checks all that can be checked.

use longhaul_geodata::{Column, DataType, Layer, Schema};

use super::{
    ColumnSource, CommonAttribute, MappingError, Rule, RuleGeometry, TagColumn,
    filter::{RuleFilter, TagCondition, WayShape},
    json::Json,
    value::FieldType,
};
use crate::columns;

/// The pseudo tag that stands for the shape of a way.
const GEOM: &str = "geom";
/// Layers that hold all nodes and all ways.
const RAW_LAYERS: [&str; 2] = ["node", "way"];
/// The most rules of a mapping: each is asked about every entity.
const MAX_RULES: usize = 1000;
/// The most fields of a rule; as many columns a table of SQLite has by default.
const MAX_FIELDS: usize = 2000;

/// The facts that a rule may ask for by name.
const COMMON_ATTRIBUTES: [(&str, CommonAttribute); 6] = [
    ("visible", CommonAttribute::Visible),
    ("timestamp", CommonAttribute::Timestamp),
    ("tags", CommonAttribute::Tags),
    ("changeset", CommonAttribute::Changeset),
    ("version", CommonAttribute::Version),
    ("user", CommonAttribute::User),
];

pub(super) fn rules(text: &str) -> Result<Vec<Rule>, MappingError> {
    let json: Json = serde_json::from_str(text).map_err(|error| MappingError::Json(error.to_string()))?;
    let path = MappingPath("the mapping".to_owned());
    let [rules] = path.members(json, ["rules"])?;
    let rules = path.list("rules", path.required("rules", rules)?)?;
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(path.bad(format!("it must have between 1 and {MAX_RULES} rules")));
    }
    let mut read: Vec<Rule> = Vec::with_capacity(rules.len());
    for (at, rule) in rules.into_iter().enumerate() {
        let rule = self::rule(rule, at + 1)?;
        let name = &rule.layer.name;
        if read.iter().any(|other| other.layer.name.to_lowercase() == name.to_lowercase()) {
            return Err(MappingPath::rule(name).bad("another rule has that name"));
        }
        read.push(rule);
    }
    Ok(read)
}

fn rule(json: Json, number: usize) -> Result<Rule, MappingError> {
    let path = MappingPath(format!("rule {number}"));
    let members = path.members(json, ["name", "filter", "exclude", "fields", "defaultFields"])?;
    let [name, filter, exclude, fields, default_fields] = members;
    let name = path.text("name", path.required("name", name)?)?;
    let path = MappingPath::rule(&name);
    if name.trim().is_empty() || RAW_LAYERS.iter().any(|raw| raw.eq_ignore_ascii_case(&name)) {
        return Err(path.bad("a layer cannot have that name; 'node' and 'way' hold all nodes and ways"));
    }
    let filter = path.object("filter", path.required("filter", filter)?)?;
    let exclude = exclude.map_or(Ok(Vec::new()), |exclude| path.object("exclude", exclude))?;
    let default_fields =
        default_fields.map_or(Ok(Vec::new()), |fields| path.list("defaultFields", fields))?;
    let fields = path.object("fields", path.required("fields", fields)?)?;

    let mut table = RuleColumns::new(&name);
    for attribute in default_fields {
        table.add_attribute(&path, path.text("defaultFields", attribute)?)?;
    }
    for (tag, field) in fields {
        table.add_field(tag, field)?;
    }
    let (geometry, columns, schema) = table.finish()?;
    let filter = self::filter(&name, filter, exclude)?;
    if geometry == RuleGeometry::Point && filter.way_shape != WayShape::All {
        return Err(path.bad("its filter asks for open or closed ways, and its features are points"));
    }
    let layer = Layer { name, schema, crs: vec![columns::wgs84()], ..Layer::default() };
    Ok(Rule { filter, geometry, columns, layer })
}

fn filter(
    rule: &str,
    include: Vec<(String, Json)>,
    exclude: Vec<(String, Json)>,
) -> Result<RuleFilter, MappingError> {
    let mut filter = RuleFilter::default();
    for (tag, values) in include {
        let path = MappingPath(format!("rule '{rule}', filter '{tag}'"));
        let values = path.texts("it", values)?;
        if tag == GEOM {
            filter.way_shape = way_shape(rule, &path, &values)?;
        } else {
            filter.include.push(TagCondition { tag, values });
        }
    }
    for (tag, values) in exclude {
        let path = MappingPath(format!("rule '{rule}', exclude '{tag}'"));
        if tag == GEOM {
            return Err(path.bad("'geom' belongs into the filter"));
        }
        match values {
            Json::Null => filter.required_tags.push(tag),
            values => filter.exclude.push(TagCondition { values: path.texts("it", values)?, tag }),
        }
    }
    Ok(filter)
}

fn way_shape(rule: &str, path: &MappingPath, values: &[String]) -> Result<WayShape, MappingError> {
    match values {
        [one] => match one.as_str() {
            "open" => Ok(WayShape::Open),
            "closed" => Ok(WayShape::Closed),
            "all" => Ok(WayShape::All),
            other => Err(MappingError::Modifier { rule: rule.to_owned(), modifier: other.to_owned() }),
        },
        _ => Err(path.bad("it must hold one of open, closed and all")),
    }
}

/// The columns of a rule's layer, as far as they are known.
struct RuleColumns<'a> {
    rule: &'a str,
    contents: Vec<ColumnSource>,
    columns: Vec<Column>,
    /// The field that is the geometry.
    geometry: Option<(String, RuleGeometry)>,
}

impl<'a> RuleColumns<'a> {
    fn new(rule: &'a str) -> Self {
        let id = columns::column("id", DataType::Integer { size: 64 });
        Self {
            rule,
            contents: vec![ColumnSource::Id],
            columns: vec![Column { primary_key: true, ..id }],
            geometry: None,
        }
    }

    fn add_attribute(&mut self, path: &MappingPath, name: String) -> Result<(), MappingError> {
        let known = COMMON_ATTRIBUTES.iter().find(|(known, _)| *known == name);
        let (_, attribute) = known.ok_or_else(|| {
            let names = COMMON_ATTRIBUTES.map(|(name, _)| name).join(", ");
            path.bad(format!("'{name}' is no default field; there are {names}"))
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

    fn add_field(&mut self, tag: String, json: Json) -> Result<(), MappingError> {
        let path = MappingPath(format!("rule '{}', field '{tag}'", self.rule));
        let [name, kind] = path.members(json, ["name", "type"])?;
        let name = path.text("name", path.required("name", name)?)?;
        let kind = path.text("type", path.required("type", kind)?)?;
        if name.trim().is_empty() {
            return Err(path.bad("its name is empty"));
        }
        if let Some((geometry, wkt)) = geometry(&kind) {
            if let Some((first, _)) = &self.geometry {
                let (rule, first) = (self.rule.to_owned(), first.clone());
                return Err(MappingError::TwoGeometries { rule, first, second: tag });
            }
            self.add(&tag, columns::geometry(&name, wkt), ColumnSource::Geometry)?;
            self.geometry = Some((tag, geometry));
            return Ok(());
        }
        let field_type = FieldType::named(&kind).ok_or_else(|| {
            let known = FieldType::names();
            path.bad(format!(
                "a tag cannot be read as '{kind}'; there are {known}, POINT, LINESTRING and POLYGON"
            ))
        })?;
        let warning =
            format!("has a value of '{tag}' that is no {} for layer '{}'", kind.to_uppercase(), self.rule);
        let column = columns::column(&name, field_type.data_type());
        self.add(&tag.clone(), column, ColumnSource::Tag(TagColumn { tag, kind: field_type, warning }))
    }

    /// SQLite, where Kart's users edit layers, tells columns apart without regard to case.
    fn add(&mut self, field: &str, column: Column, content: ColumnSource) -> Result<(), MappingError> {
        let is_same = |other: &Column| other.name.to_lowercase() == column.name.to_lowercase();
        if self.columns.iter().any(is_same) {
            let (rule, field) = (self.rule.to_owned(), field.to_owned());
            return Err(MappingError::SameColumn { rule, field, column: column.name });
        }
        if self.columns.len() > MAX_FIELDS {
            return Err(MappingPath::rule(self.rule).bad(format!("it has more than {MAX_FIELDS} fields")));
        }
        self.columns.push(column);
        self.contents.push(content);
        Ok(())
    }

    fn finish(mut self) -> Result<(RuleGeometry, Vec<ColumnSource>, Schema), MappingError> {
        let Some((_, geometry)) = self.geometry else {
            return Err(MappingError::NoGeometry { rule: self.rule.to_owned() });
        };
        if geometry != RuleGeometry::Point {
            self.add("nodes", columns::text("nodes"), ColumnSource::Refs)?;
        }
        Ok((geometry, self.contents, Schema { columns: self.columns }))
    }
}

fn geometry(kind: &str) -> Option<(RuleGeometry, &'static str)> {
    const SHAPES: [(RuleGeometry, &str); 3] = [
        (RuleGeometry::Point, "POINT"),
        (RuleGeometry::Linestring, "LINESTRING"),
        (RuleGeometry::Polygon, "POLYGON"),
    ];
    SHAPES.into_iter().find(|(_, wkt)| wkt.eq_ignore_ascii_case(kind))
}

/// Where in a mapping something stands, for messages.
struct MappingPath(String);

impl MappingPath {
    fn rule(name: &str) -> Self {
        Self(format!("rule '{name}'"))
    }

    fn bad(&self, reason: impl Into<String>) -> MappingError {
        MappingError::Form { path: self.0.clone(), reason: reason.into() }
    }

    /// The members of these names; null counts as none. There may be no others, and none twice.
    fn members<const N: usize>(
        &self,
        json: Json,
        names: [&str; N],
    ) -> Result<[Option<Json>; N], MappingError> {
        let mut found = [const { None }; N];
        for (name, value) in self.object("it", json)? {
            let at = names.iter().position(|known| *known == name);
            let at = at
                .ok_or_else(|| self.bad(format!("there is no '{name}'; it may have {}", names.join(", "))))?;
            found[at] = (value != Json::Null).then_some(value);
        }
        Ok(found)
    }

    fn required(&self, name: &str, value: Option<Json>) -> Result<Json, MappingError> {
        value.ok_or_else(|| self.bad(format!("'{name}' is missing")))
    }

    fn text(&self, name: &str, json: Json) -> Result<String, MappingError> {
        match json {
            Json::Text(text) => Ok(text),
            other => Err(self.bad(format!("'{name}' must be a text and is {}", other.kind()))),
        }
    }

    fn list(&self, name: &str, json: Json) -> Result<Vec<Json>, MappingError> {
        match json {
            Json::List(list) => Ok(list),
            other => Err(self.bad(format!("'{name}' must be a list and is {}", other.kind()))),
        }
    }

    fn texts(&self, name: &str, json: Json) -> Result<Vec<String>, MappingError> {
        self.list(name, json)?.into_iter().map(|item| self.text(name, item)).collect()
    }

    fn object(&self, name: &str, json: Json) -> Result<Vec<(String, Json)>, MappingError> {
        let members = match json {
            Json::Object(members) => members,
            other => return Err(self.bad(format!("'{name}' must be an object and is {}", other.kind()))),
        };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(self.bad(format!("'{}' stands there twice", pair[0]))),
            None => Ok(members),
        }
    }
}
