//! The alternating programs and the measurements of their runs.

use super::stats::median;
use super::table::Table;
use super::watched::Usage;

pub const MIB: f64 = 1024.0 * 1024.0;

/// The rounds of one contender.
pub struct Contender {
    pub name: &'static str,
    pub runs: Vec<Run>,
}

/// The measurements of one round.
pub struct Run {
    pub seconds: f64,
    pub usage: Usage,
    /// The bytes written.
    pub bytes: u64,
}

impl Contender {
    pub fn new(name: &'static str) -> Self {
        Self { name, runs: Vec::new() }
    }

    /// Adds a round and returns the other part of its outcome.
    pub fn add<T>(&mut self, (run, rest): (Run, T)) -> T {
        self.runs.push(run);
        rest
    }

    pub fn median(&self, of: impl Fn(&Run) -> f64) -> f64 {
        median(&self.runs.iter().map(of).collect::<Vec<_>>())
    }

    pub fn peak(&self) -> f64 {
        self.runs.iter().map(|run| run.usage.peak as f64).fold(0.0, f64::max)
    }
}

/// A row for each contender, compared with the first. `items` is the number of items that each of them
/// processes, `rate` the heading of the rate.
pub fn table(contenders: &[Contender], items: u64, rate: &'static str) -> Table {
    let mut table =
        Table::new(["", "seconds", "median", rate, "CPU s", "peak MiB", "written MB", "× longhaul's time"]);
    let ours = contenders[0].median(|run| run.seconds);
    for contender in contenders {
        let seconds = contender.median(|run| run.seconds);
        let each: Vec<String> = contender.runs.iter().map(|run| format!("{:.2}", run.seconds)).collect();
        table.row(vec![
            contender.name.to_owned(),
            each.join(" "),
            format!("{seconds:.2}"),
            format!("{:.0}", items as f64 / seconds),
            format!("{:.2}", contender.median(|run| run.usage.cpu)),
            format!("{:.0}", contender.peak() / MIB),
            format!("{:.1}", contender.median(|run| run.bytes as f64) / 1e6),
            format!("{:.2}", seconds / ours),
        ]);
    }
    table
}
