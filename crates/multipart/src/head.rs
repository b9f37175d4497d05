//! The headers of a part of a multipart body.

/// The headers of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The name of the form's field.
    pub name: String,
    /// The file name that the client gave, if the part is a file.
    pub file_name: Option<String>,
}

impl Head {
    /// Parses the header lines; `None` if they do not name a field.
    pub(crate) fn parse(lines: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(lines);
        let disposition = text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
        })?;
        let (kind, parameters) = disposition.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return None;
        }
        Some(Self { name: parameter(parameters, "name")?, file_name: parameter(parameters, "filename") })
    }
}

/// Returns one of the parameters `a=b; c="d e"`. In quotes, a backslash escapes a quote or a backslash.
///
/// Browsers write `%22` for a quote and leave backslashes alone, so no other character is unescaped.
pub(crate) fn parameter(mut rest: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_matches([' ', '\t', ';']);
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// The text up to the closing quote, and the rest after it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_the_field_and_the_file() {
        let head = |text: &str| Head::parse(text.as_bytes());
        let file = |name: &str, file: &str| Some(Head { name: name.into(), file_name: Some(file.into()) });
        assert_eq!(
            head("Content-Disposition: form-data; name=\"a\""),
            Some(Head { name: "a".into(), file_name: None })
        );
        assert_eq!(
            head("X: y\r\ncontent-disposition:form-data;filename=\"r ;=s.gpkg\"; name=fileUpload"),
            file("fileUpload", "r ;=s.gpkg")
        );
        assert_eq!(
            head("Content-Disposition: form-data; name=\"f\"; filename=\"a\\\"b\\c.gpkg\""),
            file("f", "a\"b\\c.gpkg")
        );
        assert_eq!(
            head("Content-Disposition: form-data; name=\"f\"; filename=\"Straße.gpkg\""),
            file("f", "Straße.gpkg")
        );
        for none in [
            "",
            "Content-Type: text/plain",
            "Content-Disposition: attachment; name=\"a\"",
            "Content-Disposition: form-data; name=\"a",
        ] {
            assert_eq!(head(none), None, "{none}");
        }
    }
}
