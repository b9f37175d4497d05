use std::fmt;

/// Which datum shift a transformation applies. Its text is for the people who use the result.
#[derive(Clone, Debug, PartialEq)]
pub enum DatumShift {
    /// Both systems have this datum.
    SameDatum(String),
    /// Both datums are taken as equal to WGS 84, from which they differ by a metre or two.
    TakenAsEqual(String, String),
    /// Three or seven parameters (a Helmert transformation), as PROJ's `towgs84` lists them: the datum and its
    /// parameters, of one or of both systems.
    Parameters(Vec<(String, String)>),
    /// The shift is not known, so none was applied, between these two datums.
    NotKnown(String, String),
}

impl fmt::Display for DatumShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameDatum(datum) => write!(f, "none; both systems have the datum {datum}"),
            Self::TakenAsEqual(from, to) => {
                write!(f, "none; {from} and {to} are taken as equal, which is right to about two metres")
            }
            Self::Parameters(shifts) => {
                for (at, (datum, parameters)) in shifts.iter().enumerate() {
                    let separator = if at == 0 { "" } else { " and " };
                    write!(f, "{separator}{datum} towgs84={parameters}")?;
                }
                write!(f, "; without a grid, which is right to some metres")
            }
            Self::NotKnown(from, to) => {
                write!(
                    f,
                    "none, since the shift from {from} to {to} is not known; positions may be wrong by hundreds of metres"
                )
            }
        }
    }
}
