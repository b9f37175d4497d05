//! What the operating system says of the disk and of the process.

use std::{
    fmt::{self, Write},
    fs, io,
};

use longhaul_tasks_web::ApiError;

use super::single;
use crate::{upload::Receiver, web::error_response};

/// The measurements of one moment; `None` where the platform does not have one.
pub(super) struct Machine {
    disk_free: Option<u64>,
    disk_reserve: u64,
    resident_memory: Option<u64>,
    open_files: Option<u64>,
    max_files: Option<u64>,
}

impl Machine {
    pub(super) async fn measure(receiver: &Receiver) -> Result<Self, ApiError> {
        let (folder, disk_reserve) = (receiver.folder().to_owned(), receiver.min_free());
        let measuring = tokio::task::spawn_blocking(move || Self {
            disk_free: crate::upload::free_space(&folder).ok(),
            disk_reserve,
            resident_memory: resident_memory(),
            open_files: open_files().ok(),
            max_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
        });
        measuring.await.map_err(error_response::internal)
    }

    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        let help = "Bytes that can still be written to the disk of the data folder.";
        optional(out, "longhaul_disk_free_bytes", help, self.disk_free)?;
        let help = "Bytes of it that uploads leave free.";
        single(out, "longhaul_disk_reserve_bytes", "gauge", help, self.disk_reserve)?;
        let help = "Memory of the process, without that of Git.";
        optional(out, "process_resident_memory_bytes", help, self.resident_memory)?;
        optional(out, "process_open_fds", "Open files and connections of the process.", self.open_files)?;
        optional(out, "process_max_fds", "Most open files and connections of the process.", self.max_files)
    }
}

fn optional(out: &mut impl Write, name: &str, help: &str, value: Option<u64>) -> fmt::Result {
    value.map_or(Ok(()), |value| single(out, name, "gauge", help, value))
}

/// By Linux: `VmRSS:     1234 kB`.
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn open_files() -> io::Result<u64> {
    // One of them is the folder itself.
    Ok((fs::read_dir("/proc/self/fd")?.count() as u64).saturating_sub(1))
}
