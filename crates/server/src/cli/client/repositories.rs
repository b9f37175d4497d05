use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{
    ApiResponse, Client, ClientError, Task, Upload,
    transport::{TIMEOUT, has_status},
};

/// A commit in a response.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Commit {
    /// The object id.
    pub id: String,
    /// The author.
    pub author: Person,
    /// The commit message.
    pub message: String,
    /// How many features it added, if that was requested.
    #[serde(default)]
    pub adds: Option<u64>,
    /// How many features it changed, if that was requested.
    #[serde(default)]
    pub modifies: Option<u64>,
    /// How many features it deleted, if that was requested.
    #[serde(default)]
    pub removes: Option<u64>,
}

/// An author or committer, with the time.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The time in milliseconds since 1970.
    pub timestamp: i64,
    /// The offset from UTC in milliseconds.
    #[serde(rename = "timeZoneOffset")]
    pub time_zone_offset: i64,
}

/// A layer of a version.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LayerSummary {
    /// Its path.
    pub name: String,
    /// The types of its geometries.
    #[serde(rename = "geometryType", default)]
    pub geometry_types: Vec<String>,
    /// Its coordinate reference system.
    pub crs: Option<String>,
    /// The number of features.
    pub count: u64,
}

/// A layer or a feature in the tree of a commit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TreeEntry {
    /// `roads`, or `roads/17`.
    pub path: String,
}

#[derive(Deserialize)]
struct Envelope<T> {
    response: T,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    commit: Vec<Commit>,
}

#[derive(Deserialize)]
struct Offer {
    token: String,
}

#[derive(Deserialize)]
struct Repos {
    repos: RepoList,
}

#[derive(Deserialize)]
struct RepoList {
    repo: Vec<Repo>,
}

#[derive(Deserialize)]
struct Repo {
    name: String,
}

#[derive(Deserialize)]
struct LayerList {
    #[serde(default)]
    layer: Vec<LayerSummary>,
}

#[derive(Deserialize)]
struct Tree {
    #[serde(default)]
    node: Vec<TreeEntry>,
}

/// The tasks of a server that takes no new ones.
#[derive(Clone, Debug, Deserialize)]
pub struct Drained {
    /// How many wait.
    pub waiting: u64,
    /// How many run.
    pub running: u64,
}

impl Drained {
    /// How many have not ended.
    pub fn unfinished(&self) -> u64 {
        self.waiting + self.running
    }
}

impl Client {
    /// Makes the server take no new tasks, or take them again; what it still has to do, and the whole response.
    pub async fn drain(&self, is_draining: bool) -> Result<(Drained, ApiResponse), ClientError> {
        let method = if is_draining { Method::POST } else { Method::DELETE };
        let response =
            self.send(self.request(method, &["admin", "drain.json"], &[]).timeout(TIMEOUT)).await?;
        let drained: Envelope<Drained> = response.read()?;
        Ok((drained.response, response))
    }

