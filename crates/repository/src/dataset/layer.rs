//! The metadata of a layer in a commit: what `meta` and the document beside it say.

use gix::ObjectId;
use longhaul_geodata::{Crs, Layer, Schema};

use super::{
    Dataset,
    feature_tree::FeatureTreeWalk,
    stored::{DatasetError, find, read, read_tree},
    tree::{EntryMode, TreeEntry},
};

/// The most reference systems of one layer. Layers have one, seldom two.
const MOST_CRS: usize = 100;
/// The largest definition of a reference system, title or description, in bytes.
const LARGEST_TEXT: usize = 1 << 20;
/// The largest metadata document, in bytes.
const LARGEST_DOCUMENT: usize = 16 << 20;

impl Dataset {
    /// Name (the path), title, description, metadata document, columns and reference systems.
    ///
    /// # Errors
    /// If one of them cannot be read, is no text or far too long, or if a column has a type that does not exist.
    pub fn layer(&self) -> Result<Layer, DatasetError> {
        let stored = self.stored();
        Ok(Layer {
            name: self.path().as_str().to_owned(),
            title: self.text(&stored.meta, "title", LARGEST_TEXT)?,
            description: self.text(&stored.meta, "description", LARGEST_TEXT)?,
            metadata_xml: self.text(&stored.attachments, "metadata.xml", LARGEST_DOCUMENT)?,
            schema: self.schema()?,
            crs: self.crs()?,
        })
    }

    /// Its columns, in order, without their ids.
    ///
    /// # Errors
    /// If a column has a type that does not exist.
    pub fn schema(&self) -> Result<Schema, DatasetError> {
        let columns = self.columns().iter().map(|column| column.column());
        let columns =
            columns.collect::<Option<_>>().ok_or(DatasetError::Malformed("the type of a column"))?;
        Ok(Schema { columns })
    }

    /// The tree of the layer, without the documents beside it. Layers with the same tree have the same features and columns.
    pub fn tree(&self) -> ObjectId {
        self.stored().folder.into()
    }

    /// The tree of its features; `None` if it has none. Layers with the same tree of features may differ in their columns.
    pub fn feature_tree(&self) -> Option<ObjectId> {
        self.stored().features.map(ObjectId::from)
    }

    /// How many features it has. Reads all trees, but no feature: half a million take some 0.1 s.
    ///
    /// # Errors
    /// If a tree cannot be read.
    pub fn feature_count(&self) -> Result<u64, DatasetError> {
        let mut count = 0;
        for entry in FeatureTreeWalk::new(self.git(), self.stored().feature_tree()) {
            count += u64::from(entry?.mode == EntryMode::Blob);
        }
        Ok(count)
    }

    fn crs(&self) -> Result<Vec<Crs>, DatasetError> {
        let Some(tree) = find(&self.stored().meta, "crs", EntryMode::Tree) else {
            return Ok(Vec::new());
        };
        let files = read_tree(&self.git(), tree)?;
        if files.len() > MOST_CRS {
            return Err(DatasetError::Malformed("the number of reference systems"));
        }
        let identifiers =
            files.iter().filter_map(|file| std::str::from_utf8(&file.name).ok()?.strip_suffix(".wkt"));
        let crs = identifiers.map(|identifier| {
            let wkt = self.text(&files, &format!("{identifier}.wkt"), LARGEST_TEXT)?.unwrap_or_default();
            Ok(Crs { identifier: identifier.to_owned(), wkt })
        });
        crs.collect()
    }

    /// The content of a file of this name.
    fn text(&self, files: &[TreeEntry], name: &str, largest: usize) -> Result<Option<String>, DatasetError> {
        let Some(id) = find(files, name, EntryMode::Blob) else {
            return Ok(None);
        };
        let bytes = read(&self.git(), id)?;
        let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= largest);
        text.map(Some).ok_or(DatasetError::Malformed("a text"))
    }
}
