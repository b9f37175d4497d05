//! Everything of a dataset but its features.

use longhaul_geodata::Layer;

use super::StageError;
use crate::{
    dataset::{
        FOLDER, KartColumn, Scheme,
        generated_keys::GeneratedKeys,
        json,
        legend::Legend,
        stored::StoredDataset,
        tree::{Entry, Mode, encode},
    },
    object::{Id, Kind, id_of},
    pack::Inlet,
};

/// What the meta items of a dataset are made of.
pub(super) struct Meta<'a> {
    pub(super) layer: &'a Layer,
    pub(super) columns: &'a [KartColumn],
    pub(super) legend: &'a Legend,
    pub(super) scheme: Scheme,
    pub(super) generated_keys: Option<&'a GeneratedKeys>,
    pub(super) previous: Option<&'a StoredDataset>,
    /// Whether title, description and the like of the previous version stay.
    pub(super) keep_words: bool,
}

/// What stands in a dataset beside its features, written.
pub(super) struct DatasetMeta {
    meta: Entry,
    attachments: Vec<Entry>,
}

impl DatasetMeta {
    /// How many trees [`Self::write_trees`] writes.
    pub(super) const TREES: u32 = 2;

    /// Writes the dataset's tree, above the tree of its features.
    pub(super) fn write_trees(self, inlet: &mut Inlet, features: Option<Id>) -> Result<Id, StageError> {
        let mut folder = vec![self.meta];
        folder.extend(features.map(|id| Entry::tree("feature", id)));
        let folder = Entry::tree(FOLDER, inlet.add(Kind::Tree, &encode(folder))?);
        let mut dataset = self.attachments;
        dataset.push(folder);
        Ok(inlet.add(Kind::Tree, &encode(dataset))?)
    }
}

/// Items of the previous version that an import has nothing to say about.
const KEPT: &[&str] = &["tags.json"];
/// Items that are words about the layer.
const WORDS: &[&str] = &["title", "description"];

impl Meta<'_> {
    /// Writes all that does not depend on the features.
    pub(super) fn write(&self, inlet: &mut Inlet) -> Result<DatasetMeta, StageError> {
        let items = encode(self.items(inlet)?);
        let meta = Entry::tree("meta", inlet.add(Kind::Tree, &items)?);
        Ok(DatasetMeta { meta, attachments: self.attachments(inlet)? })
    }

    fn items(&self, inlet: &mut Inlet) -> Result<Vec<Entry>, StageError> {
        let mut items = self.kept();
        let columns = json::print(&self.columns);
        let mut blobs: Vec<(&str, Vec<u8>)> =
            vec![("schema.json", columns), ("path-structure.json", self.scheme.json().into())];
        if let Some(keys) = self.generated_keys {
            blobs.push(("generated-pks.json", keys.print()));
        }
        if !self.keep_words {
            let words = [&self.layer.title, &self.layer.description];
            let words = WORDS.iter().zip(words);
            blobs.extend(words.filter_map(|(name, text)| Some((*name, text.clone()?.into_bytes()))));
        }
        for (name, bytes) in blobs.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            items.push(self.blob(inlet, name, bytes)?);
        }
        items.push(self.legends(inlet)?);
        items.extend(self.crs(inlet)?);
        Ok(items)
    }

    fn kept(&self) -> Vec<Entry> {
        let words = if self.keep_words { WORDS } else { &[] };
        let kept: Vec<&str> = KEPT.iter().chain(words).copied().collect();
        let previous = self.previous.map_or(&[][..], |previous| &previous.meta);
        let is_kept = |entry: &&Entry| kept.iter().any(|name| entry.name == name.as_bytes());
        previous.iter().filter(is_kept).cloned().collect()
    }

    /// All legends that ever were: features written long ago name them still.
    fn legends(&self, inlet: &mut Inlet) -> Result<Entry, StageError> {
        let mut entries = self.previous.map_or_else(Vec::new, |previous| previous.legend_files.clone());
        let name = self.legend.name();
        if !entries.iter().any(|entry| entry.name == name.as_bytes()) {
            entries.push(Entry::blob(name, inlet.add(Kind::Blob, &self.legend.encode())?));
        }
        Ok(Entry::tree("legend", inlet.add(Kind::Tree, &encode(entries))?))
    }

    fn crs(&self, inlet: &mut Inlet) -> Result<Option<Entry>, StageError> {
        if self.layer.crs.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for crs in &self.layer.crs {
            let name = format!("{}.wkt", crs.identifier);
            entries.push(Entry::blob(name, inlet.add(Kind::Blob, crs.wkt.as_bytes())?));
        }
        Ok(Some(Entry::tree("crs", inlet.add(Kind::Tree, &encode(entries))?)))
    }

    /// What stands beside the dataset's folder stays; the metadata document is replaced by a new one.
    fn attachments(&self, inlet: &mut Inlet) -> Result<Vec<Entry>, StageError> {
        const METADATA: &str = "metadata.xml";
        let mut entries = self.previous.map_or_else(Vec::new, |previous| previous.attachments.clone());
        let is_folder =
            entries.iter().any(|entry| entry.name == METADATA.as_bytes() && entry.mode == Mode::Tree);
        let stays = is_folder || self.keep_words;
        let new = self.layer.metadata_xml.as_ref().filter(|xml| !xml.is_empty() && !stays);
        if let Some(xml) = new {
            entries.retain(|entry| entry.name != METADATA.as_bytes());
            entries.push(self.blob(inlet, METADATA, xml.as_bytes())?);
        }
        Ok(entries)
    }

    /// One item or attachment, which is written unless the previous version has it.
    fn blob(&self, inlet: &mut Inlet, name: &str, bytes: &[u8]) -> Result<Entry, StageError> {
        let id = id_of(Kind::Blob, bytes)?;
        let mut previous =
            self.previous.iter().flat_map(|previous| previous.meta.iter().chain(&previous.attachments));
        if !previous.any(|entry| entry.id == id) {
            inlet.add_compressed(id, Kind::Blob, bytes)?;
        }
        Ok(Entry::blob(name, id))
    }
}
