//! Kills the real server many times while clients import, export, revert, push, cancel, prune and poll, and checks every response against the earlier ones.
//!
//! The decisions of the clients come from a seed. The progress of the server at a kill depends on the machine, so a seed reproduces the same
//! decisions, but not exactly the same run. `cargo xtask chaos --kills 1000` runs it for longer.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod changes;
mod checks;
mod clients;
mod exporting;
mod observations;
mod random;

use std::{process::Stdio, sync::Arc, thread, time::Duration};

use harness::{Server, server::longhaul};
use observations::Observations;
use random::Random;
use tempfile::TempDir;

/// Kills in a normal test run.
const KILLS: u64 = 60;
const SEED: u64 = 4;

/// After this many kills all tasks run to their end and everything is checked.
const KILLS_BETWEEN_CHECKS: u64 = 10;

/// Tasks are kept longer than the test runs.
const ARGUMENTS: [&str; 6] = ["--keep", "24h", "--workers", "3", "--min-free", "1MB"];

#[test]
fn after_any_kill_no_task_is_lost_and_no_response_was_wrong() {
    let (kills, seed) = (setting("CHAOS_KILLS").unwrap_or(KILLS), setting("CHAOS_SEED").unwrap_or(SEED));
    println!("{kills} kills with seed {seed}; cargo xtask chaos --kills {kills} --seed {seed} repeats it");
    let mut random = Random::new(seed);
    let observed = Arc::new(Observations::default());
    let mut folder = tempfile::tempdir().unwrap();
    for kill in 1..=kills {
        observed.enter_round();
        folder = run_until_killed(folder, &observed, &mut random);
        if kill % KILLS_BETWEEN_CHECKS == 0 || kill == kills {
            folder = run_until_idle(folder, &observed);
            println!("{kill} kills: {}", observed.summary());
        }
    }
    assert!(observed.has_seen_everything(), "too little happened: {}", observed.summary());
    changes::something_happened(&observed);
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Starts the server, lets clients use it, and kills it, or sometimes stops it.
fn run_until_killed(mut folder: TempDir, observed: &Arc<Observations>, random: &mut Random) -> TempDir {
    if random.below(4) == 0 {
        kill_during_start(&folder, random);
    }
    let server = Server::start_in(folder, &ARGUMENTS, |_| {});
    checks::nothing_is_lost(&server, observed);
    checks::make_repositories(&server);
    changes::make_repository(&server);
    let clients = clients::start(server.address, observed, random);
    observed.wait_for_answers(random.below(300));
    if random.below(8) == 0 {
        changes::wait_for_push();
    }
    pause(random.below(40));
    let log;
    (folder, log) = match random.below(10) {
        0 => {
            observed.expect_stop();
            let (folder, status, log) = server.stop_and_read_log();
            assert!(status.success(), "{status}\n{log}");
            (folder, log)
        }
        _ => server.kill_and_read_log(),
    };
    clients.into_iter().for_each(|client| client.join().unwrap());
    checks::log_is_clean(&log);
    folder
}

/// Kills a server during its start, while it recovers.
fn kill_during_start(folder: &TempDir, random: &mut Random) {
    let mut command = longhaul();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(ARGUMENTS);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    pause(random.below(60));
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Lets every task run to its end, and checks the tasks, the repositories and the files.
fn run_until_idle(folder: TempDir, observed: &Arc<Observations>) -> TempDir {
    observed.enter_round();
    let server = Server::start_in(folder, &ARGUMENTS, |_| {});
    checks::nothing_is_lost(&server, observed);
    checks::everything_ends(&server, observed);
    checks::repositories_agree(&server, observed);
    changes::repository_agrees(&server, observed);
    checks::no_file_is_left(&server);
    exporting::files_are_whole(&server, observed);
    let (folder, _, log) = server.stop_and_read_log();
    checks::log_is_clean(&log);
    folder
}

/// Waits for a random time before a kill; this is not a wait for an event.
fn pause(milliseconds: u64) {
    thread::park_timeout(Duration::from_millis(milliseconds));
}
