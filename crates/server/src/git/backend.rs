use std::{
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::BytesMut;
use tokio::{
    io::AsyncWriteExt,
    process::{ChildStdin, ChildStdout, Command},
    time::{self, Instant},
};

use super::{
    GitBody, GitRequest, GitService, GitStep,
    cgi::CgiHead,
    configuration,
    output::{GitOutput, InputTask},
    path_filter::PathFilter,
    process::{GitProcess, Held},
};
use crate::{
    access::Caller,
    cli::GIT_NOT_FOUND,
    places::{Place, Places},
    shared_places::SharedPlaces,
    upload::TimedBody,
};

/// How long a request waits for a place.
const PLACE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a process may run.
const TIMEOUT: Duration = Duration::from_secs(6 * 60 * 60);
/// The CPU time that each process may take.
const CPU_TIME: Duration = Duration::from_secs(60 * 60);

/// Limits of the processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GitLimits {
    /// Most bytes that each process may allocate.
    pub(crate) memory: u64,
    /// Most bytes of a push.
    pub(crate) max_upload: u64,
}

/// Runs Git for requests.
#[derive(Clone)]
pub(crate) struct GitBackend {
    /// This program, which limits itself before it becomes Git.
    program: Arc<Path>,
    hooks: Arc<Path>,
    limits: GitLimits,
    fetches: Arc<Places>,
    pushes: Arc<Places>,
}

/// Why Git could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// It is not there.
    #[error("Git is not installed on this server, so its repositories can be neither cloned nor pushed to.")]
    NotInstalled,
    /// Too many other requests.
    #[error("Too many clones, fetches or pushes are running, or too many of yours; please try again later.")]
    Busy,
    /// It refused the request, with this status.
    #[error("Git refuses this request.")]
    Refused(StatusCode),
    /// It cannot be run, or its answer cannot be read.
    #[error("cannot run git http-backend")]
    Io(#[from] io::Error),
    /// It ended without an answer.
    #[error("git http-backend ended without an answer")]
    NoAnswer,
}

impl GitBackend {
    /// `program` is this program, `hooks` a folder made by [`install_hooks`](super::install_hooks).
    pub(crate) fn new(program: PathBuf, hooks: PathBuf, limits: GitLimits, places: &SharedPlaces) -> Self {
        Self {
            program: program.into(),
            hooks: hooks.into(),
            limits,
            fetches: places.fetches.clone(),
            pushes: places.pushes.clone(),
        }
    }

    /// Starts Git and returns its response once it begins. `held` is dropped when the process has ended.
    pub(crate) async fn run(
        &self,
        request: GitRequest,
        body: GitBody,
        held: impl Send + 'static,
    ) -> Result<Response, GitError> {
        let place = self.place(&request).await?;
        let deadline = Instant::now() + TIMEOUT;
        let filter = (request.service == GitService::ReceivePack)
            .then(|| PathFilter::new(request.repository().as_os_str().as_bytes().to_vec()));
        let (mut process, stdin, mut stdout, body) =
            self.spawn(request, body, Box::new((place, held))).await?;
        let input = stdin.map(|stdin| InputTask(tokio::spawn(send(body, stdin))));
        let (head, begun) = read_head(&mut process, &mut stdout, deadline).await?;
        if head.status != StatusCode::OK {
            return Err(GitError::Refused(head.status));
        }
        let output = GitOutput { process, stdout, begun, filter, deadline, input };
        let mut response = Response::new(output.into_body());
        let unknown = HeaderValue::from_static("application/octet-stream");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, head.content_type.unwrap_or(unknown));
        // A proxy that stored the answer would hide from Git how fast the client reads.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Ok(response)
    }

    async fn place(&self, request: &GitRequest) -> Result<Place, GitError> {
        let places = match (request.service, request.step) {
            (GitService::ReceivePack, GitStep::Call) => &self.pushes,
            _ => &self.fetches,
        };
        places.wait(&Caller::current(), PLACE_TIMEOUT).await.ok_or(GitError::Busy)
    }

    /// Starts the process, not on the threads of the async runtime.
    async fn spawn(
        &self,
        request: GitRequest,
        body: GitBody,
        held: Held,
    ) -> Result<(GitProcess, Option<ChildStdin>, ChildStdout, GitBody), GitError> {
        let command = self.command(&request, &body);
        let what = format!("{} of {}", request.service.name(), name_of(request.repository()));
        let spawned = tokio::task::spawn_blocking(move || {
            let (stdin, body) = match body {
                GitBody::Empty => (Stdio::null(), GitBody::Empty),
                GitBody::File(file, _) => (Stdio::from(file), GitBody::Empty),
                stream @ GitBody::Stream(..) => (Stdio::piped(), stream),
            };
            let (process, stdin, stdout) = GitProcess::spawn(command, stdin, what, held)?;
            Ok((process, stdin, stdout, body))
        });
        spawned.await.map_err(io::Error::other)?
    }

    fn command(&self, request: &GitRequest, body: &GitBody) -> Command {
        let mut command = Command::new(&*self.program);
        command.env_clear().envs(request.environment(body)).arg("git-process");
        command.args(["--memory", &self.limits.memory.to_string()]);
        command.args(["--cpu-seconds", &CPU_TIME.as_secs().to_string()]).arg("--");
        for setting in configuration::settings(request, &self.hooks, &self.limits) {
            command.arg("-c").arg(setting);
        }
        command.arg("http-backend");
        command
    }
}

async fn read_head(
    process: &mut GitProcess,
    stdout: &mut ChildStdout,
    deadline: Instant,
) -> Result<(CgiHead, BytesMut), GitError> {
    let head = time::timeout_at(deadline, CgiHead::read(stdout)).await;
    if let Some(read) = head.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
        return Ok(read);
    }
    match process.wait().await?.code() {
        Some(code) if code == i32::from(GIT_NOT_FOUND) => Err(GitError::NotInstalled),
        _ => Err(GitError::NoAnswer),
    }
}

/// Writes the body as fast as the process reads it. If the body is cut, or comes too slowly, the process gets only a part and
/// notices that.
async fn send(body: GitBody, mut stdin: ChildStdin) {
    let GitBody::Stream(mut body, _) = body else { return };
    let mut body = TimedBody::new(&mut body);
    while let Ok(Some(chunk)) = body.next().await {
        // Fails if the process does not want the rest.
        if stdin.write_all(&chunk).await.is_err() {
            return;
        }
    }
}

/// The name of a repository's folder, for the log.
fn name_of(repository: &Path) -> String {
    repository.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
