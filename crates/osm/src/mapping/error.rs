//! Errors of mappings. Where GeoGig has a message for an error, ours begins with it.

/// What is wrong with a mapping, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The text is not JSON.
    #[error("Error parsing mapping definition: {0}")]
    Json(String),
    /// The JSON does not have the form of a mapping.
    #[error("Error parsing mapping definition: {path}: {reason}")]
    Form {
        /// The place of the error: `rule 'roads', field 'lanes'`.
        path: String,
        /// The error.
        reason: String,
    },
    /// Two fields of a rule have geometry types.
    #[error(
        "The mapping has more than one geometry attribute: rule '{rule}', fields '{first}' and '{second}'"
    )]
    TwoGeometries {
        /// The rule.
        rule: String,
        /// The first field.
        first: String,
        /// The second field.
        second: String,
    },
    /// No field of a rule has a geometry type.
    #[error("The mapping rule does not define a geometry field: rule '{rule}'")]
    NoGeometry {
        /// The rule.
        rule: String,
    },
    /// Two columns of a rule have the same name, apart from upper and lower case.
    #[error("Duplicated alias in mapping rule: {column}: rule '{rule}', field '{field}'")]
    SameColumn {
        /// The rule.
        rule: String,
        /// The second field.
        field: String,
        /// The name of its column.
        column: String,
    },
    /// `geom` in a filter has an unknown value.
    #[error("Unknown modifier: {modifier}: rule '{rule}', filter 'geom'; it may be open, closed or all")]
    Modifier {
        /// The rule.
        rule: String,
        /// The value.
        modifier: String,
    },
}
