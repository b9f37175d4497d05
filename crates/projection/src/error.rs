use longhaul_geodata::{geometry::GeometryError, short};

/// Why coordinates cannot be transformed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// A text does not name a coordinate reference system.
    #[error("{} does not name a coordinate reference system; a name is like EPSG:2193", short(.0))]
    Name(String),
    /// A code that is not in the definitions of this program.
    #[error("the coordinate reference system {0} is not known here")]
    Unknown(String),
    /// A system whose definition cannot be used.
    #[error("coordinates cannot be transformed from or to {name}: {why}")]
    Unsupported {
        /// Its identifier.
        name: String,
        /// What cannot be used.
        why: String,
    },
    /// A datum whose shift needs a grid.
    #[error(
        "the datum of {0} is connected with others by a grid of shifts, which this program does not have; use another program, or a system of the same datum"
    )]
    NeedsGrid(String),
    /// A datum whose shift is not known.
    #[error(
        "how the datum of {0} is connected with others is not known here, so positions could be wrong by hundreds of metres; use another program, or a system of the same datum"
    )]
    UnknownShift(String),
    /// A position that the target system cannot express, or that is none of the source system.
    #[error("the position {x} {y} is outside of what can be transformed from {from} to {to}")]
    Outside {
        /// The first coordinate.
        x: f64,
        /// The second coordinate.
        y: f64,
        /// The source system.
        from: String,
        /// The target system.
        to: String,
    },
    /// A geometry that does not decode.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}
