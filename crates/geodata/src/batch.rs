//! A run of features, owned, so that threads can hand them to each other.

use crate::Value;

/// Features of one layer, with their values in the order of the schema's columns.
///
/// All bytes lie in one buffer: a batch costs two allocations however many features it holds.
#[derive(Clone, Debug)]
pub struct Batch {
    width: usize,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

/// One feature of a [`Batch`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    cells: &'a [Cell],
    bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Span),
    Blob(Span),
    Geometry(Span),
}

/// Where a value's bytes lie in the batch's buffer.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

impl Batch {
    /// An empty batch for features of `width` columns (at least one).
    pub fn new(width: usize) -> Self {
        Self::with_capacity(width, 0, 0)
    }

    /// An empty batch with room for so many features and so many bytes of texts, blobs and geometries.
    pub fn with_capacity(width: usize, features: usize, bytes: usize) -> Self {
        assert!(width > 0, "a layer has at least one column");
        Self { width, cells: Vec::with_capacity(width * features), bytes: Vec::with_capacity(bytes) }
    }

    /// The number of whole features.
    pub fn len(&self) -> usize {
        self.cells.len() / self.width
    }

    /// Whether no whole feature is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes its texts, blobs and geometries take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds the next value of the feature being written; after `width` of them the feature is whole.
    ///
    /// A batch addresses 4 GiB: whoever fills it starts a new one long before.
    pub fn push(&mut self, value: Value<'_>) {
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Boolean(value) => Cell::Boolean(value),
            Value::Integer(value) => Cell::Integer(value),
            Value::Float(value) => Cell::Float(value),
            Value::Text(text) => Cell::Text(self.store(text.as_bytes())),
            Value::Blob(bytes) => Cell::Blob(self.store(bytes)),
            Value::Geometry(bytes) => Cell::Geometry(self.store(bytes)),
        };
        self.cells.push(cell);
    }

    /// Adds a geometry that `write` appends to the buffer it is given.
    ///
    /// # Errors
    /// What `write` returns; the batch is then as it was before.
    pub fn push_geometry_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let span = self.span_from(start);
        self.cells.push(Cell::Geometry(span));
        Ok(())
    }

    /// The whole features, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.cells.chunks_exact(self.width).map(|cells| Row { cells, bytes: &self.bytes })
    }

    fn store(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.span_from(start)
    }

    fn span_from(&self, start: usize) -> Span {
        let end = u32::try_from(self.bytes.len()).expect("a batch is handed on long before it reaches 4 GiB");
        let start = start as u32;
        Span { start, len: end - start }
    }
}

impl<'a> Row<'a> {
    /// The values, in the order of the schema's columns.
    pub fn values(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        self.cells.iter().map(move |cell| self.value_of(*cell))
    }

    /// The value of a column.
    pub fn value(self, column: usize) -> Value<'a> {
        self.value_of(self.cells[column])
    }

    fn value_of(self, cell: Cell) -> Value<'a> {
        match cell {
            Cell::Null => Value::Null,
            Cell::Boolean(value) => Value::Boolean(value),
            Cell::Integer(value) => Value::Integer(value),
            Cell::Float(value) => Value::Float(value),
            Cell::Text(span) => Value::Text(self.text(span)),
            Cell::Blob(span) => Value::Blob(self.slice(span)),
            Cell::Geometry(span) => Value::Geometry(self.slice(span)),
        }
    }

    fn slice(self, span: Span) -> &'a [u8] {
        &self.bytes[span.start as usize..][..span.len as usize]
    }

    fn text(self, span: Span) -> &'a str {
        std::str::from_utf8(self.slice(span)).expect("a text was stored from a str")
    }
}
