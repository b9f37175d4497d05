//! Bounding boxes, and the queries for them.

use std::str::FromStr;

/// A bounding box in degrees. It may cross the antimeridian: then its west is greater than its east.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundingBox {
    /// South, west, north, east, as they were written. The query contains them unchanged.
    ordinates: [String; 4],
    crosses_antimeridian: bool,
}

/// Why a text is not a bounding box. The messages are GeoGig's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBoundingBox {
    /// It does not have four parts.
    #[error("Invalid bbox format: {0}. Expected S,W,N,E")]
    Parts(String),
    /// A part is not a decimal number.
    #[error("Invalid ordinate: {0}")]
    Ordinate(String),
    /// North is less than south.
    #[error("South ordinate must be less than or equal to North ordinate")]
    NorthBelowSouth,
    /// East is less than west, and the box would be wider than half of the Earth if it crossed the antimeridian. GeoGig's
    /// message names them in the wrong order.
    #[error("East ordinate must be less than or equal to West ordinate")]
    EastBelowWest,
}

impl BoundingBox {
    /// The query for all nodes and ways in the bounding box, and all nodes of those ways.
    ///
    /// One that crosses the antimeridian becomes two boxes, one on each side of it.
    pub fn filter(&self) -> String {
        let [south, west, north, east] = &self.ordinates;
        let areas = match self.crosses_antimeridian {
            false => vec![self.ordinates.join(",")],
            true => vec![format!("{south},{west},{north},180"), format!("{south},-180,{north},{east}")],
        };
        let queries: Vec<_> = areas.iter().map(|area| format!("node({area});\nway({area});")).collect();
        format!("({});\n(._;>;);\nout meta;", queries.join("\n"))
    }
}

impl FromStr for BoundingBox {
    type Err = InvalidBoundingBox;

    /// Parses `S,W,N,E`.
    fn from_str(text: &str) -> Result<Self, InvalidBoundingBox> {
        let parts: Vec<&str> = text.split(',').collect();
        let parts: [&str; 4] = parts.try_into().map_err(|_| InvalidBoundingBox::Parts(text.to_owned()))?;
        let mut degrees = [0.0; 4];
        for (degree, part) in degrees.iter_mut().zip(parts) {
            *degree = ordinate(part).ok_or_else(|| InvalidBoundingBox::Ordinate(part.to_owned()))?;
        }
        let [south, west, north, east] = degrees;
        if north < south {
            return Err(InvalidBoundingBox::NorthBelowSouth);
        }
        let crosses_antimeridian = east < west;
        // A narrower gap between them is more likely a mistake than a box around most of the Earth.
        if crosses_antimeridian && (west - east <= 180.0 || west > 180.0 || east < -180.0) {
            return Err(InvalidBoundingBox::EastBelowWest);
        }
        Ok(Self { ordinates: parts.map(|part| part.trim().to_owned()), crosses_antimeridian })
    }
}

/// A decimal number. `inf` and `NaN`, which Rust parses too, are refused.
fn ordinate(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<BoundingBox>().unwrap_err().to_string()
    }

    #[test]
    fn the_query_contains_the_ordinates_as_they_were_written() {
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
    fn a_box_across_the_antimeridian_becomes_two() {
        let fiji: BoundingBox = "-19,177.5,-15,-178".parse().unwrap();
        assert_eq!(
            fiji.filter(),
            "(node(-19,177.5,-15,180);\nway(-19,177.5,-15,180);\nnode(-19,-180,-15,-178);\nway(-19,-180,-15,-178););\n\
             (._;>;);\nout meta;"
        );
        for mistaken in ["1,90,2,-90", "1,5,2,-5", "1,190,2,-170", "1,170,2,-190"] {
            assert!(error(mistaken).starts_with("East ordinate"), "{mistaken}");
        }
    }

    #[test]
    fn an_invalid_bounding_box_is_refused_with_geogig_s_messages() {
        assert_eq!(error("1,2,3"), "Invalid bbox format: 1,2,3. Expected S,W,N,E");
        assert_eq!(error("1,2,3,4,5"), "Invalid bbox format: 1,2,3,4,5. Expected S,W,N,E");
        for bad in ["x", "", "NaN", "inf", "1);out;(", "1e999"] {
            assert_eq!(error(&format!("1,2,3,{bad}")), format!("Invalid ordinate: {bad}"));
        }
        assert_eq!(error("2,1,1,1"), "South ordinate must be less than or equal to North ordinate");
        assert_eq!(error("1,2,1,1"), "East ordinate must be less than or equal to West ordinate");
        assert_eq!(error("2,2,1,1"), "South ordinate must be less than or equal to North ordinate");
    }
}
