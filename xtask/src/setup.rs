//! Setting up what is missing, inside the repository and nowhere else.
//!
//! A tool that is there in the right version is used; else it goes to target/tools/, in a folder
//! named after its version. Nothing outside is upgraded or replaced.

use crate::run::{Outcome, cargo, command, npm, output, run, step};
use crate::{project, versions};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of the page.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The Trunk that is installed where there is none; 0.22 wants a newer Rust than ours.
const TRUNK: &str = "0.21.14";

/// Trunks that read our Trunk.toml.
const TRUNKS: [&str; 2] = ["0.21.", "0.22."];

/// Folders to put before PATH, so that every program finds the right tools.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    folders: Vec<PathBuf>,
}

impl Tools {
    /// PATH with the project's own tools first.
    pub fn path(&self) -> OsString {
        let usual = env::var_os("PATH").unwrap_or_default();
        let folders = self.folders.iter().cloned().chain(env::split_paths(&usual));
        env::join_paths(folders).unwrap_or(usual)
    }

    /// Trunk, held back from the network: what it would fetch has been set up before.
    pub fn trunk(&self, command_name: &str) -> Command {
        let mut trunk = command(find("trunk", &self.folders).unwrap_or_else(|| "trunk".into()));
        trunk.args([command_name, "--offline"]).env("PATH", self.path());
        // A build that fails has said why; where in Trunk that was noticed is of no use to anyone.
        trunk.env("RUST_BACKTRACE", "0");
        // Trunk takes only `true` and `false` for what everybody else sets to 1.
        if env::var_os("NO_COLOR").is_some() {
            trunk.env("NO_COLOR", "true");
        }
        trunk
    }

    /// As [`Tools::trunk`], for what is published ([`nameless`]).
    pub fn trunk_for_release(&self, command_name: &str) -> Command {
        let mut trunk = self.trunk(command_name);
        nameless(trunk.arg("--release"));
        trunk
    }

    /// The full path of a tool that was set up.
    pub fn find(&self, name: &str) -> Outcome<PathBuf> {
        find(name, &self.folders).ok_or_else(|| {
            format!("`{name}` was set up but is not there: remove target/tools and try again.")
        })
    }
}

/// Makes a build write nothing of where crates lie on this machine into what it builds for the browser.
/// Flags that somebody has set in RUSTFLAGS stand.
pub fn nameless(build: &mut Command) -> &mut Command {
    build.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", unnamed(&crates()))
}

/// The folders in which cargo keeps the crates that it has fetched.
fn crates() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    let registries = fs::read_dir(home.join("registry").join("src")).into_iter().flatten();
    registries.filter_map(|registry| Some(registry.ok()?.path())).collect()
}

/// Flags for rustc that cut these folders off the paths of files. A folder with a space can't be told.
fn unnamed(folders: &[PathBuf]) -> String {
    let folders = folders.iter().map(|folder| folder.display().to_string());
    let told = folders.filter(|folder| !folder.contains(char::is_whitespace));
    told.map(|folder| format!("--remap-path-prefix={folder}=crates")).collect::<Vec<_>>().join(" ")
}

/// Which way the page is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    Debug,
    Release,
}

/// Sets up what building the page needs.
pub fn page(build: Build) -> Outcome<Tools> {
    let mut tools = wasm_bindgen()?;
    trunk(&mut tools)?;
    if build == Build::Release {
        wasm_opt(&mut tools, &versions::read()?.wasm_opt)?;
    }
    Ok(tools)
}

/// Sets up what building the package for JavaScript needs.
pub fn package() -> Outcome<Tools> {
    let mut tools = wasm_bindgen()?;
    wasm_opt(&mut tools, &versions::read()?.wasm_opt)?;
    Ok(tools)
}

/// Sets up what any wasm for a browser needs, its tests among them: wasm-bindgen in the version
/// that the project's files agree on.
pub fn wasm_bindgen() -> Outcome<Tools> {
    wasm_target()?;
    // cargo brings Cargo.lock, which names that version, up to date when it fetches.
    fetch()?;
    let version = versions::read()?.wasm_bindgen;
    let right = |found: &str| found == version;
    let mut tools = Tools::default();
    // Without `--locked`: its lock file names crates that are not in every registry any more.
    cargo_tool(&mut tools, "wasm-bindgen-cli", "wasm-bindgen", &version, &[], "1 minute", right)?;
    Ok(tools)
}

/// Rust's own parts for the target, by rustup.
pub fn wasm_target() -> Outcome {
    let folder = output(command("rustc").args(["--print", "target-libdir", "--target", WASM]));
    if folder.is_some_and(|folder| Path::new(&folder).exists()) {
        return Ok(());
    }
    step("adding Rust's parts for wasm32", "20 seconds", || {
        run(command("rustup").args(["target", "add", WASM])).map_err(|_| {
            format!("the target {WASM} is missing and rustup could not add it: install it with your Rust.")
        })
    })
}

/// rustfmt and clippy, by rustup.
pub fn components() -> Outcome {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(cargo().args([tool, "--version"])).is_none() {
            step(&format!("adding {component}"), "20 seconds", || {
                run(command("rustup").args(["component", "add", component]))
            })?;
        }
    }
    Ok(())
}

