//! Queries for an Overpass server.

use std::time::Duration;

/// The timeout of a query without a `timeout` setting.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(180);

/// A query in [Overpass QL](https://wiki.openstreetmap.org/wiki/Overpass_API/Overpass_QL), or in the XML form of it.
///
/// Only the settings at its beginning are parsed. The server checks the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    text: String,
    timeout: Duration,
}

/// Why a query cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// It is empty.
    #[error("The filter is empty")]
    Empty,
    /// It asks for another output format than OSM XML.
    #[error("The filter asks for [out:{0}], and only XML can be read: leave that setting out")]
    Format(String),
}

impl Query {
    /// Parses the settings of a query.
    ///
    /// # Errors
    /// If it is empty or asks for an output format that is not XML.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidQuery> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidQuery::Empty);
        }
        let mut timeout = DEFAULT_TIMEOUT;
        for (name, value) in settings(&text) {
            match name {
                "out" if value != "xml" => {
                    let format = value.split(['(', ' ']).next().unwrap_or_default();
                    return Err(InvalidQuery::Format(format.to_owned()));
                }
                "timeout" => timeout = value.parse().map_or(timeout, Duration::from_secs),
                _ => {}
            }
        }
        Ok(Self { text, timeout })
    }

    /// The text of the query.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How long the server may work on it.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// The settings `[name:value]` at the beginning of the query. Comments are skipped.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = without_comments(rest);
        let (setting, after) = rest.strip_prefix('[')?.split_once(']')?;
        rest = after;
        let (name, value) = setting.split_once(':').unwrap_or((setting, ""));
        Some((name.trim(), value.trim()))
    })
}

fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        if let Some(comment) = text.strip_prefix("//") {
            text = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = text.strip_prefix("/*") {
            text = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(text: &str) -> u64 {
        Query::new(text).unwrap().timeout().as_secs()
    }

    #[test]
    fn the_timeout_is_a_setting_of_the_query() {
        assert_eq!(timeout("node(1,2,3,4);out meta;"), 180);
        assert_eq!(timeout("[timeout:25];node(1);out meta;"), 25);
        assert_eq!(timeout("/* [timeout:1] */ // [timeout:2]\n [out:xml] [ timeout : 900 ];out;"), 900);
        assert_eq!(timeout("[timeout:soon];out;"), 180);
        assert_eq!(timeout("node[\"timeout:7\"];out;"), 180);
        assert_eq!(timeout("<osm-script timeout=\"7\"/>"), 180);
    }

    #[test]
    fn an_empty_query_or_another_output_format_than_xml_is_refused() {
        assert_eq!(Query::new(" \n"), Err(InvalidQuery::Empty));
        for (text, form) in
            [("[out:json];node(1);out;", "json"), ("[bbox:1,2,3,4][out:csv(::id; true)];out;", "csv")]
        {
            assert_eq!(Query::new(text), Err(InvalidQuery::Format(form.into())), "{text}");
        }
        assert!(Query::new("[out:xml];node(1);out;").is_ok());
    }
}
