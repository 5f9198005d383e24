//! `cargo xtask test`: everything that can fail, in four kinds, and one sum at the end.

use crate::browser::{self, Browser};
use crate::options::Options;
use crate::run::{Outcome, cargo, command, lasted, line, watch};
use crate::setup::{self, Build, Tools, WASM};
use crate::{dist, npm, project};
use std::ops::AddAssign;
use std::process::Command;
use std::time::Instant;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sets up, runs every kind of test even if one before it failed, and ends with a line
/// `N passed, N failed`. With `--long` the tests find `WAVETANK_LONG` in their environment, and the core,
/// the search and the judge of histories are compared with others.
pub fn test(options: &Options) -> Outcome {
    let long = options.has("--long");
    let mut total = Tally::default();
    let mut count = |name: &str, tests: &dyn Fn() -> Outcome<Tally>| {
        println!("\n== {name}");
        let start = Instant::now();
        let tally = tests().unwrap_or_else(|sentence| {
            eprintln!("xtask: {sentence}");
            // What could not run has failed, and must be seen in the sum.
            Tally { passed: 0, failed: 1 }
        });
        println!(
            "xtask: {name}: {} passed, {} failed in {}.",
            tally.passed,
            tally.failed,
            lasted(start.elapsed())
        );
        total += tally;
    };
    count("native tests", &|| native(long));
    count("wasm tests in a browser", &|| wasm(long));
    count("tests of the whole page", &|| page(long));
    count("tests of the package for JavaScript", &|| package(long));
    if long {
        count("a differential run beside the raft crate", &|| beside("differential"));
        count("the search beside a second program", &|| beside("figure2"));
        count("verdicts on histories beside porcupine's", &|| beside("histories"));
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    // The sum is the last line, so nothing more is said.
    if total.failed == 0 { Ok(()) } else { Err(String::new()) }
}

fn native(long: bool) -> Outcome<Tally> {
    let mut test = cargo();
    // With the command line, which has tests of its own.
    test.args(["test", "--workspace", "--features", "cli", "--no-fail-fast"]);
    tally(lengthen(&mut test, long), rust_result)
}

/// Ours and somebody else's do the same, and every difference counts. It takes a build of theirs.
fn beside(mode: &str) -> Outcome<Tally> {
    let mut run = cargo();
    run.args(["run", "--release", "--manifest-path", "peers/Cargo.toml", "--", mode]);
    println!("xtask: {}", line(&run));
    let same = watch(&mut run, |_| ())?;
    Ok(Tally { passed: u64::from(same), failed: u64::from(!same) })
}

/// The tests of tests/browser, which Rust's own harness cannot run: wasm-bindgen's opens a browser.
fn wasm(long: bool) -> Outcome<Tally> {
    if !project::root().join("tests/browser/main.rs").exists() {
        return Err("tests/browser/main.rs is missing.".into());
    }
    let browser = browser::set_up()?;
    let tools = setup::wasm_bindgen()?;
    let mut test = cargo();
    test.args(["test", "--no-fail-fast", "--target", WASM, "--features", "page", "--test", "browser"]);
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools.find("wasm-bindgen-test-runner")?)
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities(&browser)?)
        // Seconds; the default of 20 is short of hundreds of seeds on a slow machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "600");
    tally(lengthen(&mut test, long), rust_result)
}

/// Tells chromedriver which browser to open, and how.
fn capabilities(browser: &Browser) -> Outcome<std::path::PathBuf> {
    let file = project::target().join("xtask").join("webdriver.json");
    // Quoted as Rust quotes, which for paths is as JSON does.
    let text = format!(
        r#"{{ "goog:chromeOptions": {{ "binary": {:?}, "args": ["disable-gpu", "no-first-run", "disable-background-networking"] }} }}"#,
        browser.chrome.display().to_string()
    );
    project::write(&file, &text).map(|()| file)
}

