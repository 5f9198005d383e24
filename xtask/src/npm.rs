//! `cargo xtask npm`: the library as a package for JavaScript programs, in target/npm/wavetank.

use crate::run::{Outcome, cargo, command, run, step};
use crate::setup::{self, Tools, WASM};
use crate::{project, versions};
use std::fs;
use std::path::{Path, PathBuf};

/// What is written by hand, in npm/.
const WRITTEN: [&str; 5] = ["simulation.js", "simulation.d.ts", "node.js", "browser.js", "package.json"];
/// What comes from elsewhere in the repository, and its name in the package.
const TAKEN: [(&str, &str); 3] =
    [("docs/npm.md", "README.md"), ("LICENSE-MIT", "LICENSE-MIT"), ("LICENSE-APACHE", "LICENSE-APACHE")];

/// Builds the package and prints what is in it, with the bytes that go over the wire.
pub fn npm() -> Outcome {
    build(&setup::package()?)?;
    setup::node()?;
    println!("xtask: the package is in {}; `npm install` takes that folder.", folder().display());
    run(command("node").arg("tests/page/sizes.mjs").arg(folder()))
}

/// Where the package is built.
pub fn folder() -> PathBuf {
    project::target().join("npm").join("wavetank")
}

/// Builds the package.
pub fn build(tools: &Tools) -> Outcome {
    step("building the package for JavaScript into target/npm", "2 minutes", || {
        let folder = folder();
        // What an earlier build has left there would be published with it.
        let _ = fs::remove_dir_all(&folder);
        module(tools, &folder)?;
        let manifest = project::read("Cargo.toml")?;
        for name in WRITTEN {
            let text = project::read(Path::new("npm").join(name))?;
            project::write(&folder.join(name), &filled(&text, &manifest)?)?;
        }
        TAKEN.iter().try_for_each(|(from, to)| project::write(&folder.join(to), &project::read(from)?))
    })
}

/// The WebAssembly and what binds it to JavaScript: core.js, core_bg.wasm.
fn module(tools: &Tools, folder: &Path) -> Outcome {
    // A library of this kind is built for this package alone: Cargo.toml names no such kind, since with it
    // every other build would make one too.
    let mut build = cargo();
    build.args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--features", "npm"]);
    run(setup::nameless(build.args(["--target", WASM, "--release"])))?;
    let built = project::target().join(WASM).join("release").join("wavetank.wasm");
    let mut bind = command(tools.find("wasm-bindgen")?);
    bind.args(["--target", "web", "--no-typescript", "--out-name", "core", "--out-dir"]);
    run(bind.arg(folder).arg(built))?;
    let wasm = folder.join("core_bg.wasm");
    run(command(tools.find("wasm-opt")?).arg("-O3").arg(&wasm).arg("-o").arg(&wasm).env("PATH", tools.path()))
}

/// A text with what Cargo.toml says in the place of VERSION, DESCRIPTION and LICENSE.
fn filled(text: &str, manifest: &str) -> Outcome<String> {
    ["version", "description", "license"].iter().try_fold(text.to_string(), |text, name| {
        let value = versions::value(manifest, name).ok_or(format!("Cargo.toml has no {name}."))?;
        Ok(text.replace(&format!("\"{}\"", name.to_uppercase()), &format!("{value:?}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_says_what_cargo_toml_says() {
        let manifest = "[package]\nname = \"wavetank\"\nversion = \"0.1.0\"\ndescription = \"A tank.\"\nlicense = \"MIT\"";
        let text = r#"{ "version": "VERSION", "description": "DESCRIPTION", "license": "LICENSE" }"#;
        let full = r#"{ "version": "0.1.0", "description": "A tank.", "license": "MIT" }"#;
        assert_eq!(filled(text, manifest).as_deref(), Ok(full));
        assert!(filled(text, "version = \"1\"").unwrap_err().contains("no description"));
    }
}
