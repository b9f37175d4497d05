//! The configuration that every process of Git gets. It counts more than that of a repository.

use std::path::Path;

use super::{GitLimits, GitRequest};

/// The settings, in the form `name=value` that `git -c` takes.
pub(super) fn settings(request: &GitRequest, hooks: &Path, limits: &GitLimits) -> Vec<String> {
    let fixed = [
        // The folder of the data may belong to another user, as in containers.
        "safe.directory=*",
        "http.receivepack=true",
        "http.uploadpack=true",
        // The server's own refs. The last setting counts, so that a repository cannot show them.
        "transfer.hideRefs=refs/longhaul",
        "uploadpack.allowFilter=true",
        "uploadpackfilter.sparse:oid.allow=false",
        // What a partial clone asks for later, also with the old protocol. The new one always allows it.
        "uploadpack.allowAnySHA1InWant=true",
        "receive.fsckObjects=true",
        // What was pushed stays in one pack, which the check can read.
        "receive.unpackLimit=1",
        // It would outlive the request.
        "receive.autogc=false",
        "maintenance.auto=false",
        "gc.auto=0",
        // A program that a repository could name.
        "core.alternateRefsCommand=true",
        "core.fsmonitor=false",
        // A push that was accepted survives a power failure.
        "core.fsync=all",
        // Features rarely have good deltas, and looking for them would take the time of imports.
        "pack.window=0",
        "pack.threads=1",
        "index.threads=1",
        "core.bigFileThreshold=64m",
    ];
    let hooks = hooks.to_string_lossy();
    let mut settings: Vec<String> = fixed.map(str::to_owned).into();
    settings.push(format!("core.hooksPath={hooks}"));
    settings.push(format!("receive.maxInputSize={}", limits.max_upload));
    settings.push(format!("receive.denyNonFastForwards={}", !request.may_rewind));
    settings
}
