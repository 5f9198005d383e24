//! The command line: the same library, natively, on all cores.
//!
//! Every command ends with 0 if everything held, 1 if not, 2 if it could not do what was asked, 3 if a bound ended
//! it, and 130 after Ctrl-C. It says what was wrong and what to do, or how far it came.

mod check_history;
mod export;
mod fuzz;
mod input;
mod interrupt;
mod limits;
mod output;
mod reach;
mod rules;
mod run;
mod search;
mod shrink;
mod states;
mod together;

use clap::{Parser, Subcommand};
use output::Fail;
use std::process::ExitCode;

/// Raft in simulated time: runs recordings, looks for broken promises, and tells runs to other programs.
#[derive(Parser)]
#[command(name = "wavetank", version, after_help = AFTER, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Exit codes: 0 everything held (or was found, or done), 1 not, 2 wrong usage or a file that can't be read or
written, 3 a bound such as --memory or --max ended it, 130 after Ctrl-C, which leaves what there is so far.
`-` as a FILE is standard input, or standard output. The formats are described in docs/formats.md.";

#[derive(Subcommand)]
enum Command {
    /// Does a recording again and says what came of it
    Run(run::Arguments),
    /// Looks for broken promises in random trouble, a run for each seed
    Fuzz(fuzz::Arguments),
    /// Looks for the shortest run in which a goal holds
    Search(search::Arguments),
    /// Looks for a run that leads to a state, or says why none does
    Reach(reach::Arguments),
    /// Makes a recording small in which a promise still falls
    Shrink(shrink::Arguments),
    /// Tells a recorded run to other programs
    Export(export::Arguments),
    /// Judges a history of clients: is it linearizable?
    CheckHistory(check_history::Arguments),
    /// Lists the rules that can be switched off
    Rules,
    /// Looks for rules that need each other, and makes docs/together.md
    Together(together::Arguments),
}

fn main() -> ExitCode {
    interrupt::listen();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => {
            // A reader that is gone needs no help.
            let _ = why.print();
            return ExitCode::from(if why.use_stderr() { 2 } else { 0 });
        }
    };
    let came_out = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Search(arguments) => search::search_for(&arguments),
        Command::Reach(arguments) => reach::reach(&arguments),
        Command::Shrink(arguments) => shrink::shrink_file(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::CheckHistory(arguments) => check_history::check_history(&arguments),
        Command::Rules => rules::rules(),
        Command::Together(arguments) => together::together(&arguments),
    };
    match came_out {
        Ok(end) => ExitCode::from(end.code()),
        // Whoever reads has had enough: that is no mistake.
        Err(Fail::Closed) => ExitCode::SUCCESS,
        Err(Fail::Interrupted(sentence)) => {
            output::complain(&sentence);
            ExitCode::from(interrupt::CODE)
        }
        Err(Fail::Sentence(sentence)) => {
            output::complain(&sentence);
            ExitCode::from(2)
        }
    }
}
