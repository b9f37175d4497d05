use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{Client, ClientError, Task, Upload, transport::answered};

/// A commit as the server tells of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Commit {
    /// Its name in Git.
    pub id: String,
    /// Who made the change.
    pub author: Person,
    /// The whole message.
    pub message: String,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// How far the person's clock was ahead of UTC, in milliseconds.
    #[serde(rename = "timeZoneOffset")]
    pub time_zone_offset: i64,
}

/// A layer, or a feature of one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Node {
    /// `roads`, or `roads/17`.
    pub path: String,
}

#[derive(Deserialize)]
struct Enveloped<T> {
    response: T,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    commit: Vec<Commit>,
}

#[derive(Deserialize)]
struct Tree {
    #[serde(default)]
    node: Vec<Node>,
}

impl Client {
    /// Whether the server has the repository.
    pub async fn has_repository(&self, name: &str) -> Result<bool, ClientError> {
        match self.get(&["repos", &format!("{name}.json")], &[]).await {
            Ok(_) => Ok(true),
            Err(error) if answered(&error, StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a repository; false if there is one of that name.
    pub async fn create_repository(&self, name: &str) -> Result<bool, ClientError> {
        match self.put(&["repos", name, "init.json"]).await {
            Ok(_) => Ok(true),
            Err(error) if answered(&error, StatusCode::CONFLICT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads a GeoPackage or a file of OpenStreetMap data into a repository; the task that imports it. `sent` is told the bytes of each piece.
    pub async fn import(
        &self,
        repository: &str,
        parameters: &[(&str, &str)],
        upload: Upload,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Task, ClientError> {
        let (format, command): (&[_], &[_]) = match upload.is_osm() {
            true => (&[], &["osm", "import.json"]),
            false => (&[("format", "gpkg")], &["import.json"]),
        };
        let path = [&["repos", repository], command].concat();
        let request = self.request(Method::POST, &path, &[format, parameters].concat());
        self.send(request.multipart(upload.into_form(sent))).await?.task()
    }

    /// The newest commits of a repository.
    pub async fn log(&self, repository: &str, query: &[(&str, &str)]) -> Result<Vec<Commit>, ClientError> {
        let log: Enveloped<Log> = self.get(&["repos", repository, "log.json"], query).await?.read()?;
        Ok(log.response.commit)
    }

    /// Layers or features of a repository.
    pub async fn ls_tree(&self, repository: &str, query: &[(&str, &str)]) -> Result<Vec<Node>, ClientError> {
        let tree: Enveloped<Tree> = self.get(&["repos", repository, "ls-tree.json"], query).await?.read()?;
        Ok(tree.response.node)
    }
}
