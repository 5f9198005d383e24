//! `cargo xtask shots`: screenshots of telling moments, to look at.

use crate::run::{Outcome, command, run};
use crate::setup::{self, Build};
use crate::{browser, dist};

/// Builds the page and takes the pictures that tests/page/moments.mjs lists.
pub fn shots() -> Outcome {
    let tools = setup::page(Build::Release)?;
    setup::node_tests("page")?;
    let chrome = browser::chrome()?;
    dist::build(&tools, None)?;
    run(command("node").args(["tests/page/shots.mjs", "dist", "shots"]).env("CHROME", chrome))
}
