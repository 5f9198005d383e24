//! `cargo xtask bench`: measurements, never tests. Each part runs even if one before it failed.

use crate::run::{Outcome, Part, cargo, command, run};
use crate::setup::{self, Build};
use crate::{browser, dist, project};

/// Measures the simulator natively, then the page in a browser, then our peers.
pub fn bench() -> Outcome {
    let parts: [Part; 3] = [("native", native), ("in the browser", page), ("peers", peers)];
    let mut failed = Vec::new();
    for (name, part) in parts {
        println!("\n== {name}");
        if let Err(sentence) = part() {
            eprintln!("xtask: {sentence}");
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not measured: {}.", failed.join(", "))) }
}

fn native() -> Outcome {
    run(cargo().args(["run", "--quiet", "--release", "--bin", "bench"]))
}

fn page() -> Outcome {
    let tools = setup::page(Build::Release)?;
    setup::node_tests("page")?;
    let chrome = browser::chrome()?;
    dist::build(&tools, None)?;
    run(command("node").args(["tests/page/bench.mjs", "dist"]).env("CHROME", chrome))
}

fn peers() -> Outcome {
    let manifest = "peers/Cargo.toml";
    if !project::root().join(manifest).exists() {
        println!("xtask: there is no {manifest}, so there are no peers to measure.");
        return Ok(());
    }
    run(cargo().args(["run", "--quiet", "--release", "--manifest-path", manifest]))
}