/// The optimised page as it will be published, driven as a person would.
fn page(long: bool) -> Outcome<Tally> {
    let tools: Tools = setup::page(Build::Release)?;
    setup::node_tests("page")?;
    dist::build(&tools, None)?;
    tally(lengthen(&mut node_tests("page")?, long), node_result)
}

/// The package as it would be published: in Node, in a browser, and its types.
fn package(long: bool) -> Outcome<Tally> {
    // Its test in a browser needs what those of the page need.
    setup::node_tests("page")?;
    setup::node_tests("npm")?;
    npm::build(&setup::package()?)?;
    let mut node = node_tests("npm")?;
    tally(lengthen(node.env("WAVETANK_PACKAGE", npm::folder()), long), node_result)
}

/// The tests in a folder of tests/ that Node runs.
fn node_tests(kind: &str) -> Outcome<Command> {
    let mut node = command("node");
    node.args(["--test", "--test-reporter=spec"]).env("CHROME", browser::chrome()?);
    let root = project::root();
    for file in project::files_in(&root.join("tests").join(kind), ".test.mjs") {
        node.arg(file.strip_prefix(&root).unwrap_or(&file));
    }
    Ok(node)
}

fn lengthen(command: &mut Command, long: bool) -> &mut Command {
    if long { command.env("WAVETANK_LONG", "1") } else { command }
}

/// Runs tests and adds up the results that `read` finds in what they print.
fn tally(tests: &mut Command, read: fn(&str) -> Option<Tally>) -> Outcome<Tally> {
    println!("xtask: {}", line(tests));
    let mut sum = Tally::default();
    let succeeded = watch(tests, |line| sum += read(line).unwrap_or_default())?;
    // Tests that do not compile, or end without a result, count as one that failed.
    if !succeeded && sum.failed == 0 {
        sum.failed = 1;
    }
    Ok(sum)
}

/// The line with which Rust's harness and wasm-bindgen's end:
/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
fn rust_result(line: &str) -> Option<Tally> {
    let counts = line.trim().strip_prefix("test result: ")?.split_once(". ")?.1;
    let count =
        |what: &str| counts.split(';').find_map(|part| part.trim().strip_suffix(what)?.trim().parse().ok());
    Some(Tally { passed: count("passed")?, failed: count("failed")? })
}

/// The lines with which Node's runner ends: `ℹ pass 3`, `ℹ fail 0`, `ℹ cancelled 0`.
fn node_result(line: &str) -> Option<Tally> {
    let mut words = line.strip_prefix('ℹ')?.split_whitespace();
    let (what, number) = (words.next()?, words.next()?.parse().ok()?);
    match what {
        "pass" => Some(Tally { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Tally { passed: 0, failed: number }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_rusts_harness_are_read() {
        let ok =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s";
        assert_eq!(rust_result(ok), Some(Tally { passed: 12, failed: 0 }));
        let failed = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out";
        assert_eq!(rust_result(failed), Some(Tally { passed: 3, failed: 2 }));
        assert_eq!(rust_result("test raft::log ... ok"), None);
    }

    #[test]
    fn results_of_nodes_runner_are_read() {
        assert_eq!(node_result("ℹ pass 7"), Some(Tally { passed: 7, failed: 0 }));
        assert_eq!(node_result("ℹ fail 2"), Some(Tally { passed: 0, failed: 2 }));
        assert_eq!(node_result("ℹ cancelled 1"), Some(Tally { passed: 0, failed: 1 }));
        assert_eq!(node_result("ℹ duration_ms 123.4"), None);
        assert_eq!(node_result("✔ passes 3"), None);
    }

    #[test]
    #[cfg(unix)]
    fn tests_that_end_without_a_result_count_as_failed() {
        assert_eq!(tally(&mut command("false"), rust_result), Ok(Tally { passed: 0, failed: 1 }));
        let mut prints = command("echo");
        prints.arg("test result: ok. 2 passed; 0 failed; 0 ignored");
        assert_eq!(tally(&mut prints, rust_result), Ok(Tally { passed: 2, failed: 0 }));
    }
}
