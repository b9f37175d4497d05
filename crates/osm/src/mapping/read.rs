//! Reads a mapping out of its JSON, and checks all that can be checked.

use longhaul_geodata::{Column, DataType, Layer, Schema};

use super::{
    BadMapping, Content, Fact, Field, Rule, Shape,
    filter::{Closing, Condition, Filter},
    json::Json,
    value::FieldType,
};
use crate::columns;

/// The pseudo tag that stands for the shape of a way.
const GEOM: &str = "geom";
/// Layers that hold all nodes and all ways.
const RAW_LAYERS: [&str; 2] = ["node", "way"];
/// The most rules of a mapping: each is asked about every entity.
const MOST_RULES: usize = 1000;
/// The most fields of a rule; as many columns a table of SQLite has by default.
const MOST_FIELDS: usize = 2000;

/// The facts that a rule may ask for by name.
const FACTS: [(&str, Fact); 6] = [
    ("visible", Fact::Visible),
    ("timestamp", Fact::Timestamp),
    ("tags", Fact::Tags),
    ("changeset", Fact::Changeset),
    ("version", Fact::Version),
    ("user", Fact::User),
];

pub(super) fn mapping(text: &str) -> Result<Vec<Rule>, BadMapping> {
    let json: Json = serde_json::from_str(text).map_err(|error| BadMapping::Json(error.to_string()))?;
    let place = Place("the mapping".to_owned());
    let [rules] = place.members(json, ["rules"])?;
    let rules = place.list("rules", place.required("rules", rules)?)?;
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(place.bad(format!("it must have between 1 and {MOST_RULES} rules")));
    }
    let mut read: Vec<Rule> = Vec::with_capacity(rules.len());
    for (at, rule) in rules.into_iter().enumerate() {
        let rule = self::rule(rule, at + 1)?;
        let name = &rule.layer.name;
        if read.iter().any(|other| other.layer.name.to_lowercase() == name.to_lowercase()) {
            return Err(Place::rule(name).bad("another rule has that name"));
        }
        read.push(rule);
    }
    Ok(read)
}

fn rule(json: Json, number: usize) -> Result<Rule, BadMapping> {
    let place = Place(format!("rule {number}"));
    let members = place.members(json, ["name", "filter", "exclude", "fields", "defaultFields"])?;
    let [name, filter, exclude, fields, default_fields] = members;
    let name = place.text("name", place.required("name", name)?)?;
    let place = Place::rule(&name);
    if name.trim().is_empty() || RAW_LAYERS.iter().any(|raw| raw.eq_ignore_ascii_case(&name)) {
        return Err(place.bad("a layer cannot have that name; 'node' and 'way' hold all nodes and ways"));
    }
    let filter = place.object("filter", place.required("filter", filter)?)?;
    let exclude = exclude.map_or(Ok(Vec::new()), |exclude| place.object("exclude", exclude))?;
    let default_fields =
        default_fields.map_or(Ok(Vec::new()), |fields| place.list("defaultFields", fields))?;
    let fields = place.object("fields", place.required("fields", fields)?)?;

    let mut table = Table::new(&name);
    for fact in default_fields {
        table.add_fact(&place, place.text("defaultFields", fact)?)?;
    }
    for (tag, field) in fields {
        table.add_field(tag, field)?;
    }
    let (shape, columns, schema) = table.finish()?;
    let filter = self::filter(&name, filter, exclude)?;
    if shape == Shape::Point && filter.closing != Closing::All {
        return Err(place.bad("its filter asks for open or closed ways, and its features are points"));
    }
    let layer = Layer { name, schema, crs: vec![columns::wgs84()], ..Layer::default() };
    Ok(Rule { filter, shape, columns, layer })
}

fn filter(
    rule: &str,
    wanted: Vec<(String, Json)>,
    unwanted: Vec<(String, Json)>,
) -> Result<Filter, BadMapping> {
    let mut filter = Filter::default();
    for (tag, values) in wanted {
        let place = Place(format!("rule '{rule}', filter '{tag}'"));
        let values = place.texts("it", values)?;
        if tag == GEOM {
            filter.closing = closing(rule, &place, &values)?;
        } else {
            filter.wanted.push(Condition { tag, values });
        }
    }
    for (tag, values) in unwanted {
        let place = Place(format!("rule '{rule}', exclude '{tag}'"));
        if tag == GEOM {
            return Err(place.bad("'geom' belongs into the filter"));
        }
        match values {
            Json::Null => filter.mandatory.push(tag),
            values => filter.unwanted.push(Condition { values: place.texts("it", values)?, tag }),
        }
    }
    Ok(filter)
}

fn closing(rule: &str, place: &Place, values: &[String]) -> Result<Closing, BadMapping> {
    match values {
        [one] => match one.as_str() {
            "open" => Ok(Closing::Open),
            "closed" => Ok(Closing::Closed),
            "all" => Ok(Closing::All),
            other => Err(BadMapping::Modifier { rule: rule.to_owned(), modifier: other.to_owned() }),
        },
        _ => Err(place.bad("it must hold one of open, closed and all")),
    }
}

/// The columns of a rule's layer, as far as they are known.
struct Table<'a> {
    rule: &'a str,
    contents: Vec<Content>,
    columns: Vec<Column>,
    /// The field that is the geometry.
    geometry: Option<(String, Shape)>,
}

impl<'a> Table<'a> {
    fn new(rule: &'a str) -> Self {
        let id = columns::column("id", DataType::Integer { size: 64 });
        Self {
            rule,
            contents: vec![Content::Id],
            columns: vec![Column { primary_key: true, ..id }],
            geometry: None,
        }
    }

