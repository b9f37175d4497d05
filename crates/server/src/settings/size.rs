use std::{fmt, str::FromStr};

use serde::Deserialize;

/// A number of bytes in the form `16GiB`, `500 MB` or `1024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "RawSize")]
pub struct Size(pub u64);

/// The text is not a size.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a size: write a number and a unit, as in 500MB or 16GiB")]
pub struct InvalidSize(String);

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1000 * 1000),
    ("gb", 1000 * 1000 * 1000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let invalid = || InvalidSize(text.to_owned());
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?.1;
        let number: u64 = number.parse().map_err(|_| invalid())?;
        number.checked_mul(factor).map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for Size {
    /// Uses the largest unit that divides the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let fitting = units.into_iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor));
        match fitting {
            Some((unit, factor)) => write!(f, "{} {unit}", self.0 / factor),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// The forms that the settings file may use.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawSize {
    Bytes(u64),
    Text(String),
}

impl TryFrom<RawSize> for Size {
    type Error = InvalidSize;

    fn try_from(raw: RawSize) -> Result<Self, InvalidSize> {
        match raw {
            RawSize::Bytes(bytes) => Ok(Self(bytes)),
            RawSize::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed_and_displayed_with_their_unit() {
        for (text, bytes, again) in [
            ("16GiB", 16 << 30, "16 GiB"),
            ("1 gib", 1 << 30, "1 GiB"),
            ("500MB", 500_000_000, "500000000 bytes"),
            ("1536kib", 1536 << 10, "1536 KiB"),
            ("0", 0, "0 bytes"),
            ("17", 17, "17 bytes"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, again), "{text}");
        }
    }

    #[test]
    fn an_invalid_size_is_refused() {
        for bad in ["", "GiB", "-1", "1.5GiB", "12 parsecs", "99999999999999999999", "99999999TiB"] {
            assert!(bad.parse::<Size>().is_err(), "{bad:?}");
        }
    }
}
