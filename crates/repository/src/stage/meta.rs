//! The metadata of a dataset: everything but its features.

use longhaul_geodata::Layer;

use super::StageError;
use crate::{
    dataset::{
        FOLDER, KartColumn, Scheme,
        generated_keys::GeneratedKeys,
        json,
        legend::Legend,
        stored::StoredDataset,
        tree::{EntryMode, TreeEntry, encode},
    },
    object::{Id, ObjectKind, id_of},
    pack::ObjectSink,
};

/// All that the items in `meta` are made of.
pub(super) struct Meta<'a> {
    pub(super) layer: &'a Layer,
    pub(super) columns: &'a [KartColumn],
    pub(super) legend: &'a Legend,
    pub(super) scheme: Scheme,
    pub(super) generated_keys: Option<&'a GeneratedKeys>,
    pub(super) previous: Option<&'a StoredDataset>,
    /// Whether title, description and metadata of the previous version stay.
    pub(super) keep_descriptions: bool,
}

/// The written metadata of a dataset.
pub(super) struct DatasetMeta {
    meta: TreeEntry,
    attachments: Vec<TreeEntry>,
}

/// The written trees of a layer.
pub(super) struct LayerTrees {
    /// That of the layer and the files beside it.
    pub(super) dataset: Id,
    /// That of the layer alone.
    pub(super) folder: Id,
}

impl DatasetMeta {
    /// How many trees [`Self::write_trees`] writes.
    pub(super) const TREES: u32 = 2;

    /// Writes the dataset's tree, above the tree of its features.
    pub(super) fn write_trees(
        self,
        sink: &mut ObjectSink,
        features: Option<Id>,
    ) -> Result<LayerTrees, StageError> {
        let mut folder = vec![self.meta];
        folder.extend(features.map(|id| TreeEntry::tree("feature", id)));
        let folder = sink.add(ObjectKind::Tree, &encode(folder))?;
        let mut dataset = self.attachments;
        dataset.push(TreeEntry::tree(FOLDER, folder));
        Ok(LayerTrees { dataset: sink.add(ObjectKind::Tree, &encode(dataset))?, folder })
    }
}

/// Items of the previous version that an import does not replace.
const KEPT: &[&str] = &["tags.json"];
/// Items that describe the layer.
const DESCRIPTIONS: &[&str] = &["title", "description"];

impl Meta<'_> {
    /// Writes all that does not depend on the features.
    pub(super) fn write(&self, sink: &mut ObjectSink) -> Result<DatasetMeta, StageError> {
        let items = encode(self.items(sink)?);
        let meta = TreeEntry::tree("meta", sink.add(ObjectKind::Tree, &items)?);
        Ok(DatasetMeta { meta, attachments: self.attachments(sink)? })
    }

    fn items(&self, sink: &mut ObjectSink) -> Result<Vec<TreeEntry>, StageError> {
        let mut items = self.kept();
        let columns = json::print(&self.columns);
        let mut blobs: Vec<(&str, Vec<u8>)> =
            vec![("schema.json", columns), ("path-structure.json", self.scheme.json().into())];
        if let Some(keys) = self.generated_keys {
            blobs.push(("generated-pks.json", keys.print()));
        }
        if !self.keep_descriptions {
            let words = [&self.layer.title, &self.layer.description];
            let words = DESCRIPTIONS.iter().zip(words);
            blobs.extend(words.filter_map(|(name, text)| Some((*name, text.clone()?.into_bytes()))));
        }
        for (name, bytes) in blobs.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            items.push(self.blob(sink, name, bytes)?);
        }
        items.push(self.legends(sink)?);
        items.extend(self.crs(sink)?);
        Ok(items)
    }

    fn kept(&self) -> Vec<TreeEntry> {
        let words = if self.keep_descriptions { DESCRIPTIONS } else { &[] };
        let kept: Vec<&str> = KEPT.iter().chain(words).copied().collect();
        let previous = self.previous.map_or(&[][..], |previous| &previous.meta);
        let is_kept = |entry: &&TreeEntry| kept.iter().any(|name| entry.name == name.as_bytes());
        previous.iter().filter(is_kept).cloned().collect()
    }

    /// All legends of the past, too: old features name them.
    fn legends(&self, sink: &mut ObjectSink) -> Result<TreeEntry, StageError> {
        let mut entries = self.previous.map_or_else(Vec::new, |previous| previous.legend_files.clone());
        let name = self.legend.name();
        if !entries.iter().any(|entry| entry.name == name.as_bytes()) {
            entries.push(TreeEntry::blob(name, sink.add(ObjectKind::Blob, &self.legend.encode())?));
        }
        Ok(TreeEntry::tree("legend", sink.add(ObjectKind::Tree, &encode(entries))?))
    }

    fn crs(&self, sink: &mut ObjectSink) -> Result<Option<TreeEntry>, StageError> {
        if self.layer.crs.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for crs in &self.layer.crs {
            let name = format!("{}.wkt", crs.identifier);
            entries.push(TreeEntry::blob(name, sink.add(ObjectKind::Blob, crs.wkt.as_bytes())?));
        }
        Ok(Some(TreeEntry::tree("crs", sink.add(ObjectKind::Tree, &encode(entries))?)))
    }

    /// The attachments beside the dataset's folder stay, except the metadata document where there is a new one.
    fn attachments(&self, sink: &mut ObjectSink) -> Result<Vec<TreeEntry>, StageError> {
        const METADATA: &str = "metadata.xml";
        let mut entries = self.previous.map_or_else(Vec::new, |previous| previous.attachments.clone());
        let is_folder =
            entries.iter().any(|entry| entry.name == METADATA.as_bytes() && entry.mode == EntryMode::Tree);
        let stays = is_folder || self.keep_descriptions;
        let new = self.layer.metadata_xml.as_ref().filter(|xml| !xml.is_empty() && !stays);
        if let Some(xml) = new {
            entries.retain(|entry| entry.name != METADATA.as_bytes());
            entries.push(self.blob(sink, METADATA, xml.as_bytes())?);
        }
        Ok(entries)
    }

    /// One item or attachment, which is written unless the previous version has it.
    fn blob(&self, sink: &mut ObjectSink, name: &str, bytes: &[u8]) -> Result<TreeEntry, StageError> {
        let id = id_of(ObjectKind::Blob, bytes)?;
        let mut previous =
            self.previous.iter().flat_map(|previous| previous.meta.iter().chain(&previous.attachments));
        if !previous.any(|entry| entry.id == id) {
            sink.add_compressed(id, ObjectKind::Blob, bytes)?;
        }
        Ok(TreeEntry::blob(name, id))
    }
}
