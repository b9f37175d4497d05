//! Kills the real server again and again while clients import, cancel, prune and poll, and holds it to all that it told them.
//!
//! What happens when is drawn from a seed; how far the server is when it is killed is up to the machine, so that a seed
//! replays the same plan, and mostly the same trouble. `cargo xtask chaos --kills 1000` goes on for longer.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod audit;
mod book;
mod clients;
mod dice;

use std::{process::Stdio, sync::Arc, thread, time::Duration};

use book::Book;
use dice::Dice;
use harness::{Server, server::longhaul};
use tempfile::TempDir;

/// What a run of the tests has time for.
const KILLS: u64 = 60;
const SEED: u64 = 4;

/// After so many kills everything may come to its end, and every promise is checked.
const BETWEEN_AUDITS: u64 = 10;

/// Tasks are kept for as long as the test runs.
const ARGUMENTS: [&str; 6] = ["--keep", "24h", "--workers", "3", "--min-free", "1MB"];

#[test]
fn no_kill_makes_the_server_lose_a_task_or_lie_about_one() {
    let (kills, seed) = (setting("CHAOS_KILLS").unwrap_or(KILLS), setting("CHAOS_SEED").unwrap_or(SEED));
    println!(
        "{kills} kills with seed {seed}; cargo xtask chaos --kills {kills} --seed {seed} does the same again"
    );
    let mut dice = Dice::new(seed);
    let book = Arc::new(Book::default());
    let mut folder = tempfile::tempdir().unwrap();
    for kill in 1..=kills {
        book.enter_round();
        folder = live_and_die(folder, &book, &mut dice);
        if kill % BETWEEN_AUDITS == 0 || kill == kills {
            folder = come_to_rest(folder, &book);
            println!("{kill} kills: {}", book.summary());
        }
    }
    assert!(book.has_seen_everything(), "too little happened: {}", book.summary());
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// From a start to a sudden end, with clients all the while.
fn live_and_die(mut folder: TempDir, book: &Arc<Book>, dice: &mut Dice) -> TempDir {
    if dice.roll(4) == 0 {
        die_young(&folder, dice);
    }
    let server = Server::start_in(folder, &ARGUMENTS, |_| {});
    audit::nothing_is_lost(&server, book);
    audit::make_repositories(&server);
    let clients = clients::start(server.address, book, dice);
    book.wait_for_answers(dice.roll(300));
    pause(dice.roll(40));
    let log;
    (folder, log) = match dice.roll(10) {
        0 => {
            book.expect_stop();
            let (folder, status, log) = server.stop_and_tell();
            assert!(status.success(), "{status}\n{log}");
            (folder, log)
        }
        _ => server.kill_and_tell(),
    };
    clients.into_iter().for_each(|client| client.join().unwrap());
    audit::log_is_clean(&log);
    folder
}

/// Killed at its start, while it looks through what the last one left.
fn die_young(folder: &TempDir, dice: &mut Dice) {
    let mut command = longhaul();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(ARGUMENTS);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    pause(dice.roll(60));
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Lets every task come to its end, and checks all that can be seen then.
fn come_to_rest(folder: TempDir, book: &Arc<Book>) -> TempDir {
    book.enter_round();
    let server = Server::start_in(folder, &ARGUMENTS, |_| {});
    audit::nothing_is_lost(&server, book);
    audit::everything_ends(&server, book);
    audit::repositories_agree(&server, book);
    audit::no_file_is_left(&server);
    let (folder, _, log) = server.stop_and_tell();
    audit::log_is_clean(&log);
    folder
}

/// So many milliseconds. Not waiting for anything: the moment of a kill is to be any moment.
fn pause(milliseconds: u64) {
    thread::park_timeout(Duration::from_millis(milliseconds));
}
