//! Parses the JSON of a mapping.

use longhaul_geodata::Layer;

use super::{
    columns::RuleColumns,
    error::MappingError,
    filter::{RuleFilter, TagCondition, WayShape},
    json::Json,
    path::MappingPath,
    rule::{Rule, RuleGeometry},
};
use crate::{RawNodes, RawWays, columns::wgs84};

/// The member of a filter that selects open or closed ways.
const GEOM: &str = "geom";
/// The layers that hold all nodes and all ways.
const RAW_LAYERS: [&str; 2] = [RawNodes::NAME, RawWays::NAME];
/// The maximum number of rules. Each of them is evaluated for every entity.
const MAX_RULES: usize = 1000;

/// Parses a mapping and checks all of it.
pub(super) fn rules(text: &str) -> Result<Vec<Rule>, MappingError> {
    let json: Json = serde_json::from_str(text).map_err(|error| MappingError::Json(error.to_string()))?;
    let path = MappingPath("the mapping".to_owned());
    let [rules] = path.members(json, ["rules"])?;
    let rules = path.list("rules", path.required("rules", rules)?)?;
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(path.error(format!("it must have between 1 and {MAX_RULES} rules")));
    }
    let mut parsed: Vec<Rule> = Vec::with_capacity(rules.len());
    for (index, rule) in rules.into_iter().enumerate() {
        let rule = self::rule(rule, index + 1)?;
        let name = &rule.layer.name;
        let others = parsed.iter().map(|other| other.layer.name.as_str()).chain(RAW_LAYERS);
        for other in others {
            check_beside(name, other).map_err(|reason| MappingPath::rule(name).error(reason))?;
        }
        parsed.push(rule);
    }
    Ok(parsed)
}

/// Checks that the layer of a rule can be beside another layer. The path of a layer is its name, and a layer is a folder that
/// no other layer can be in.
fn check_beside(name: &str, other: &str) -> Result<(), String> {
    let is_inside = |inner: &str, outer: &str| {
        inner.to_lowercase().strip_prefix(&outer.to_lowercase()).is_some_and(|rest| rest.starts_with('/'))
    };
    if name.to_lowercase() == other.to_lowercase() {
        Err("another rule has that name".to_owned())
    } else if is_inside(name, other) {
        Err(format!("its layer would be inside the layer '{other}'"))
    } else if is_inside(other, name) {
        Err(format!("the layer '{other}' would be inside its layer"))
    } else {
        Ok(())
    }
}

fn rule(json: Json, number: usize) -> Result<Rule, MappingError> {
    let path = MappingPath(format!("rule {number}"));
    let members = path.members(json, ["name", "filter", "exclude", "fields", "defaultFields"])?;
    let [name, filter, exclude, fields, default_fields] = members;
    let name = path.text("name", path.required("name", name)?)?;
    let path = MappingPath::rule(&name);
    if name.trim().is_empty() || RAW_LAYERS.iter().any(|raw| raw.eq_ignore_ascii_case(&name)) {
        return Err(path.error("a layer cannot have that name; 'node' and 'way' hold all nodes and ways"));
    }
    let filter = path.object("filter", path.required("filter", filter)?)?;
    let exclude = exclude.map_or(Ok(Vec::new()), |exclude| path.object("exclude", exclude))?;
    let default_fields =
        default_fields.map_or(Ok(Vec::new()), |fields| path.list("defaultFields", fields))?;
    let fields = path.object("fields", path.required("fields", fields)?)?;

    let mut columns = RuleColumns::new(&name);
    for attribute in default_fields {
        columns.add_attribute(&path, path.text("defaultFields", attribute)?)?;
    }
    for (tag, field) in fields {
        columns.add_field(tag, field)?;
    }
    let (geometry, sources, schema) = columns.finish()?;
    let filter = self::filter(&name, filter, exclude)?;
    if geometry == RuleGeometry::Point && filter.way_shape != WayShape::All {
        return Err(path.error("its filter asks for open or closed ways, and its features are points"));
    }
    let layer = Layer { name, schema, crs: vec![wgs84()], ..Layer::default() };
    Ok(Rule { filter, geometry, columns: sources, layer })
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
            return Err(path.error("'geom' belongs into the filter"));
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
        _ => Err(path.error("it must hold one of open, closed and all")),
    }
}
