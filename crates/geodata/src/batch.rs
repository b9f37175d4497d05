//! A batch of features that owns its data, so that threads can pass it on.

use crate::Value;

/// Features of one layer, with their values in the order of the schema's columns.
///
/// All texts are in one buffer and all other bytes in another: a batch needs three allocations however many features
/// it holds, and a text is checked for UTF-8 only once.
#[derive(Clone, Debug)]
pub struct Batch {
    width: usize,
    cells: Vec<Cell>,
    texts: String,
    bytes: Vec<u8>,
}

/// One feature of a [`Batch`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    cells: &'a [Cell],
    texts: &'a str,
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

/// The range of a value in its buffer.
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
        Self {
            width,
            cells: Vec::with_capacity(width * features),
            texts: String::new(),
            bytes: Vec::with_capacity(bytes),
        }
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
        self.texts.len() + self.bytes.len()
    }

    /// Adds the next value of the feature being written; after `width` of them the feature is whole.
    ///
    /// # Panics
    /// If the batch reaches 4 GiB. Callers limit the size of rows and begin a new batch long before.
    pub fn push(&mut self, value: Value<'_>) {
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Boolean(value) => Cell::Boolean(value),
            Value::Integer(value) => Cell::Integer(value),
            Value::Float(value) => Cell::Float(value),
            Value::Text(text) => {
                let start = self.texts.len();
                self.texts.push_str(text);
                Cell::Text(Span::between(start, self.texts.len()))
            }
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
        self.cells.push(Cell::Geometry(Span::between(start, self.bytes.len())));
        Ok(())
    }

    /// Adds a text that `write` appends to the buffer it is given.
    pub fn push_text_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.texts.len();
        write(&mut self.texts);
        self.cells.push(Cell::Text(Span::between(start, self.texts.len())));
    }

    /// Forgets all features; its buffers stay, to be filled again.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.texts.clear();
        self.bytes.clear();
    }

    /// The whole features, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.cells.chunks_exact(self.width).map(|cells| Row { cells, texts: &self.texts, bytes: &self.bytes })
    }

    fn store(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span::between(start, self.bytes.len())
    }
}

impl Span {
    fn between(start: usize, end: usize) -> Self {
        let end = u32::try_from(end).expect("a batch is handed on long before it reaches 4 GiB");
        let start = start as u32;
        Self { start, len: end - start }
    }

    fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
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
            Cell::Text(span) => Value::Text(&self.texts[span.range()]),
            Cell::Blob(span) => Value::Blob(&self.bytes[span.range()]),
            Cell::Geometry(span) => Value::Geometry(&self.bytes[span.range()]),
        }
    }
}
