//! What can be wrong with a mapping. Where GeoGig has words for it, they begin the message.

/// What is wrong with a mapping, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It is no JSON.
    #[error("Error parsing mapping definition: {0}")]
    Json(String),
    /// It has another form than a mapping.
    #[error("Error parsing mapping definition: {path}: {reason}")]
    Form {
        /// `rule 'roads', field 'lanes'`.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// Two fields of a rule are geometries.
    #[error(
        "The mapping has more than one geometry attribute: rule '{rule}', fields '{first}' and '{second}'"
    )]
    TwoGeometries {
        /// The rule.
        rule: String,
        /// One field.
        first: String,
        /// The other.
        second: String,
    },
    /// No field of a rule is a geometry.
    #[error("The mapping rule does not define a geometry field: rule '{rule}'")]
    NoGeometry {
        /// The rule.
        rule: String,
    },
    /// Two columns of a rule have one name, or names that differ only by upper and lower case.
    #[error("Duplicated alias in mapping rule: {column}: rule '{rule}', field '{field}'")]
    SameColumn {
        /// The rule.
        rule: String,
        /// The field whose column has the name of one before.
        field: String,
        /// That name.
        column: String,
    },
    /// `geom` in a filter says something unknown.
    #[error("Unknown modifier: {modifier}: rule '{rule}', filter 'geom'; it may be open, closed or all")]
    Modifier {
        /// The rule.
        rule: String,
        /// What it says.
        modifier: String,
    },
}
