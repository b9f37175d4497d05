use std::{str::FromStr, time::Duration};

use serde::Deserialize;

/// A duration in the form `10m`, `1h 30m`, `90s` or `7d`; a day has 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HumanDuration(pub Duration);

/// The text is not a duration.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a duration: write a number and a unit, as in 90s, 10m, 1h 30m or 7d")]
pub struct InvalidHumanDuration(String);

impl FromStr for HumanDuration {
    type Err = InvalidHumanDuration;

    fn from_str(text: &str) -> Result<Self, InvalidHumanDuration> {
        duration(text).map(Self).ok_or_else(|| InvalidHumanDuration(text.to_owned()))
    }
}

fn duration(text: &str) -> Option<Duration> {
    let span = text.parse::<jiff::Span>().ok()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
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
        for (text, seconds) in
            [("10m", 600), ("90s", 90), ("1h 30m", 5400), ("0s", 0), ("7d", 604_800), ("1w 1d", 691_200)]
        {
            assert_eq!(
                text.parse::<HumanDuration>().unwrap(),
                HumanDuration(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for bad in ["", "10", "-5m", "soon", "1month", "-1d"] {
            assert!(bad.parse::<HumanDuration>().is_err(), "{bad:?}");
        }
    }
}
