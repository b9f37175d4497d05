//! Writes JSON for text columns: without white space, and with as few escapes as possible.

/// Writes an object whose values are strings.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>, out: &mut String) {
    let mut separator = '{';
    for (key, value) in members {
        out.push(separator);
        string(key, out);
        out.push(':');
        string(value, out);
        separator = ',';
    }
    if separator == '{' {
        out.push(separator);
    }
    out.push('}');
}

/// Writes an array of integers.
pub(super) fn array(numbers: &[i64], out: &mut String) {
    let mut digits = itoa::Buffer::new();
    out.push('[');
    for (at, number) in numbers.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(digits.format(*number));
    }
    out.push(']');
}

/// Writes a string. By [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-7) only quotes, backslashes and control
/// characters must be escaped.
fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    let must_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    while let Some(at) = rest.bytes().position(must_escape) {
        out.push_str(&rest[..at]);
        escape(rest.as_bytes()[at], out);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => {
            let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
            out.push_str("\\u00");
            out.push(digit(other >> 4));
            out.push(digit(other));
        }
    }
}
