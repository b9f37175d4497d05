//! Reads a file of OpenStreetMap data on one thread and prints the rate.

use std::{env, error::Error, fs, time::Instant};

use longhaul_osm::{Entities, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: read FILE")?;
    let size = fs::metadata(&path)?.len() as f64 / 1e6;
    let started = Instant::now();
    let mut entities = Entities::default();
    let mut count = 0;
    for block in Source::open(path.as_ref(), &path)? {
        block?.decode(&mut entities)?;
        count += entities.len();
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{path}: {count} entities in {seconds:.2} s, {:.0} entities/s, {:.0} MB/s",
        count as f64 / seconds,
        size / seconds
    );
    Ok(())
}
