//! Parses numbers, coordinates and timestamps in attribute values.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// An integer.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A coordinate in degrees, as a multiple of 10⁻⁷ degrees. Further digits are rounded. It may be beyond those of Earth.
pub(super) fn degrees(text: &str) -> Option<i64> {
    fixed(text).or_else(|| exponential(text))
}

/// The usual form `-12.3456789`, with at most seven digits after the point.
fn fixed(text: &str) -> Option<i64> {
    const DIGITS: i32 = 7;
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut units: i64 = 0;
    let mut after_point: Option<i32> = None;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' if after_point == Some(DIGITS) => return None,
            b'0'..=b'9' => {
                units = units.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                after_point = after_point.map(|count| count + 1);
            }
            b'.' if after_point.is_none() => after_point = Some(0),
            _ => return None,
        }
    }
    let has_digits = digits.len() > usize::from(after_point.is_some());
    let missing = (DIGITS - after_point.unwrap_or(0)) as u32;
    let units = units.checked_mul(10_i64.pow(missing))?;
    has_digits.then_some(if is_negative { -units } else { units })
}

/// Other forms of a number: with an exponent, or with more digits.
fn exponential(text: &str) -> Option<i64> {
    let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    let degrees: f64 = text.parse().ok().filter(|_| is_number)?;
    // The conversion saturates.
    degrees.is_finite().then_some((degrees * 1e7).round() as i64)
}

/// Milliseconds since 1970 of `YYYY-MM-DDThh:mm:ssZ`, or of another form of RFC 3339.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let moment = match plain_timestamp(text.as_bytes()) {
        Some(moment) => moment,
        None => text.parse().ok()?,
    };
    Some(moment.as_millisecond())
}

fn plain_timestamp(text: &[u8]) -> Option<Timestamp> {
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, b'Z'] =
        *text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let two = |digits: [u8; 2]| number(&digits).map(|number| number as i8);
    let moment = DateTime::new(
        number(&[y1, y2, y3, y4])?,
        two([mo1, mo2])?,
        two([d1, d2])?,
        two([h1, h2])?,
        two([mi1, mi2])?,
        two([s1, s2])?,
        0,
    );
    Offset::UTC.to_timestamp(moment.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_to_the_seventh_digit() {
        for (text, units) in [
            ("7.1923367", 71_923_367),
            ("-0.5", -5_000_000),
            ("180", 1_800_000_000),
            ("-180.0000000", -1_800_000_000),
            (".25", 2_500_000),
            ("5.", 50_000_000),
            ("1.23456789", 12_345_679),
            ("1.5e1", 150_000_000),
            ("-0", 0),
            ("500", 5_000_000_000),
            ("-214.7483648", -2_147_483_648),
            ("1e99", i64::MAX),
        ] {
            assert_eq!(degrees(text), Some(units), "{text}");
        }
        for text in ["", ".", "-", "NaN", "inf", "1,5", "--1", "1e999", "0x1", "1.2.3"] {
            assert_eq!(degrees(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_are_read_in_the_usual_form_and_in_other_forms_of_rfc_3339() {
        assert_eq!(timestamp("2014-10-07T16:09:00Z"), Some(1_412_698_140_000));
        assert_eq!(timestamp("2014-10-07T16:09:00.574Z"), Some(1_412_698_140_574));
        assert_eq!(timestamp("2014-10-07T18:09:00+02:00"), Some(1_412_698_140_000));
        for text in ["", "yesterday", "2014-13-07T16:09:00Z", "2014-10-07T16:09:0xZ"] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }
}
