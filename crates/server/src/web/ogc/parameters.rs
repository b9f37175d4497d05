//! The parameters of a request. Unlike elsewhere, unknown ones are errors: the standard wants it.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use longhaul_tasks_web::ApiError;

use crate::web::parameters::Parameters as AllParameters;

/// Those that clients add to ask for JSON, which is all that there is.
const FORMAT: [&str; 2] = ["f", "output_format"];

/// The parameters of a query.
pub(super) struct Parameters(AllParameters);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(AllParameters::of_query(request.uri.query())))
    }
}

impl Parameters {
    /// Checks that there are no others than these.
    ///
    /// # Errors
    /// 400, naming the first other one.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), ApiError> {
        let mut names = self.0.pairs().map(|(name, _)| name);
        match names.find(|name| !known.contains(name) && !FORMAT.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                Err(ApiError::bad_request(match known {
                    [] => format!("Unknown parameter '{name}': this resource has none."),
                    _ => format!("Unknown parameter '{name}'. There are: {}.", known.join(", ")),
                }))
            }
        }
    }

    /// The value of a parameter, if it is there and not empty.
    ///
    /// # Errors
    /// 400 if it is there more than once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.texts(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(ApiError::bad_request(format!("There can be only one {name}."))),
            None => Ok(first),
        }
    }

    /// All parameters but one, as a query.
    pub(super) fn without(&self, left_out: &str) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.0.pairs().filter(|(name, _)| *name != left_out));
        query
    }
}
