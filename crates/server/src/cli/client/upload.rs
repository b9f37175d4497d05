use std::path::Path;

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use tokio::{fs::File, io::AsyncReadExt};
use tokio_util::io::ReaderStream;

/// A file on its way to the server.
pub struct Upload {
    /// What the server is told that it is called.
    pub name: String,
    /// Its bytes.
    pub length: u64,
    content: Content,
    mapping: Option<String>,
}

enum Content {
    File(File),
    Bundled(&'static [u8]),
}

/// How the names of files end that hold OpenStreetMap data.
const OSM: [&str; 4] = [".osm", ".osm.gz", ".osm.bz2", ".pbf"];

/// Bytes that are read and sent at a time; each costs a visit to another thread.
const PIECE: usize = 1 << 20;

impl Upload {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is no file, or cannot be read.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = File::open(path).await.with_context(|| format!("cannot open {}", path.display()))?;
        file.set_max_buf_size(PIECE);
        let about = file.metadata().await.with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(about.is_file(), "{} is no file", path.display());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, length: about.len(), content: Content::File(file), mapping: None })
    }

    /// Sends the rules in a file along, by which OpenStreetMap data becomes layers.
    ///
    /// # Errors
    /// If the file cannot be read as text.
    pub async fn with_mapping(mut self, path: &Path) -> anyhow::Result<Self> {
        let text = tokio::fs::read_to_string(path).await;
        self.mapping = Some(text.with_context(|| format!("cannot read the mapping {}", path.display()))?);
        Ok(self)
    }

    /// A file that is part of this program.
    pub fn bundled(name: &str, bytes: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            length: bytes.len() as u64,
            content: Content::Bundled(bytes),
            mapping: None,
        }
    }

    /// Whether it holds OpenStreetMap data, by its name.
    pub fn is_osm(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        OSM.iter().any(|ending| name.ends_with(ending))
    }

    /// The file as a form whose length is known beforehand; `sent` is told the bytes of each piece.
    pub(super) fn into_form(mut self, sent: impl Fn(u64) + Send + Sync + 'static) -> Form {
        let mapping = self.mapping.take();
        let (length, name) = (self.length, self.name.clone());
        let pieces = ReaderStream::with_capacity(self.read(), PIECE);
        let pieces = pieces.inspect_ok(move |piece| sent(piece.len() as u64));
        let part = Part::stream_with_length(Body::wrap_stream(pieces), length).file_name(name);
        // As browsers do it: names beyond ASCII go as they are.
        let form = Form::new().percent_encode_noop();
        mapping.into_iter().fold(form, |form, mapping| form.text("mapping", mapping)).part("fileUpload", part)
    }

    /// Reads no more than was promised, though the file may grow meanwhile.
    fn read(self) -> Box<dyn tokio::io::AsyncRead + Send + Unpin> {
        match self.content {
            Content::File(file) => Box::new(file.take(self.length)),
            Content::Bundled(bytes) => Box::new(bytes),
        }
    }
}
