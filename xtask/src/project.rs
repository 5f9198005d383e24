//! Where things are, and small facts read out of the project's own files.

use crate::run::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository, wherever the command was given. Cargo says at each run where our
/// manifest lies; what it said when we were built may be of another checkout with the same target.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let xtask = PathBuf::from(manifest);
    xtask.parent().expect("xtask lies in the repository's root").to_path_buf()
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Tools that the project installs for itself; never anything outside the repository.
pub fn tools() -> PathBuf {
    root().join("target").join("tools")
}

/// The text of a file of the project.
pub fn read(path: impl AsRef<Path>) -> Outcome<String> {
    let path = path.as_ref();
    fs::read_to_string(root().join(path))
        .map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}

/// Writes a file, with its folder.
pub fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

/// All files below `folder` whose name ends in `ending`, in a fixed order.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let below = entries(folder).into_iter().filter(|path| path.is_dir());
    let mut found: Vec<PathBuf> = below.flat_map(|path| files(&path, ending)).collect();
    found.extend(files_in(folder, ending));
    found.sort();
    found
}

/// The files in `folder` itself whose name ends in `ending`, in a fixed order.
pub fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let ends = |path: &PathBuf| path.is_file() && path.to_string_lossy().ends_with(ending);
    let mut found: Vec<PathBuf> = entries(folder).into_iter().filter(ends).collect();
    found.sort();
    found
}

/// What lies in a folder; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
