use std::path::Path;

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use tokio::{fs::File, io::AsyncReadExt};
use tokio_util::io::ReaderStream;

use crate::cli::exit_status::UsageError;

/// A file to upload.
pub struct Upload {
    /// The file name that the server gets.
    pub name: String,
    /// The length in bytes.
    pub length: u64,
    content: Content,
    mapping: Option<String>,
}

enum Content {
    File(File),
    Bundled(&'static [u8]),
}

/// File name extensions of OpenStreetMap data.
const OSM: [&str; 4] = [".osm", ".osm.gz", ".osm.bz2", ".pbf"];

/// File name extensions of other formats that people try, and what they are called.
const OTHER_FORMATS: [(&str, &str); 6] = [
    (".geojson", "GeoJSON"),
    (".json", "GeoJSON"),
    (".shp", "a Shapefile"),
    (".fgb", "FlatGeobuf"),
    (".gml", "GML"),
    (".kml", "KML"),
];

/// Before anything is sent.
fn refuse_other_formats(path: &Path) -> Result<(), UsageError> {
    let shown = path.display().to_string();
    let name = shown.to_ascii_lowercase();
    let Some((ending, format)) = OTHER_FORMATS.iter().find(|(ending, _)| name.ends_with(ending)) else {
        return Ok(());
    };
    let package = format!("{}.gpkg", &shown[..shown.len() - ending.len()]);
    Err(UsageError(format!(
        "{shown} is {format}; GeoPackages and OpenStreetMap data are imported. GDAL converts it:\n  \
         ogr2ogr -f GPKG '{package}' '{shown}'"
    )))
}

/// Bytes read and sent at a time; each read runs on a blocking thread.
const CHUNK: usize = 1 << 20;

impl Upload {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is not a file, of a format that is not imported, or cannot be read.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        refuse_other_formats(path)?;
        let mut file = File::open(path).await.with_context(|| format!("cannot open {}", path.display()))?;
        file.set_max_buf_size(CHUNK);
        let about = file.metadata().await.with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(about.is_file(), "{} is not a file", path.display());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, length: about.len(), content: Content::File(file), mapping: None })
    }

    /// Adds a mapping file, which says how OpenStreetMap data becomes layers.
    ///
    /// # Errors
    /// If the file cannot be read as text.
    pub async fn with_mapping(mut self, path: &Path) -> anyhow::Result<Self> {
        self.mapping = Some(mapping_text(path).await?);
        Ok(self)
    }

    /// A file embedded in this program.
    pub fn bundled(name: &str, bytes: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            length: bytes.len() as u64,
            content: Content::Bundled(bytes),
            mapping: None,
        }
    }

    /// Whether the file name is one of OpenStreetMap data.
    pub fn is_osm(&self) -> bool {
        Self::is_osm_name(&self.name)
    }

    /// Whether a file of this name has OpenStreetMap data.
    pub fn is_osm_name(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        OSM.iter().any(|ending| name.ends_with(ending))
    }

    /// The form with the file. `on_sent` is called with the number of bytes of each chunk sent.
    pub(super) fn into_form(mut self, on_sent: impl Fn(u64) + Send + Sync + 'static) -> Form {
        let mapping = self.mapping.take();
        let (length, name) = (self.length, self.name.clone());
        let chunks = ReaderStream::with_capacity(self.read(), CHUNK);
        let chunks = chunks.inspect_ok(move |chunk| on_sent(chunk.len() as u64));
        let part = Part::stream_with_length(Body::wrap_stream(chunks), length).file_name(name);
        // Like browsers, sends file names as UTF-8 without percent encoding.
        let form = Form::new().percent_encode_noop();
        mapping.into_iter().fold(form, |form, mapping| form.text("mapping", mapping)).part("fileUpload", part)
    }

    /// Reads at most the announced length, even if the file grows.
    fn read(self) -> Box<dyn tokio::io::AsyncRead + Send + Unpin> {
        match self.content {
            Content::File(file) => Box::new(file.take(self.length)),
            Content::Bundled(bytes) => Box::new(bytes),
        }
    }
}

/// The text of a mapping file.
///
/// # Errors
/// If it cannot be read as text.
pub async fn mapping_text(path: &Path) -> anyhow::Result<String> {
    let text = tokio::fs::read_to_string(path).await;
    text.with_context(|| format!("cannot read the mapping {}", path.display()))
}
