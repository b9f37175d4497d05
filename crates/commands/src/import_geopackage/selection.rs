//! Which layers of a file are imported, and where to.

use std::error::Error;

use anyhow::{anyhow, bail};
use longhaul_geodata::short;
use longhaul_geopackage::{GeoPackage, Table, Warning};
use longhaul_repository::DatasetPath;

use super::ImportGeopackage;
use crate::public_error::public_error;

/// A layer to import, and its path in the repository.
pub(super) struct SelectedLayer {
    pub(super) table: Table,
    pub(super) path: DatasetPath,
}

/// Why a table is not imported.
struct Refusal {
    error: anyhow::Error,
    /// Whether it cannot be a dataset, whatever its rows are.
    is_about_structure: bool,
}

impl ImportGeopackage {
    /// The layers that the request names, or all but those that it excepts.
    ///
    /// If the request names none, tables that cannot be datasets are left out with a warning, unless `gpkg_contents` names them.
    /// `warnings` get all that was noticed, also before an error.
    pub(super) fn selected_layers(
        &self,
        package: &GeoPackage,
        warnings: &mut Vec<Warning>,
    ) -> anyhow::Result<Vec<SelectedLayer>> {
        let requested = self.requested_layers();
        let names = if requested.is_empty() { package.layer_names().to_vec() } else { requested.clone() };
        if names.is_empty() {
            return Err(self.without_layers(package));
        }
        let names = self.without_excepted(package, names)?;
        let (mut selected, mut left_out) = (Vec::new(), Vec::new());
        let mut refused = names
            .iter()
            .try_for_each(|name| self.select(package, name, &requested, &mut selected, &mut left_out));
        if refused.is_ok() && selected.is_empty() {
            refused = left_out.pop().map_or(Ok(()), Err);
        }
        warnings.extend(left_out_warning(&left_out));
        warnings.extend(selected.iter().flat_map(|layer| layer.table.warnings.iter().cloned()));
        refused?;
        if self.dest.is_some() && selected.len() > 1 {
            bail!("{} has {} layers: say with layer which one goes to dest", self.file_name, selected.len());
        }
        Ok(selected)
    }

    /// The layers that the request names, each once.
    fn requested_layers(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.layer.iter().chain(&self.more_layers) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn without_excepted(&self, package: &GeoPackage, names: Vec<String>) -> anyhow::Result<Vec<String>> {
        if let Some(unknown) = self.except.iter().find(|name| !package.layer_names().contains(name)) {
            bail!("{} has no layer {:?} that could be excepted", self.file_name, short(unknown));
        }
        let left: Vec<_> = names.into_iter().filter(|name| !self.except.contains(name)).collect();
        if left.is_empty() {
            bail!("all layers of {} are excepted", self.file_name);
        }
        Ok(left)
    }

    /// Adds a layer to those that are imported, or the reason why it is not to those that are left out.
    fn select(
        &self,
        package: &GeoPackage,
        name: &String,
        requested: &[String],
        selected: &mut Vec<SelectedLayer>,
        left_out: &mut Vec<anyhow::Error>,
    ) -> anyhow::Result<()> {
        match self.selected_layer(package, name) {
            Ok(layer) => selected.push(layer),
            Err(refusal) if !refusal.is_about_structure || requested.contains(name) => {
                return Err(refusal.error);
            }
            Err(refusal) if package.is_registered(name) => {
                let name = short(name);
                bail!(
                    "{}; except={name} imports the other layers, layer={name} this one alone",
                    refusal.error
                )
            }
            Err(refusal) => left_out.push(refusal.error),
        }
        Ok(())
    }

    fn selected_layer(&self, package: &GeoPackage, name: &str) -> Result<SelectedLayer, Refusal> {
        let path = DatasetPath::new(self.dest.as_deref().unwrap_or(name))
            .map_err(|error| Refusal::new(error, true))?;
        let table = match &self.fid_attribute {
            Some(column) => package.layer_keyed_by(name, column),
            None => package.layer(name),
        };
        let table = table.map_err(|error| {
            let is_about_structure = error.is_about_structure();
            Refusal::new(error, is_about_structure)
        })?;
        Ok(SelectedLayer { table, path })
    }

    /// Why there is nothing to import.
    fn without_layers(&self, package: &GeoPackage) -> anyhow::Error {
        let file = &self.file_name;
        let only = match package.other_contents() {
            others if others.is_empty() => String::new(),
            others => format!(", only {others}"),
        };
        match package.is_wal() {
            false => anyhow!("{file} has no layers{only}"),
            true => anyhow!(
                "{file} has no layers{only}: it is in WAL mode, and they may be in {file}-wal; close the programs that have it \
                 open, or run PRAGMA wal_checkpoint(TRUNCATE), and import it again"
            ),
        }
    }
}

impl Refusal {
    fn new(error: impl Error + Send + Sync + 'static, is_about_structure: bool) -> Self {
        Self { error: public_error(error), is_about_structure }
    }
}

fn left_out_warning(errors: &[anyhow::Error]) -> Option<Warning> {
    let text = match errors {
        [] => return None,
        [error] => format!("a table that is not in gpkg_contents was left out: {error}"),
        [first, ..] => format!(
            "{} tables that are not in gpkg_contents were left out, the first of them because {first}",
            errors.len()
        ),
    };
    Some(Warning::of_file(text, true))
}