    /// Whether the repository exists.
    pub async fn has_repository(&self, name: &str) -> Result<bool, ClientError> {
        match self.get(&["repos", &format!("{name}.json")], &[]).await {
            Ok(_) => Ok(true),
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates a repository; returns false if it exists already.
    pub async fn create_repository(&self, name: &str) -> Result<bool, ClientError> {
        match self.put(&["repos", name, "init.json"]).await {
            Ok(_) => Ok(true),
            Err(error) if has_status(&error, StatusCode::CONFLICT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads a GeoPackage or a file of OpenStreetMap data; returns the task that imports it into the repository. `on_sent` is called with
    /// the number of bytes of each chunk sent. With an idempotency key the request may be sent again without making a second task.
    pub async fn import(
        &self,
        repository: &str,
        parameters: &[(&str, &str)],
        upload: Upload,
        idempotency_key: Option<&str>,
        on_sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Task, ClientError> {
        let (format, command): (&[_], &[_]) = match upload.is_osm() {
            true => (&[], &["osm", "import.json"]),
            false => (&[("format", "gpkg")], &["import.json"]),
        };
        let path = [&["repos", repository], command].concat();
        let request = self.request(Method::POST, &path, &[format, parameters].concat());
        let request = match idempotency_key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        self.send(request.multipart(upload.into_form(on_sent))).await?.task()
    }

    /// Submits the import of the upload that a dry run has kept; returns its task. A mapping is for OpenStreetMap data.
    pub async fn import_kept(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        mapping: Option<String>,
    ) -> Result<Task, ClientError> {
        let request = self.request(Method::POST, path, query);
        let request = match mapping {
            Some(mapping) => request.multipart(reqwest::multipart::Form::new().text("mapping", mapping)),
            None => request,
        };
        self.send(request).await?.task()
    }

    /// Submits a task without a body; returns it.
    pub async fn submit(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Task, ClientError> {
        self.send(self.request(Method::POST, path, query)).await?.task()
    }

    /// Starts an export; returns its task.
    pub async fn export(&self, repository: &str, parameters: &[(&str, &str)]) -> Result<Task, ClientError> {
        self.get(&["repos", repository, "export.json"], parameters).await?.task()
    }

    /// The newest commits of a repository.
    pub async fn log(&self, repository: &str, query: &[(&str, &str)]) -> Result<Vec<Commit>, ClientError> {
        self.log_and_document(repository, query).await.map(|(commits, _)| commits)
    }

    /// As [`log`](Self::log), with the whole response.
    pub async fn log_and_document(
        &self,
        repository: &str,
        query: &[(&str, &str)],
    ) -> Result<(Vec<Commit>, ApiResponse), ClientError> {
        let response = self.get(&["repos", repository, "log.json"], query).await?;
        let log: Envelope<Log> = response.read()?;
        Ok((log.response.commit, response))
    }

    /// The names of all repositories, and the whole response.
    pub async fn repositories(&self) -> Result<(Vec<String>, ApiResponse), ClientError> {
        let response = self.get(&["repos.json"], &[]).await?;
        let repos: Repos = response.read()?;
        Ok((repos.repos.repo.into_iter().map(|repo| repo.name).collect(), response))
    }

    /// Renames a repository.
    pub async fn rename_repository(&self, name: &str, new_name: &str) -> Result<ApiResponse, ClientError> {
        let request = self.request(Method::POST, &["repos", name, "rename.json"], &[("name", new_name)]);
        // The server's success, as GeoGig's, is 301 without a Location.
        self.send_expecting(request.timeout(TIMEOUT), |status| status == StatusCode::MOVED_PERMANENTLY).await
    }

    /// Deletes a repository.
    pub async fn delete_repository(&self, name: &str) -> Result<ApiResponse, ClientError> {
        let offer: Envelope<Offer> = self.get(&["repos", name, "delete.json"], &[]).await?.read()?;
        let token = [("token", offer.response.token.as_str())];
        let request = self.request(Method::DELETE, &["repos", &format!("{name}.json")], &token);
        self.send(request.timeout(TIMEOUT)).await
    }

    /// The layers of a repository, at HEAD or at a branch, tag or commit.
    pub async fn layers(
        &self,
        repository: &str,
        revision: Option<&str>,
    ) -> Result<Vec<LayerSummary>, ClientError> {
        let path = match revision {
            Some(revision) => vec!["repos", repository, "at", revision, "layers.json"],
            None => vec!["repos", repository, "layers.json"],
        };
        let list: Envelope<LayerList> = self.get(&path, &[]).await?.read()?;
        Ok(list.response.layer)
    }

    /// Layers or features of a repository.
    pub async fn ls_tree(
        &self,
        repository: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<TreeEntry>, ClientError> {
        let tree: Envelope<Tree> = self.get(&["repos", repository, "ls-tree.json"], query).await?.read()?;
        Ok(tree.response.node)
    }
}
