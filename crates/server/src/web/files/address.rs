use axum::http::HeaderValue;
use longhaul_commands::{Export, ExportError, ExportFormat};
use longhaul_repository::{DatasetPath, ObjectId, Repository};
use longhaul_tasks_web::ApiError;
use sha2::{Digest as _, Sha256};

use crate::web::{error_response, ogc::Snapshot};

/// The most bytes of a file's name, without its ending.
const MAX_NAME: usize = 100;

/// Which file of a version a path names.
#[derive(Clone)]
pub(super) struct FileAddress {
    /// None for all layers in one file.
    pub(super) layer: Option<DatasetPath>,
    pub(super) format: ExportFormat,
}

impl FileAddress {
    /// # Errors
    /// 404 if the path is not that of a file.
    pub(super) fn of(snapshot: &Snapshot) -> Result<Self, ApiError> {
        let path = snapshot.path();
        if path == "files.gpkg" {
            return Ok(Self { layer: None, format: ExportFormat::Gpkg });
        }
        let file = path.strip_prefix("files/").unwrap_or(&path);
        let named = file.rsplit_once('.').and_then(|(layer, ending)| {
            let format = ExportFormat::all().find(|format| format.name() == ending)?;
            Some(Self { layer: Some(DatasetPath::new(layer).ok()?), format })
        });
        named.ok_or_else(|| {
            let endings: Vec<_> = ExportFormat::all().map(ExportFormat::name).collect();
            let message =
                format!("There is no file '{file}'. Files are named LAYER.{}.", endings.join(", LAYER."));
            ApiError::not_found(message)
        })
    }

    /// # Errors
    /// 404 if the version does not have the layer.
    pub(super) async fn require_layer(&self, snapshot: &Snapshot, commit: ObjectId) -> Result<(), ApiError> {
        let Some(path) = self.layer.clone() else { return Ok(()) };
        let repository = snapshot.repository.clone();
        let dataset = snapshot.run(move || repository.dataset(commit, &path)).await?;
        let dataset = dataset.map_err(error_response::internal)?;
        dataset.map(drop).ok_or_else(|| self.not_found(snapshot))
    }

    pub(super) fn not_found(&self, snapshot: &Snapshot) -> ApiError {
        let version = snapshot.version_name();
        ApiError::not_found(match &self.layer {
            Some(layer) => format!("There is no layer '{layer}' in {version}."),
            None => format!("There are no layers in {version}."),
        })
    }

    pub(super) fn export(&self, commit: ObjectId) -> Export {
        Export {
            commit,
            root: commit.to_string(),
            layers: self.layer.clone().map(|layer| vec![layer]),
            format: self.format,
            window: None,
            crs: None,
            indexes: None,
        }
    }

    /// The name of the file in the cache: all that its bytes depend on. A commit that does not change a layer does not change its
    /// file.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn cache_name(
        &self,
        repository: &Repository,
        commit: ObjectId,
    ) -> Result<String, ExportError> {
        let content = match &self.layer {
            Some(layer) => repository.layer_tree_with_documents(commit, layer)?.unwrap_or(commit),
            None => commit,
        };
        let last_change = match self.format {
            ExportFormat::Gpkg => self.export(commit).last_change(repository)?,
            _ => String::new(),
        };
        let layer = self.layer.as_ref().map_or("", DatasetPath::as_str);
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("{version}\n{content}\n{}\n{last_change}\n{layer}", self.format.name());
        Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(super) fn media_type(&self) -> HeaderValue {
        HeaderValue::from_static(self.format.media_type())
    }

    /// The name under which clients store the file, without its ending: that of the layer, or of the repository.
    pub(super) fn file_stem(&self, snapshot: &Snapshot) -> String {
        let name = match &self.layer {
            Some(layer) => layer.as_str().replace('/', "__"),
            None => snapshot.repository.name().to_string(),
        };
        name[..name.floor_char_boundary(MAX_NAME)].to_owned()
    }
}
