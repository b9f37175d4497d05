//! The parameters of a request, wherever they stand.

use std::str::FromStr;

use longhaul_tasks_web::ApiError;

/// Names and values, in order; a name may come again. Unknown names do no harm.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a query, or of a form that is written like one.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Those of a body.
    pub(super) fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// These, and where they are silent the `weaker`.
    pub(super) fn or(mut self, weaker: Self) -> Self {
        let added = weaker.0.into_iter().filter(|(name, _)| !self.has(name)).collect::<Vec<_>>();
        self.0.extend(added);
        self
    }

    /// Whether the name stands there, whatever it says.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All of them, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value, if it says anything.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// All values that say anything.
    pub(super) fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str());
        values.filter(|value| !value.is_empty())
    }

    /// Whether the value is `true`, in any letter case; 400 if it is neither that nor `false`. For flags whose
    /// misreading would cost something.
    pub(super) fn strict_flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::bad_request(format!("{name} must be true or false."))),
        }
    }

    /// Whether the value is `true`, in any letter case.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The value as a number; 400 if it is none.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let number = |text: &str| {
            text.trim().parse().map_err(|_| ApiError::bad_request(format!("{name} must be a number.")))
        };
        self.text(name).map(number).transpose()
    }
}
