//! Versions that must agree: wasm-bindgen in Cargo.toml, Cargo.lock and Trunk.toml.
//!
//! The crate and its command line speak a private format to each other, so they must be of the
//! very same version; Trunk would otherwise fetch another one, or fail with a riddle.

use crate::{project, run::Outcome};

/// The versions that the project's files name.
#[derive(Debug, PartialEq, Eq)]
pub struct Versions {
    /// wasm-bindgen, the crate and the command line alike.
    pub wasm_bindgen: String,
    /// Binaryen's `wasm-opt`, as a bare number.
    pub wasm_opt: String,
}

/// Reads the versions from the files, or says which two disagree.
pub fn read() -> Outcome<Versions> {
    agree(&project::read("Cargo.toml")?, &project::read("Cargo.lock")?, &project::read("Trunk.toml")?)
}

/// The versions in the texts of Cargo.toml, Cargo.lock and Trunk.toml.
fn agree(manifest: &str, lock: &str, trunk: &str) -> Outcome<Versions> {
    let locked = locked(lock, "wasm-bindgen").ok_or("Cargo.lock does not name wasm-bindgen.")?;
    let pinned = pinned(manifest, "wasm-bindgen")
        .ok_or("Cargo.toml must pin wasm-bindgen, as in `wasm-bindgen = { version = \"=0.2.130\" }`.")?;
    let asked = value(trunk, "wasm_bindgen").ok_or("Trunk.toml must name wasm_bindgen under [tools].")?;
    let wasm_opt = value(trunk, "wasm_opt")
        .and_then(|version| version.strip_prefix("version_"))
        .ok_or("Trunk.toml must name wasm_opt under [tools], as in `wasm_opt = \"version_132\"`.")?;
    for (file, version) in [("Cargo.toml", pinned), ("Trunk.toml", asked)] {
        if version != locked {
            return Err(format!(
                "wasm-bindgen is {version} in {file} but {locked} in Cargo.lock: set both to one version."
            ));
        }
    }
    Ok(Versions { wasm_bindgen: locked.to_string(), wasm_opt: wasm_opt.to_string() })
}

/// The version of a package in a Cargo.lock.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    value(lines.nth(1)?, "version")
}

/// The version that a Cargo.toml pins exactly (`=1.2.3`) for a dependency.
fn pinned<'a>(manifest: &'a str, package: &str) -> Option<&'a str> {
    let line = manifest.lines().find(|line| key(line) == Some(package))?;
    let from = line.find("\"=")? + 2;
    line[from..].split('"').next()
}

/// The quoted value of the first line `name = "value"`.
pub fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| key(line) == Some(name))?;
    line.split('"').nth(1)
}

/// What stands before the first `=` of a line.
fn key(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "wasm-bindgen-futures = \"0.4\"\nwasm-bindgen = { version = \"=0.2.130\", optional = true }";
    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
    const TRUNK: &str = "[tools]\nwasm_bindgen = \"0.2.130\"\nwasm_opt = \"version_132\"\n";

    #[test]
    fn equal_versions_are_read() {
        let versions = agree(MANIFEST, LOCK, TRUNK).unwrap();
        assert_eq!(versions.wasm_bindgen, "0.2.130");
        assert_eq!(versions.wasm_opt, "132");
    }

    #[test]
    fn a_mismatch_is_one_sentence_with_both_versions_and_both_files() {
        let trunk = TRUNK.replace("0.2.130", "0.2.131");
        let sentence = agree(MANIFEST, LOCK, &trunk).unwrap_err();
        assert_eq!(
            sentence,
            "wasm-bindgen is 0.2.131 in Trunk.toml but 0.2.130 in Cargo.lock: set both to one version."
        );
        let manifest = MANIFEST.replace("=0.2.130", "=0.2.129");
        assert!(agree(&manifest, LOCK, TRUNK).unwrap_err().contains("0.2.129 in Cargo.toml"));
    }

    #[test]
    fn a_loose_pin_is_refused() {
        let manifest = MANIFEST.replace("=0.2.130", "0.2.130");
        assert!(agree(&manifest, LOCK, TRUNK).unwrap_err().contains("must pin"));
    }
}
