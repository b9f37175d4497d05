//! This program as Git's hook `pre-receive`, githooks(5): checks a push before its refs move.

use std::{
    env,
    io::{BufRead, Read, Write, stderr, stdin},
    path::{Path, PathBuf},
    process::ExitCode,
};

use longhaul_repository::{IncomingPush, PushError, RefUpdate};

/// The longest list of refs, in bytes.
const MAX_INPUT: u64 = 16 << 20;

/// Checks the push whose refs are on standard input. Writes a reason to standard error, which the client sees, if it is refused.
pub(crate) fn run() -> ExitCode {
    let reason = match updates().and_then(|updates| check(&updates)) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(reason) => reason,
    };
    let _ = writeln!(stderr(), "the push was refused: {reason}");
    ExitCode::FAILURE
}

fn updates() -> Result<Vec<RefUpdate>, String> {
    let mut updates = Vec::new();
    for line in stdin().lock().take(MAX_INPUT).lines() {
        let line = line.map_err(|_| "the list of its refs cannot be read".to_owned())?;
        updates.push(RefUpdate::parse(&line).ok_or("the list of its refs is malformed or too long")?);
    }
    Ok(updates)
}

fn check(updates: &[RefUpdate]) -> Result<(), String> {
    // Git runs its hooks in the folder of a bare repository.
    let quarantine = env::var_os("GIT_QUARANTINE_PATH").map(PathBuf::from);
    let push = IncomingPush::open(Path::new("."), quarantine.as_deref());
    let checked = push.map_err(PushError::from).and_then(|push| push.check(updates));
    checked.map_err(|error| error.to_string())
}
