use std::str::FromStr;

/// An area between two parallels and two meridians, in degrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundingBox {
    /// South, west, north, east, as they were written: the query repeats them to the letter.
    ordinates: [String; 4],
}

/// The text is no area. The words are those that GeoGig's clients know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBoundingBox {
    /// It has not four parts.
    #[error("Invalid bbox format: {0}. Expected S,W,N,E")]
    Parts(String),
    /// One part is no number.
    #[error("Invalid ordinate: {0}")]
    Ordinate(String),
    /// It ends south of where it begins.
    #[error("South ordinate must be less than or equal to North ordinate")]
    SouthOfSouth,
    /// It ends west of where it begins. The two are named the wrong way round, as ever.
    #[error("East ordinate must be less than or equal to West ordinate")]
    WestOfWest,
}

impl BoundingBox {
    /// What asks Overpass for all nodes and ways of the area, with the nodes of those ways.
    pub fn filter(&self) -> String {
        let area = self.ordinates.join(",");
        format!("(node({area});\nway({area}););\n(._;>;);\nout meta;")
    }
}

impl FromStr for BoundingBox {
    type Err = InvalidBoundingBox;

    /// Reads `S,W,N,E`.
    fn from_str(text: &str) -> Result<Self, InvalidBoundingBox> {
        let parts: Vec<&str> = text.split(',').collect();
        let parts: [&str; 4] = parts.try_into().map_err(|_| InvalidBoundingBox::Parts(text.to_owned()))?;
        let mut degrees = [0.0; 4];
        for (degree, part) in degrees.iter_mut().zip(parts) {
            *degree = ordinate(part).ok_or_else(|| InvalidBoundingBox::Ordinate(part.to_owned()))?;
        }
        let [south, west, north, east] = degrees;
        if north < south {
            return Err(InvalidBoundingBox::SouthOfSouth);
        }
        if east < west {
            return Err(InvalidBoundingBox::WestOfWest);
        }
        Ok(Self { ordinates: parts.map(|part| part.trim().to_owned()) })
    }
}

/// A plain decimal number: what Rust would read beyond that (`inf`, `NaN`) is no place on the earth.
fn ordinate(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<BoundingBox>().unwrap_err().to_string()
    }

    #[test]
    fn an_area_becomes_a_query_with_its_ordinates_as_they_were_written() {
        let area: BoundingBox = "-32.9621,-60.630900,-32.9541,-60.6154".parse().unwrap();
        assert_eq!(
            area.filter(),
            "(node(-32.9621,-60.630900,-32.9541,-60.6154);\nway(-32.9621,-60.630900,-32.9541,-60.6154););\n(._;>;);\nout meta;"
        );
        assert!("1,2,1,2".parse::<BoundingBox>().is_ok(), "a point is an area");
        let spaced: BoundingBox = " 1, 2, 3, 4".parse().unwrap();
        assert!(spaced.filter().starts_with("(node(1,2,3,4);"));
    }

    #[test]
    fn what_is_no_area_is_refused_in_the_words_that_clients_know() {
        assert_eq!(refused("1,2,3"), "Invalid bbox format: 1,2,3. Expected S,W,N,E");
        assert_eq!(refused("1,2,3,4,5"), "Invalid bbox format: 1,2,3,4,5. Expected S,W,N,E");
        for bad in ["x", "", "NaN", "inf", "1);out;(", "1e999"] {
            assert_eq!(refused(&format!("1,2,3,{bad}")), format!("Invalid ordinate: {bad}"));
        }
        assert_eq!(refused("2,1,1,1"), "South ordinate must be less than or equal to North ordinate");
        assert_eq!(refused("1,2,1,1"), "East ordinate must be less than or equal to West ordinate");
        assert_eq!(refused("2,2,1,1"), "South ordinate must be less than or equal to North ordinate");
    }
}
