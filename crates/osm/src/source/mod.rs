//! A file, or what comes over a network, on its way to being read.

mod format;
mod packing;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::{Entities, Error, error_context::ErrorContext, pbf, xml};
use format::Format;

/// How much is asked of the file at once.
const BUFFER: usize = 256 << 10;

/// Yields the blocks of a file, in their order; nothing more after an error.
pub struct Source {
    metadata: SourceMetadata,
    reader: Reader,
    has_failed: bool,
}

enum Reader {
    Pbf(pbf::BlobReader<ByteStream>),
    Xml(Box<xml::XmlReader<BufReader<ByteStream>>>),
}

/// Bytes as they are once they are unpacked.
type ByteStream = Box<dyn Read + Send>;

/// Entities that lie together in a file, still packed as they are there. A block may be empty.
pub struct Block(BlockContent);

enum BlockContent {
    Pbf(pbf::RawBlob),
    Decoded(Entities),
}

/// What a file says of itself; it may stand at the end, so that it is known once all blocks were read.
#[derive(Clone, Debug, Default)]
pub struct SourceMetadata {
    /// Up to which moment the data is complete, in the file's own words.
    pub osm_base: Option<String>,
    /// What Overpass remarked, such as `runtime error: Query timed out …`.
    pub remarks: Vec<String>,
}

impl SourceMetadata {
    /// What Overpass remarked that means that data is missing; other remarks are for people to read.
    pub fn fatal_remark(&self) -> Option<&str> {
        self.remarks.iter().map(|remark| remark.trim()).find(|remark| remark.starts_with("runtime error"))
    }
}

impl Source {
    /// Opens a file, which nobody may change meanwhile; errors call it `shown_name`. What it is, it says itself: PBF or XML,
    /// also compressed with gzip or bzip2.
    ///
    /// # Errors
    /// If it cannot be read, or is something else.
    pub fn open(path: &Path, shown_name: &str) -> Result<Self, Error> {
        let context = ErrorContext::new(shown_name);
        Self::read(File::open(path).map_err(|error| context.io(0, error))?, shown_name)
    }

    /// Reads what comes from `reader`, on the thread that asks for blocks; errors call it `shown_name`. What `reader`
    /// says when it fails becomes the source of [`Error::Io`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(reader: impl Read + Send + 'static, shown_name: &str) -> Result<Self, Error> {
        let context = ErrorContext::new(shown_name);
        let (format, stream) = format::detect(Box::new(reader), &context)?;
        let reader = match format {
            Format::Pbf => Reader::Pbf(pbf::BlobReader::new(stream, context)),
            Format::Xml => {
                let buffered = BufReader::with_capacity(BUFFER, stream);
                Reader::Xml(Box::new(xml::XmlReader::new(buffered, context)))
            }
        };
        Ok(Self { metadata: SourceMetadata::default(), reader, has_failed: false })
    }

    /// Whether it could not be read to its end: it has yielded an error.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// What the file has said of itself so far.
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
        let block = match &mut self.reader {
            Reader::Pbf(blob_reader) => {
                blob_reader.next(&mut self.metadata).map(|frame| frame.map(BlockContent::Pbf))
            }
            Reader::Xml(xml_reader) => {
                xml_reader.next(&mut self.metadata).map(|run| run.map(BlockContent::Decoded))
            }
        };
        self.has_failed = block.is_err();
        block.map(|content| content.map(Block)).transpose()
    }
}

impl Block {
    /// Puts what is in it in the place of what `entities` held.
    ///
    /// # Errors
    /// If it contradicts its format.
    pub fn decode(self, entities: &mut Entities) -> Result<(), Error> {
        match self.0 {
            BlockContent::Pbf(frame) => frame.decode(entities),
            BlockContent::Decoded(decoded) => {
                *entities = decoded;
                Ok(())
            }
        }
    }
}
