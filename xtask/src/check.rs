//! `cargo xtask check`: what can be said about the code without running it.

use crate::run::{Outcome, Part, cargo, lasted, run};
use crate::setup::{self, WASM};
use crate::{floors, hygiene, project, versions};
use std::time::Instant;

/// Runs every check, then says which failed.
pub fn check() -> Outcome {
    setup::components()?;
    setup::wasm_target()?;
    let checks: [Part; 7] = [
        ("versions agree", versions_agree),
        ("floors", floors::check),
        ("no machine paths, no registry addresses", hygiene::check),
        ("fmt", fmt),
        ("clippy, native", clippy_native),
        ("clippy, wasm32", clippy_wasm),
        ("docs", docs),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        println!("xtask: checking {name} …");
        let start = Instant::now();
        match check() {
            Ok(()) => println!("xtask: {name}: fine ({}).", lasted(start.elapsed())),
            Err(sentence) => {
                eprintln!("xtask: {name}: {sentence}");
                failed.push(name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("to be mended: {}.", failed.join("; "))) }
}

/// The project's files must agree. Another command line on PATH is only told of: we bring our own.
fn versions_agree() -> Outcome {
    let wanted = versions::read()?.wasm_bindgen;
    match setup::tool_version("wasm-bindgen".as_ref()) {
        Some(found) if found != wanted => println!(
            "xtask: wasm-bindgen on PATH is {found}; plain `trunk serve` needs {wanted}: \
             `cargo install wasm-bindgen-cli@{wanted}`."
        ),
        _ => {}
    }
    Ok(())
}

/// Both workspaces.
fn fmt() -> Outcome {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    let peers = "peers/Cargo.toml";
    if project::root().join(peers).exists() {
        run(cargo().args(["fmt", "--manifest-path", peers, "--check"]))?;
    }
    Ok(())
}

fn clippy_native() -> Outcome {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--features", "cli"]);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// The page, the package and the tests in the browser; the other tests are native only.
fn clippy_wasm() -> Outcome {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--target", WASM, "--features", "page,npm", "--lib", "--bin", "page"]);
    if project::root().join("tests/browser/main.rs").exists() {
        clippy.args(["--test", "browser"]);
    }
    run(clippy.args(["--", "-D", "warnings"]))
}

/// For wasm32 with the page and the package, so that every module is documented.
fn docs() -> Outcome {
    let mut doc = cargo();
    doc.args(["doc", "--quiet", "--no-deps", "--lib", "--features", "page,npm", "--target", WASM]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
