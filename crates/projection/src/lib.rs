#![doc = include_str!("../README.md")]

mod axis_order;
mod bounds;
mod datum;
mod datum_shift;
mod error;
mod proj_string;
mod reference;
mod system;
mod transformation;

pub use axis_order::AxisOrder;
pub use bounds::Bounds;
pub use datum_shift::DatumShift;
pub use error::ProjectionError;
pub use reference::Reference;
pub use system::System;
pub use transformation::Transformation;