    fn add_fact(&mut self, place: &Place, name: String) -> Result<(), BadMapping> {
        let known = FACTS.iter().find(|(known, _)| *known == name);
        let (_, fact) = known.ok_or_else(|| {
            let names = FACTS.map(|(name, _)| name).join(", ");
            place.bad(format!("'{name}' is no default field; there are {names}"))
        })?;
        let data_type = match fact {
            Fact::Visible => DataType::Boolean,
            Fact::Timestamp => DataType::Timestamp { utc: true },
            Fact::Changeset => DataType::Integer { size: 64 },
            Fact::Version => DataType::Integer { size: 32 },
            Fact::Tags | Fact::User => DataType::Text { length: None },
        };
        self.add(&name.clone(), columns::column(&name, data_type), Content::Fact(*fact))
    }

    fn add_field(&mut self, tag: String, json: Json) -> Result<(), BadMapping> {
        let place = Place(format!("rule '{}', field '{tag}'", self.rule));
        let [name, kind] = place.members(json, ["name", "type"])?;
        let name = place.text("name", place.required("name", name)?)?;
        let kind = place.text("type", place.required("type", kind)?)?;
        if name.trim().is_empty() {
            return Err(place.bad("its name is empty"));
        }
        if let Some((shape, wkt)) = shape(&kind) {
            if let Some((first, _)) = &self.geometry {
                let (rule, first) = (self.rule.to_owned(), first.clone());
                return Err(BadMapping::TwoGeometries { rule, first, second: tag });
            }
            self.add(&tag, columns::geometry(&name, wkt), Content::Geometry)?;
            self.geometry = Some((tag, shape));
            return Ok(());
        }
        let field_type = FieldType::named(&kind).ok_or_else(|| {
            let known = FieldType::names();
            place.bad(format!(
                "a tag cannot be read as '{kind}'; there are {known}, POINT, LINESTRING and POLYGON"
            ))
        })?;
        let warning =
            format!("has a value of '{tag}' that is no {} for layer '{}'", kind.to_uppercase(), self.rule);
        let column = columns::column(&name, field_type.data_type());
        self.add(&tag.clone(), column, Content::Tag(Field { tag, kind: field_type, warning }))
    }

    /// SQLite, where Kart's users edit layers, tells columns apart without regard to case.
    fn add(&mut self, field: &str, column: Column, content: Content) -> Result<(), BadMapping> {
        let is_same = |other: &Column| other.name.to_lowercase() == column.name.to_lowercase();
        if self.columns.iter().any(is_same) {
            let (rule, field) = (self.rule.to_owned(), field.to_owned());
            return Err(BadMapping::SameColumn { rule, field, column: column.name });
        }
        if self.columns.len() > MOST_FIELDS {
            return Err(Place::rule(self.rule).bad(format!("it has more than {MOST_FIELDS} fields")));
        }
        self.columns.push(column);
        self.contents.push(content);
        Ok(())
    }

    fn finish(mut self) -> Result<(Shape, Vec<Content>, Schema), BadMapping> {
        let Some((_, shape)) = self.geometry else {
            return Err(BadMapping::NoGeometry { rule: self.rule.to_owned() });
        };
        if shape != Shape::Point {
            self.add("nodes", columns::text("nodes"), Content::Refs)?;
        }
        Ok((shape, self.contents, Schema { columns: self.columns }))
    }
}

fn shape(kind: &str) -> Option<(Shape, &'static str)> {
    const SHAPES: [(Shape, &str); 3] =
        [(Shape::Point, "POINT"), (Shape::Line, "LINESTRING"), (Shape::Polygon, "POLYGON")];
    SHAPES.into_iter().find(|(_, wkt)| wkt.eq_ignore_ascii_case(kind))
}

/// Where in a mapping something stands, for messages.
struct Place(String);

impl Place {
    fn rule(name: &str) -> Self {
        Self(format!("rule '{name}'"))
    }

    fn bad(&self, reason: impl Into<String>) -> BadMapping {
        BadMapping::Form { place: self.0.clone(), reason: reason.into() }
    }

    /// The members of these names; null counts as none. There may be no others, and none twice.
    fn members<const N: usize>(&self, json: Json, names: [&str; N]) -> Result<[Option<Json>; N], BadMapping> {
        let mut found = [const { None }; N];
        for (name, value) in self.object("it", json)? {
            let at = names.iter().position(|known| *known == name);
            let at = at
                .ok_or_else(|| self.bad(format!("there is no '{name}'; it may have {}", names.join(", "))))?;
            found[at] = (value != Json::Null).then_some(value);
        }
        Ok(found)
    }

    fn required(&self, name: &str, value: Option<Json>) -> Result<Json, BadMapping> {
        value.ok_or_else(|| self.bad(format!("'{name}' is missing")))
    }

    fn text(&self, name: &str, json: Json) -> Result<String, BadMapping> {
        match json {
            Json::Text(text) => Ok(text),
            other => Err(self.bad(format!("'{name}' must be a text and is {}", other.kind()))),
        }
    }

    fn list(&self, name: &str, json: Json) -> Result<Vec<Json>, BadMapping> {
        match json {
            Json::List(list) => Ok(list),
            other => Err(self.bad(format!("'{name}' must be a list and is {}", other.kind()))),
        }
    }

    fn texts(&self, name: &str, json: Json) -> Result<Vec<String>, BadMapping> {
        self.list(name, json)?.into_iter().map(|item| self.text(name, item)).collect()
    }

    fn object(&self, name: &str, json: Json) -> Result<Vec<(String, Json)>, BadMapping> {
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
