//! Writes timestamps as text.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// The date and time in UTC; `None` outside of the years 0 to 9999.
pub(super) fn to_date_time(milliseconds: i64) -> Option<DateTime> {
    let date_time = Timestamp::from_millisecond(milliseconds).ok()?;
    let date_time = Offset::UTC.to_datetime(date_time);
    (0..=9999).contains(&date_time.year()).then_some(date_time)
}

/// Writes `YYYY-MM-DDThh:mm:ss`, and milliseconds if there are any.
pub(super) fn write(date_time: DateTime, out: &mut String) {
    let (century, year) = (date_time.year() / 100, date_time.year() % 100);
    two_digits(century as u8, out);
    for (number, after) in [(year as u8, '-'), (date_time.month() as u8, '-'), (date_time.day() as u8, 'T')] {
        two_digits(number, out);
        out.push(after);
    }
    for (number, after) in [(date_time.hour() as u8, ':'), (date_time.minute() as u8, ':')] {
        two_digits(number, out);
        out.push(after);
    }
    two_digits(date_time.second() as u8, out);
    let milliseconds = date_time.millisecond();
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
