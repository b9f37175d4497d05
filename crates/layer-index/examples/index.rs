//! Makes the index of a layer and says how long that took: `cargo run --release --example index -- DATA/repos city roads`.

use std::{env, error::Error, sync::atomic::AtomicBool, time::Instant};

use longhaul_layer_index::{BuildOptions, LayerIndex, Window, build};
use longhaul_repository::{DatasetPath, Repositories};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, repository, layer] = &arguments[..] else {
        return Err("give a folder of repositories, a repository and a layer".into());
    };
    let repository = Repositories::open(folder)?.get(&repository.parse()?)?;
    let repository = repository.ok_or("there is no such repository")?;
    let commit = repository.head_commit()?.ok_or("the repository has no commit")?;
    let dataset = repository.dataset(commit, &DatasetPath::new(layer)?)?.ok_or("there is no such layer")?;
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("index");

    let started = Instant::now();
    build(&dataset, &path, BuildOptions::default(), &AtomicBool::new(false))?;
    println!("made in {:.3} s", started.elapsed().as_secs_f64());

    let index = LayerIndex::open(&path, dataset.tree())?;
    println!("{} features, {} bytes, extent {:?}", index.count(), index.size(), index.extent());
    let reader = dataset.reader();
    let mut batch = reader.batch()?;
    let started = Instant::now();
    for leaf in index.leaves(Window::All, index.count() / 2).take(1000) {
        reader.read(&leaf?.entry, &mut batch)?;
    }
    println!("{} neighbours read in {:.1} ms", batch.len(), started.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
