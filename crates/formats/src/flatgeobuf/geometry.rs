//! Encodes geometries.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::{Geometry, GeometryArgs, GeometryType};
use longhaul_geodata::geometry::{GeometryError, GeometryTypeCode, GeometryVisitor, Positions, visit};

/// Which numbers a position has beside x and y.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dimensions {
    pub(super) z: bool,
    pub(super) m: bool,
}

impl Dimensions {
    pub(super) fn of(code: GeometryTypeCode) -> Self {
        let dimensions = code.get() / 1000;
        Self { z: dimensions & 1 == 1, m: dimensions & 2 == 2 }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self { z: self.z || other.z, m: self.m || other.m }
    }
}

const MULTI_POINT: u32 = 4;
const MULTI_LINE: u32 = 5;

/// Encodes one geometry into a feature.
pub(super) struct GeometryEncoder<'a> {
    builder: &'a mut FlatBufferBuilder<'static>,
    dimensions: Dimensions,
    open: Vec<Open>,
    /// How many parts of a flat geometry have begun and not ended: at most one.
    flat_parts: usize,
    done: Option<WIPOffset<Geometry<'static>>>,
}

/// A geometry that has begun.
struct Open {
    code: GeometryTypeCode,
    /// Whether its points or lines are lists of positions here and not geometries.
    is_flat: bool,
    xy: Vec<f64>,
    z: Vec<f64>,
    m: Vec<f64>,
    /// Where each list of positions ends.
    ends: Vec<u32>,
    parts: Vec<WIPOffset<Geometry<'static>>>,
}

impl<'a> GeometryEncoder<'a> {
    /// Positions get the numbers of `dimensions`.
    pub(super) fn new(builder: &'a mut FlatBufferBuilder<'static>, dimensions: Dimensions) -> Self {
        Self { builder, dimensions, open: Vec::new(), flat_parts: 0, done: None }
    }

    pub(super) fn encode(
        mut self,
        stored: &[u8],
    ) -> Result<Option<WIPOffset<Geometry<'static>>>, GeometryError> {
        visit(stored, &mut self)?;
        Ok(self.done)
    }

    fn finish(&mut self, open: Open) -> WIPOffset<Geometry<'static>> {
        let kind = open.code.get() % 1000;
        let has_parts = !open.is_flat && kind > MULTI_LINE && kind != 8 && kind != 17;
        let mut arguments = GeometryArgs { type_: GeometryType(kind as u8), ..GeometryArgs::default() };
        if has_parts {
            arguments.parts = Some(self.builder.create_vector(&open.parts));
        } else {
            arguments.xy = Some(self.builder.create_vector(&open.xy));
            arguments.z = self.dimensions.z.then(|| self.builder.create_vector(&open.z));
            arguments.m = self.dimensions.m.then(|| self.builder.create_vector(&open.m));
            // One list of positions needs no end, and those of points are not told apart.
            let needs_ends = open.ends.len() > 1 && kind != MULTI_POINT;
            arguments.ends = needs_ends.then(|| self.builder.create_vector(&open.ends));
        }
        Geometry::create(self.builder, &arguments)
    }
}

impl GeometryVisitor for GeometryEncoder<'_> {
    fn begin(&mut self, code: GeometryTypeCode, _: usize) {
        if self.open.last().is_some_and(|outer| outer.is_flat) {
            self.flat_parts += 1;
            return;
        }
        let is_flat = matches!(code.get() % 1000, MULTI_POINT | MULTI_LINE);
        self.open.push(Open {
            code,
            is_flat,
            xy: Vec::new(),
            z: Vec::new(),
            m: Vec::new(),
            ends: Vec::new(),
            parts: Vec::new(),
        });
    }

    fn positions(&mut self, positions: Positions<'_>) {
        let dimensions = self.dimensions;
        let Some(open) = self.open.last_mut() else { return };
        let own = Dimensions::of(open.code);
        // An empty point keeps its two numbers that are none: GDAL reads no point without numbers.
        for mut numbers in positions.iter() {
            let mut next = || numbers.next().unwrap_or(f64::NAN);
            open.xy.extend([next(), next()]);
            let z = if own.z { next() } else { f64::NAN };
            let m = if own.m { next() } else { f64::NAN };
            if dimensions.z {
                open.z.push(z);
            }
            if dimensions.m {
                open.m.push(m);
            }
        }
        open.ends.push((open.xy.len() / 2) as u32);
    }

    fn end(&mut self) {
        if self.flat_parts > 0 {
            self.flat_parts -= 1;
            return;
        }
        let Some(open) = self.open.pop() else { return };
        let finished = self.finish(open);
        match self.open.last_mut() {
            Some(outer) => outer.parts.push(finished),
            None => self.done = Some(finished),
        }
    }
}
