//! `cargo xtask dist`: the optimised page as a folder of files.

use crate::options::Options;
use crate::run::{Outcome, command, run, step};
use crate::setup::{self, Build, Tools};

/// Builds dist/ and prints what is in it, with the bytes that go over the wire.
pub fn dist(options: &Options) -> Outcome {
    let tools = setup::page(Build::Release)?;
    build(&tools, options.value("--public-url"))?;
    setup::node()?;
    run(command("node").args(["tests/page/sizes.mjs", "dist"]))
}

/// Builds the optimised page into dist/. Without an address all its paths are relative, so that
/// the folder works wherever it is put.
pub fn build(tools: &Tools, public_url: Option<&str>) -> Outcome {
    step("building the optimised page into dist/", "2 minutes", || {
        let mut trunk = tools.trunk_for_release("build");
        if let Some(url) = public_url {
            trunk.args(["--public-url", url]);
        }
        run(&mut trunk)
    })
}
