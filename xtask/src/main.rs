//! The chores of the repository: `cargo xtask <command>`.
//!
//! Every command first sets up what it needs and is missing, and says so; with nothing to do it
//! goes straight to work. Errors are one sentence that says what to do.

mod bench;
mod browser;
mod check;
mod dist;
mod floors;
mod hygiene;
mod npm;
mod options;
mod project;
mod run;
mod serve;
mod setup;
mod shots;
mod testing;
mod tokens;
mod versions;

use options::Options;
use run::Outcome;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [--open] [--port N] [--release]   build the page and serve it on http://127.0.0.1:8080
  test [--long]                           every test: native, wasm in a browser, the page, the package
  check                                   fmt, clippy, floors, versions, docs
  dist [--public-url URL]                 the optimised page in dist/, with its sizes
  npm                                     the package for JavaScript programs, with its sizes
  bench                                   measurements: native, in the browser, against peers
  shots                                   screenshots of the page in shots/

Each command sets up what it needs and is missing.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            if !sentence.is_empty() {
                eprintln!("xtask: {sentence}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Hands the rest of the command line to the command that it names.
fn dispatch(arguments: &[String]) -> Outcome {
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return Err("name one of the commands above.".into());
    };
    match command.as_str() {
        "serve" => serve::serve(&Options::parse(rest, &["--open", "--release"], &["--port"])?),
        "test" => testing::test(&Options::parse(rest, &["--long"], &[])?),
        "check" => Options::parse(rest, &[], &[]).and_then(|_| check::check()),
        "dist" => dist::dist(&Options::parse(rest, &[], &["--public-url"])?),
        "npm" => Options::parse(rest, &[], &[]).and_then(|_| npm::npm()),
        "bench" => Options::parse(rest, &[], &[]).and_then(|_| bench::bench()),
        "shots" => Options::parse(rest, &[], &[]).and_then(|_| shots::shots()),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`; `cargo xtask help` lists them.")),
    }
}
