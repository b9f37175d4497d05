//! The parameters of a request: in its query, or in its body.

use std::borrow::Cow;

use axum::{extract::FromRequestParts, http::request::Parts};
use longhaul_tasks_web::{ApiError, from_pairs};
use serde::{Deserialize, de::DeserializeOwned};

/// Extracts the parameters of the query into a struct, by [`Parameters::parse`].
pub(super) struct Params<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Parameters::of_query(request.uri.query()).parse().map(Self)
    }
}

/// For a command without parameters of its own.
#[derive(Deserialize)]
pub(super) struct NoParams {}

/// Names and values in order; a name may come more than once.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a query, or of a form, which has the same syntax.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Those of a body.
    pub(super) fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// These, and those of the `weaker` that have other names.
    pub(super) fn or(mut self, weaker: Self) -> Self {
        let added = weaker.0.into_iter().filter(|(name, _)| !self.has(name)).collect::<Vec<_>>();
        self.0.extend(added);
        self
    }

    /// Whether there is a parameter of this name, even an empty one.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All of them, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// All values that are not empty.
    pub(super) fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str());
        values.filter(|value| !value.is_empty())
    }

    /// Deserializes them into a struct. Empty values are ignored; of the others of one name the first counts.
    ///
    /// # Errors
    /// 400, naming the parameter, for a value that is not of its type. 400 for every `transactionId`, whatever the command: there
    /// are no transactions.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        if self.text("transactionId").is_some() {
            // GeoGig's text.
            return Err(ApiError::bad_request("A transaction with the provided ID could not be found."));
        }
        let pairs = self.pairs().filter(|(_, value)| !value.is_empty());
        from_pairs(pairs.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))))
    }
}