/// The crates of Cargo.lock; Trunk builds without the network.
fn fetch() -> Outcome {
    let mut offline = cargo();
    let there = offline.args(["fetch", "--quiet", "--offline", "--locked"]);
    if output(there).is_some() {
        return Ok(());
    }
    step("fetching the crates of Cargo.lock", "30 seconds", || run(cargo().args(["fetch", "--quiet"])))
}

fn trunk(tools: &mut Tools) -> Outcome {
    let right = |version: &str| TRUNKS.iter().any(|start| version.starts_with(start));
    let about = "3 minutes";
    cargo_tool(tools, "trunk", "trunk", TRUNK, &["--locked"], about, right)
}

/// Finds a tool in a version that is `right`, or builds `version` of `package`.
fn cargo_tool(
    tools: &mut Tools,
    package: &str,
    program: &str,
    version: &str,
    flags: &[&str],
    about: &str,
    right: impl Fn(&str) -> bool,
) -> Outcome {
    if tool_version(Path::new(program)).is_some_and(|found| right(&found)) {
        return Ok(());
    }
    let folder = project::tools().join(format!("{program}-{version}"));
    let bin = folder.join("bin");
    if tool_version(&bin.join(program)).is_none() {
        step(&format!("building {package} {version} into target/tools"), about, || {
            let mut install = cargo();
            install.args(["install", "--quiet", &format!("{package}@{version}")]).args(flags);
            run(quick(install.arg("--root").arg(&folder)))
        })?;
    }
    tools.folders.push(bin);
    Ok(())
}

/// Tools are built once and run for seconds: what counts is how long building them takes.
fn quick(install: &mut Command) -> &mut Command {
    install
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env_remove("CARGO_TARGET_DIR")
}

/// Binaryen's optimiser, from npm.
fn wasm_opt(tools: &mut Tools, version: &str) -> Outcome {
    if tool_version(Path::new("wasm-opt")).is_some_and(|found| found == version) {
        return Ok(());
    }
    let folder = project::tools().join(format!("wasm-opt-{version}"));
    let bin = folder.join("node_modules").join(".bin");
    if tool_version(&bin.join("wasm-opt")).is_none() {
        node()?;
        step(&format!("installing wasm-opt {version} into target/tools"), "20 seconds", || {
            fs::create_dir_all(&folder)
                .map_err(|error| format!("{} cannot be made: {error}.", folder.display()))?;
            let mut install = npm();
            install.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
            run(install.arg("--prefix").arg(&folder).arg(format!("binaryen@{version}")))
        })?;
    }
    tools.folders.push(bin);
    Ok(())
}

/// Node, which only its owner may install.
pub fn node() -> Outcome {
    let version = output(command("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next().and_then(|number| number.parse().ok());
    match major {
        Some(20u32..) => Ok(()),
        Some(_) => Err(format!("Node {version} is too old: install Node 20 or newer.")),
        None => Err("Node is missing: install Node 20 or newer, with npm.".into()),
    }
}

/// What the tests in a folder of tests/ need from npm, as their lock file says.
pub fn node_tests(kind: &str) -> Outcome {
    node()?;
    let folder = project::root().join("tests").join(kind);
    let lock = project::read(folder.join("package-lock.json"))?;
    // What was installed is noted beside it, so that a second run has nothing to do.
    let note = folder.join("node_modules").join(".installed-lock.json");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step(&format!("installing what tests need into tests/{kind}/node_modules"), "10 seconds", || {
        let mut install = npm();
        install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(install.current_dir(&folder))?;
        project::write(&note, &lock)
    })
}

/// The version that a tool tells: the first word of `name --version` that starts with a digit.
pub fn tool_version(program: &Path) -> Option<String> {
    let program = on_path(program)?;
    version_in(&output(command(program).arg("--version"))?)
}

fn version_in(text: &str) -> Option<String> {
    text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_string)
}

/// The full path of a program: itself if it has a folder, else the first on PATH.
pub fn on_path(program: &Path) -> Option<PathBuf> {
    let usual = env::var_os("PATH").unwrap_or_default();
    if program.components().count() > 1 {
        return program.exists().then(|| program.to_path_buf());
    }
    find(&program.to_string_lossy(), &env::split_paths(&usual).collect::<Vec<_>>())
}

/// The first file `name` in `folders`, then on PATH.
fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let usual = env::var_os("PATH").unwrap_or_default();
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ""] } else { &[""] };
    folders.iter().cloned().chain(env::split_paths(&usual)).find_map(|folder| {
        endings.iter().map(|ending| folder.join(format!("{name}{ending}"))).find(|path| path.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_crates_are_cut_off() {
        let folders = ["/a/b", "/with space/c", "/d"].map(PathBuf::from);
        assert_eq!(unnamed(&folders), "--remap-path-prefix=/a/b=crates --remap-path-prefix=/d=crates");
        assert_eq!(unnamed(&[]), "");
    }

    #[test]
    fn a_tools_version_is_read_from_what_it_prints() {
        let cases = [
            ("trunk 0.21.14", Some("0.21.14")),
            ("wasm-bindgen 0.2.130", Some("0.2.130")),
            ("wasm-opt version 132 (version_132)", Some("132")),
            ("no version here", None),
        ];
        for (text, expected) in cases {
            assert_eq!(version_in(text).as_deref(), expected, "{text}");
        }
    }
}
