//! Why a geometry does not decode.

/// What is wrong with the bytes of a geometry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// It does not start with `GP`.
    #[error("the value is not a GeoPackage geometry")]
    NoMagic,
    /// It is of a version of GeoPackageBinary that does not exist yet.
    #[error("the geometry is of version {0} of GeoPackageBinary, only 0 is known")]
    Version(u8),
    /// It is of an application's own type.
    #[error(
        "the geometry is an ExtendedGeoPackageBinary, whose content only the program that wrote it knows"
    )]
    Extended,
    /// Its header names an envelope that the specification does not have.
    #[error("the geometry's header has the unknown envelope code {0}")]
    Envelope(u8),
    /// It ends before it is whole.
    #[error("the geometry ends too early")]
    Short,
    /// A byte order is neither 0 nor 1.
    #[error("the geometry has the byte order {0}, neither 0 nor 1")]
    ByteOrder(u8),
    /// A type code is neither ISO's nor one of the old ones.
    #[error("the geometry has the unknown type code {0:#x}")]
    Code(u32),
    /// A geometry has a part that geometries of its type cannot have.
    #[error("a {outer} cannot hold a {inner}")]
    Part {
        /// The geometry's type.
        outer: &'static str,
        /// The part's type.
        inner: &'static str,
    },
    /// Collections are nested too deep.
    #[error("the geometry is nested deeper than {0} levels")]
    Depth(usize),
}
