//! The parameters of PROJ that describe a system.

use longhaul_geodata::crs::arguments;

/// Parameters of PROJ, `+name=value` or `+name`, in their order.
pub(crate) struct ProjString(Vec<(String, Option<String>)>);

/// What describes the datum, and what has no effect here. The datum is described by [`crate::datum::Datum`]; above all,
/// no definition may name a file of grids.
const LEFT_OUT: [&str; 8] =
    ["datum", "towgs84", "nadgrids", "geoidgrids", "vunits", "vto_meter", "no_defs", "wktext"];

impl ProjString {
    pub(crate) fn parse(text: &str) -> Self {
        let parameters = text.split_ascii_whitespace().filter_map(|word| word.strip_prefix('+'));
        Self(
            parameters
                .map(|parameter| match parameter.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (parameter.to_owned(), None),
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name)?.1.as_deref()
    }

    /// The projection and the ellipsoid, without the datum; `spheroid` is half axis and inverse flattening.
    pub(crate) fn without_datum(&self, spheroid: Option<(f64, f64)>) -> String {
        let kept = self.0.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
        let mut text: Vec<String> = kept
            .map(|(name, value)| match value {
                Some(value) => format!("+{name}={value}"),
                None => format!("+{name}"),
            })
            .collect();
        let has_ellipsoid = ["ellps", "a", "R"].iter().any(|name| self.get(name).is_some());
        match spheroid {
            Some((a, 0.0)) if !has_ellipsoid => text.push(format!("+a={a} +b={a}")),
            Some((a, rf)) if !has_ellipsoid => text.push(format!("+a={a} +rf={rf}")),
            _ => {}
        }
        text.join(" ")
    }
}

/// Half axis in metres and inverse flattening (0 for a sphere) of a geographic system in WKT 1.
pub(crate) fn spheroid(wkt: &str, geographic: &[&str]) -> Option<(f64, f64)> {
    let arguments = arguments(wkt, &[geographic, &["DATUM", "SPHEROID"]].concat())?;
    let [_, a, rf, ..] = arguments.as_slice() else { return None };
    Some((a.parse().ok()?, rf.parse().ok()?))
}
