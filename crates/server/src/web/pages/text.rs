//! Numbers and times as pages show them.

use std::fmt::Display;

use jiff::{SignedDuration, Timestamp};

/// A whole number, with its digits in groups: `12,345`.
pub(super) fn count(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 feature`, `12,345 features`.
pub(super) fn counted(number: impl Display, unit: &str) -> String {
    let number = count(number);
    match (number.as_str(), unit.strip_suffix('y')) {
        ("1", _) => format!("1 {unit}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {unit}s"),
    }
}

/// `2.4 GB`, in powers of a thousand.
pub(super) fn bytes(number: u64) -> String {
    let mut number = number as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if number < 1000.0 {
            return if unit == "bytes" { format!("{number} {unit}") } else { format!("{number:.1} {unit}") };
        }
        number /= 1000.0;
    }
    format!("{number:.1} TB")
}

/// A moment, which the script shows in the reader's time zone.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// RFC 3339.
    pub(super) machine: String,
    /// In UTC, where there is no script.
    pub(super) shown: String,
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self { machine: time.to_string(), shown: time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}

impl Moment {
    /// Of milliseconds since 1970.
    pub(super) fn of_millis(millis: i64) -> Self {
        Timestamp::from_millisecond(millis).unwrap_or_default().into()
    }
}

/// `340 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn duration(length: SignedDuration) -> String {
    let millis = length.as_millis().max(0);
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => format!("{:.1} s", millis as f64 / 1000.0),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups_and_units() {
        assert_eq!([count(0), count(999), count(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([counted(1, "feature"), counted(2, "repository")], ["1 feature", "2 repositories"]);
        assert_eq!([bytes(999), bytes(1_200), bytes(2_500_000_000)], ["999 bytes", "1.2 kB", "2.5 GB"]);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let shown = |millis| duration(SignedDuration::from_millis(millis));
        assert_eq!([shown(-5), shown(340), shown(12_500)], ["0 ms", "340 ms", "12.5 s"]);
        assert_eq!([shown(200_000), shown(7_500_000)], ["3 min 20 s", "2 h 5 min"]);
    }
}
