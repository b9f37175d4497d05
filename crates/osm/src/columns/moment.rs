//! Moments as texts.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// Date and time of day in UTC; nothing for a moment that no calendar has.
pub(super) fn civil(milliseconds: i64) -> Option<DateTime> {
    let moment = Timestamp::from_millisecond(milliseconds).ok()?;
    let moment = Offset::UTC.to_datetime(moment);
    (0..=9999).contains(&moment.year()).then_some(moment)
}

/// Writes `YYYY-MM-DDThh:mm:ss`, and milliseconds if there are any.
pub(super) fn write(moment: DateTime, out: &mut String) {
    let (century, year) = (moment.year() / 100, moment.year() % 100);
    two_digits(century as u8, out);
    for (number, after) in [(year as u8, '-'), (moment.month() as u8, '-'), (moment.day() as u8, 'T')] {
        two_digits(number, out);
        out.push(after);
    }
    for (number, after) in [(moment.hour() as u8, ':'), (moment.minute() as u8, ':')] {
        two_digits(number, out);
        out.push(after);
    }
    two_digits(moment.second() as u8, out);
    let milliseconds = moment.millisecond();
    if milliseconds > 0 {
        out.push('.');
        out.push(digit((milliseconds / 100) as u8));
        two_digits((milliseconds % 100) as u8, out);
    }
}

fn two_digits(number: u8, out: &mut String) {
    out.push(digit(number / 10));
    out.push(digit(number % 10));
}

fn digit(number: u8) -> char {
    char::from(b'0' + number % 10)
}
