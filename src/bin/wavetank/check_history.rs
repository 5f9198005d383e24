//! `wavetank check-history`: is a history of clients linearizable?

use crate::input::text;
use crate::output::{CameOut, End, about, report};
use clap::Args;
use std::path::PathBuf;
use wavetank::check::history::History;
use wavetank::check::linearizability::{STEPS, Verdict, check};
use wavetank::recognise::{Kind, recognise};

#[derive(Args)]
pub struct Arguments {
    /// The history, as JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// After how many steps of the search to give up
    #[arg(long, value_name = "N", default_value_t = STEPS)]
    steps: u64,
}

/// The longest history, in bytes.
const BYTES_MAX: u64 = 256 << 20;

pub fn check_history(arguments: &Arguments) -> CameOut {
    let text = text(&arguments.file, BYTES_MAX)?;
    let history = History::parse(&text).map_err(|why| about(&arguments.file, no_history(&text, &why)))?;
    let count = history.0.len();
    let (came_out, line) = match check(&history, arguments.steps) {
        Verdict::Yes => (End::Held, format!("{count} operations: linearizable.\n")),
        Verdict::No(failure) => {
            (End::Not, format!("{count} operations: not linearizable.\n{}\n", failure.sentence))
        }
        Verdict::Undecided => {
            let steps = arguments.steps;
            (
                End::Bound,
                format!("{count} operations: undecided after {steps} steps; give more with --steps.\n"),
            )
        }
    };
    report(&line)?;
    Ok(came_out)
}

/// Why a text is no history: what is wrong in it, or what it is instead.
fn no_history(text: &str, why: &str) -> String {
    match recognise(text) {
        Kind::History | Kind::Json => format!("{why}."),
        kind => format!("this is no history but {kind}. {}", kind.instead_of_a_history()),
    }
}
