//! A description of the machine.

use std::path::Path;
use std::process::Command;

/// One line: CPU, cores, memory, kernel, the file system under `folder`, today's date and the load.
pub fn describe(folder: &Path) -> String {
    let folder = folder.to_string_lossy();
    let parts = [
        cpu(),
        format!("{} cores", std::thread::available_parallelism().map_or(0, usize::from)),
        memory(),
        format!("Linux {}", output_of("uname", &["-r"])),
        format!("{} disk", file_system(&folder)),
        output_of("date", &["+%Y-%m-%d"]),
        format!("load {}", first_word("/proc/loadavg")),
    ];
    parts.join(", ")
}

fn cpu() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let total = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kib: f64 = total.trim_end_matches("kB").trim().parse().unwrap_or(f64::NAN);
    format!("{:.0} GiB memory", kib / 1024.0 / 1024.0)
}

/// The type of the file system, from the output of `df`.
fn file_system(folder: &str) -> String {
    let said = output_of("df", &["--output=fstype", folder]);
    said.lines().last().unwrap_or("unknown").to_owned()
}

/// The value of `name :` in a file of /proc.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn first_word(file: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn output_of(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_else(|_| "unknown".to_owned())
}
