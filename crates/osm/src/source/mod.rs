//! A file or a network stream of OpenStreetMap data, read block by block.

mod format;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::{Entities, Error, SourceMetadata, error_context::ErrorContext, pbf, xml};
use format::{ByteStream, Format};

/// How many bytes of XML are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// An iterator over the blocks of a file, in the order of the file. It ends after the first error.
pub struct Source {
    metadata: SourceMetadata,
    reader: Reader,
    has_failed: bool,
}

enum Reader {
    Pbf(pbf::BlobReader<ByteStream>),
    Xml(Box<xml::XmlReader<BufReader<ByteStream>>>),
}

/// Entities that stand together in a file, decoded as far as the format made it necessary. A block may be empty.
pub struct Block(BlockContent);

enum BlockContent {
    /// A blob of PBF, which any thread can decode.
    Pbf(pbf::RawBlob),
    Decoded(Entities),
}

impl Source {
    /// Opens a file of OSM PBF or OSM XML, optionally compressed with gzip or bzip2. The format is detected from the
    /// content. Errors call the file `shown_name`. The file must not change while it is read.
    ///
    /// # Errors
    /// If the file cannot be read or has another format.
    pub fn open(path: &Path, shown_name: &str) -> Result<Self, Error> {
        let context = ErrorContext::new(shown_name);
        Self::read(File::open(path).map_err(|error| context.io(0, error))?, shown_name)
    }

    /// Reads from `reader`, on the thread that asks for blocks. Errors call it `shown_name`; an error of `reader`
    /// becomes the source of [`Error::Io`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(reader: impl Read + Send + 'static, shown_name: &str) -> Result<Self, Error> {
        let (format, stream, context) = format::detect(Box::new(reader), ErrorContext::new(shown_name))?;
        let reader = match format {
            Format::Pbf => Reader::Pbf(pbf::BlobReader::new(stream, context)),
            Format::Xml => {
                let buffered = BufReader::with_capacity(BUFFER_BYTES, stream);
                Reader::Xml(Box::new(xml::XmlReader::new(buffered, context)))
            }
        };
        Ok(Self { metadata: SourceMetadata::default(), reader, has_failed: false })
    }

    /// Whether the source has yielded an error.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// What the part of the file that was read so far says of the file.
    pub fn metadata(&self) -> &SourceMetadata {
        &self.metadata
    }
}

impl Iterator for Source {
    type Item = Result<Block, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let metadata = &mut self.metadata;
        let block = match &mut self.reader {
            Reader::Pbf(reader) => reader.next(metadata).map(|blob| blob.map(BlockContent::Pbf)),
            Reader::Xml(reader) => reader.next(metadata).map(|entities| entities.map(BlockContent::Decoded)),
        };
        self.has_failed = block.is_err();
        block.map(|content| content.map(Block)).transpose()
    }
}

impl Block {
    /// Decodes the block into `entities`, whose former content is dropped.
    ///
    /// # Errors
    /// If the block violates its format.
    pub fn decode(self, entities: &mut Entities) -> Result<(), Error> {
        match self.0 {
            BlockContent::Pbf(blob) => blob.decode(entities),
            BlockContent::Decoded(decoded) => {
                *entities = decoded;
                Ok(())
            }
        }
    }
}
