//! Runs each target for some seconds, with all findings, all seeds, and some thousand mutations of them, the same in
//! every run.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fuzz_targets::{Target, target};

#[test]
fn geometries_of_any_bytes_are_decoded_or_refused() {
    short_run(target("geometry"), 60_000);
}

#[test]
fn files_of_any_bytes_are_read_or_refused() {
    short_run(target("geopackage_bytes"), 800);
}

#[test]
fn files_of_any_tables_are_read_or_refused() {
    short_run(target("geopackage_tables"), 400);
}

#[test]
fn requests_of_any_words_are_answered() {
    short_run(target("http"), 20_000);
}

#[test]
fn forms_of_any_bytes_are_taken_apart_or_refused() {
    short_run(target("multipart_body"), 10_000);
}

#[test]
fn openstreetmap_files_of_any_bytes_are_brought_in_or_refused() {
    short_run(target("osm_file"), 6_000);
}

#[test]
fn mapping_rules_of_any_words_are_read_or_refused() {
    short_run(target("osm_mapping"), 20_000);
}

#[test]
fn databases_of_any_bytes_are_opened_or_refused() {
    short_run(target("task_database"), 300);
}

fn short_run(target: &Target, mutations: u64) {
    for (name, bytes) in findings(target.name) {
        run(target, &bytes, &name);
    }
    let mut corpus = (target.seeds)();
    assert!(!corpus.is_empty());
    for (number, bytes) in corpus.iter().enumerate() {
        run(target, bytes, &format!("seed {number}"));
    }
    for number in 0..mutations {
        let mut dice = Dice(number);
        let bytes = dice.mutated(&corpus);
        run(target, &bytes, &format!("mutation {number}"));
        // Mutations of mutations reach more code; the corpus stays small.
        if number % 16 == 0 {
            let at = corpus.len().saturating_sub(dice.roll(64) + 1);
            if corpus.len() < 256 { corpus.push(bytes) } else { corpus[at] = bytes }
        }
    }
}

fn run(target: &Target, bytes: &[u8], what: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))) {
        let kept = std::env::temp_dir().join(format!("{}-finding", target.name));
        std::fs::write(&kept, bytes).unwrap();
        eprintln!("{what} of {} is a finding; it is kept in {}", target.name, kept.display());
        std::panic::resume_unwind(panic);
    }
}

/// Inputs that once failed, by file name, from `fuzz/findings`.
fn findings(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../findings").join(target);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// Pseudorandom numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn roll(&mut self, sides: usize) -> usize {
        (self.next() % sides.max(1) as u64) as usize
    }

    fn mutated(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = corpus[self.roll(corpus.len())].clone();
        for _ in 0..=self.roll(6) {
            self.mutate(&mut bytes, corpus);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.roll(bytes.len());
        let run = self.roll(bytes.len() - at).min(1 + self.roll(64));
        match self.roll(8) {
            _ if bytes.is_empty() => bytes.push(self.next() as u8),
            0 => bytes[at] ^= 1 << self.roll(8),
            1 => bytes[at] = self.next() as u8,
            2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, b'"', b'\r', b'\n'][self.roll(8)],
            3 => bytes[at] = bytes[at].wrapping_add(1),
            4 => drop(bytes.drain(at..at + run)),
            5 => {
                let again = bytes[at..at + run].to_vec();
                drop(bytes.splice(at..at, again));
            }
            6 => bytes[at..at + run].fill([0, 0xFF, b' '][self.roll(3)]),
            _ => {
                let other = &corpus[self.roll(corpus.len())];
                let from = self.roll(other.len());
                let some = &other[from..other.len().min(from + 64)];
                drop(bytes.splice(at..at + run, some.iter().copied()));
            }
        }
    }
}
