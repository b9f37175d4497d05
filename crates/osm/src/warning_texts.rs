//! The texts of warnings about an entity: predicates, whose subject is the entity.

pub(crate) const NO_VERSION: &str = "has no version";
pub(crate) const NOT_ON_EARTH: &str = "lies beyond ±90° or ±180°, and is left out";
pub(crate) const LOCATION_NOT_ON_EARTH: &str = "has positions beyond ±90° or ±180°, which are left out";
pub(crate) const EMPTY_KEY: &str = "has a tag with an empty key, which is left out";
pub(crate) const REPEATED_KEY: &str = "has a key more than once, of which the last value is kept";
pub(crate) const DIFFERENT_CONTENTS: &str =
    "is there twice in one version, and differs; the last one is used";
