use std::{str::FromStr, time::Duration};

use serde::Deserialize;

/// A duration in the form `10m`, `1h 30m` or `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HumanDuration(pub Duration);

/// The text is not a duration.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a duration: write a number and a unit, as in 90s, 10m or 1h 30m")]
pub struct InvalidHumanDuration(String);

impl FromStr for HumanDuration {
    type Err = InvalidHumanDuration;

    fn from_str(text: &str) -> Result<Self, InvalidHumanDuration> {
        let span = text.parse::<jiff::SignedDuration>().ok().and_then(|span| span.try_into().ok());
        span.map(Self).ok_or_else(|| InvalidHumanDuration(text.to_owned()))
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = InvalidHumanDuration;

    fn try_from(text: String) -> Result<Self, InvalidHumanDuration> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_with_their_units() {
        for (text, seconds) in [("10m", 600), ("90s", 90), ("1h 30m", 5400), ("0s", 0)] {
            assert_eq!(
                text.parse::<HumanDuration>().unwrap(),
                HumanDuration(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for bad in ["", "10", "-5m", "soon"] {
            assert!(bad.parse::<HumanDuration>().is_err(), "{bad:?}");
        }
    }
}
