//! Parameters of a query string or a form, as serde structs.

use std::{borrow::Cow, fmt, vec};

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor},
    forward_to_deserialize_any,
};

use crate::ApiError;

/// Extracts the parameters of the query string into the struct `T`.
///
/// Parameters that are no fields of `T` are ignored. Of a parameter that comes more than once the first value counts.
///
/// # Rejection
/// 400, with a sentence that begins with the parameter's name: `limit must be a number.`
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = request.uri.query().unwrap_or_default();
        from_pairs(form_urlencoded::parse(query.as_bytes())).map(Self)
    }
}

/// Deserializes names and values as [`Query`] does, wherever they come from.
///
/// Integers and `bool`s (`true` or `false`, in any letter case) are parsed; a type that is deserialized from a string, such as
/// one with `#[serde(try_from = "String")]`, reports what its value must be: `must not be empty.`
///
/// # Errors
/// 400, as described at [`Query`].
pub fn from_pairs<'a, T: Deserialize<'a>>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Result<T, ApiError> {
    T::deserialize(Pairs(pairs.into_iter())).map_err(|error| ApiError::bad_request(error.0))
}

/// `true` in any letter case is true; any other value is false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Cow<str>")]
pub struct Flag(pub bool);

impl From<Cow<'_, str>> for Flag {
    fn from(value: Cow<'_, str>) -> Self {
        Self(value.eq_ignore_ascii_case("true"))
    }
}

/// What is wrong with a value, or, once its name is known, with the parameter.
#[derive(Debug)]
struct ParameterError(String);

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParameterError {}

impl de::Error for ParameterError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self(format!("{name} is missing."))
    }
}

struct Pairs<I>(I);

impl<'de, I: Iterator<Item = (Cow<'de, str>, Cow<'de, str>)>> Deserializer<'de> for Pairs<I> {
    type Error = ParameterError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        let mut fields = Vec::<(&'static str, Cow<'de, str>)>::new();
        for (name, value) in self.0 {
            let known = names.iter().find(|known| **known == name);
            fields.extend(
                known.filter(|name| !fields.iter().any(|(seen, _)| seen == *name)).map(|name| (*name, value)),
            );
        }
        visitor.visit_map(Fields { rest: fields.into_iter(), value: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ParameterError> {
        Err(de::Error::custom("parameters are deserialized into a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'de> {
    rest: vec::IntoIter<(&'static str, Cow<'de, str>)>,
    value: Option<(&'static str, Cow<'de, str>)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = ParameterError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ParameterError> {
        self.value = self.rest.next();
        let name = self.value.as_ref().map(|(name, _)| *name);
        name.map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ParameterError> {
        let (name, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Value(value)).map_err(|error| ParameterError(format!("{name} {error}")))
    }
}

struct Value<'de>(Cow<'de, str>);

impl Value<'_> {
    fn number<T: std::str::FromStr>(&self) -> Result<T, ParameterError> {
        self.0.trim().parse().map_err(|_| de::Error::custom("must be a number."))
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = ParameterError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        match &self.0 {
            value if value.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            value if value.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => Err(de::Error::custom("must be true or false.")),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_i64(self.number()?)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 u32 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Params {
        show: Option<usize>,
        dry_run: bool,
        name: Option<String>,
        verbose: Flag,
    }

    fn parsed(query: &str) -> Result<Params, String> {
        from_pairs(form_urlencoded::parse(query.as_bytes())).map_err(|error| error.message.into_owned())
    }

    #[test]
    fn the_first_value_of_each_field_counts() {
        let expected = Params { show: Some(7), dry_run: true, name: Some("a b".into()), verbose: Flag(true) };
        let query = "show=7&show=x&dryRun=TRUE&name=a+b&other=1&verbose=True&dry_run=x";
        assert_eq!(parsed(query), Ok(expected));
        assert_eq!(parsed(""), Ok(Params::default()));
        assert_eq!(parsed("verbose=1"), Ok(Params::default()));
    }

    #[test]
    fn an_error_begins_with_the_name_of_its_parameter() {
        assert_eq!(parsed("show=x").unwrap_err(), "show must be a number.");
        assert_eq!(parsed("show=-1").unwrap_err(), "show must be a number.");
        assert_eq!(parsed("dryRun=").unwrap_err(), "dryRun must be true or false.");

        #[derive(Debug, Deserialize)]
        struct Required {
            _name: String,
        }
        let error = from_pairs::<Required>([]).expect_err("a parameter is missing");
        assert_eq!(error.message, "_name is missing.");
    }
}
