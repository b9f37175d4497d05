//! `longhaul git-process`, which becomes a process of Git with limits.

use std::{ffi::OsString, io, os::unix::process::CommandExt, process::Command};

use anyhow::Context;
use clap::Args;
use rustix::process::{Resource, Rlimit, nice, setrlimit};

/// The exit status if Git is not installed, as that of a shell.
pub(crate) const GIT_NOT_FOUND: u8 = 127;
/// Git yields to the tasks of the server.
const NICENESS: i32 = 19;

/// Limit this process, and become Git
#[derive(Debug, Args)]
pub(super) struct GitProcessArgs {
    /// Most bytes that may be allocated
    #[arg(long)]
    memory: u64,
    /// Most seconds of CPU time
    #[arg(long)]
    cpu_seconds: u64,
    /// Arguments of Git
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// Does not return unless Git cannot be run. The limits apply to each process that Git starts, too.
pub(super) fn run(args: GitProcessArgs) -> anyhow::Result<std::process::ExitCode> {
    // Not of the address space: Git maps packs into memory, and that takes none.
    limit(Resource::Data, args.memory).context("limiting the memory")?;
    limit(Resource::Cpu, args.cpu_seconds).context("limiting the CPU time")?;
    limit(Resource::Core, 0).context("forbidding core dumps")?;
    nice(NICENESS).context("lowering the priority")?;
    let error = Command::new("git").args(args.arguments).exec();
    match error.kind() {
        io::ErrorKind::NotFound => Ok(GIT_NOT_FOUND.into()),
        _ => Err(error).context("running git"),
    }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
