use std::{str::FromStr, time::Duration};

use serde::Deserialize;

/// A time span, written `10m`, `1h 30m` or `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Keep(pub Duration);

/// The text is no time span.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no time: write a number and a unit, as in 90s, 10m or 1h 30m")]
pub struct InvalidKeep(String);

impl Default for Keep {
    fn default() -> Self {
        Self(Duration::from_secs(10 * 60))
    }
}

impl FromStr for Keep {
    type Err = InvalidKeep;

    fn from_str(text: &str) -> Result<Self, InvalidKeep> {
        let span = text.parse::<jiff::SignedDuration>().ok().and_then(|span| span.try_into().ok());
        span.map(Self).ok_or_else(|| InvalidKeep(text.to_owned()))
    }
}

impl TryFrom<String> for Keep {
    type Error = InvalidKeep;

    fn try_from(text: String) -> Result<Self, InvalidKeep> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        for (text, seconds) in [("10m", 600), ("90s", 90), ("1h 30m", 5400), ("0s", 0)] {
            assert_eq!(text.parse::<Keep>().unwrap(), Keep(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "10", "-5m", "soon"] {
            assert!(bad.parse::<Keep>().is_err(), "{bad:?}");
        }
    }
}
