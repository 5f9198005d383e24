//! Running other programs, and saying what is being done.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Success, or one sentence that says what is wrong and what to do; an empty one if all is said.
pub type Outcome<T = ()> = Result<T, String>;

/// One of several parts of a command: its name, and how it is run.
pub type Part = (&'static str, fn() -> Outcome);

/// A program to run in the project's root, without an input.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::project::root()).stdin(Stdio::null());
    command
}

/// The `cargo` that runs us.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm, whose program has another name on Windows.
pub fn npm() -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// The command line as one would type it, for messages.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command with its output shown.
pub fn run(command: &mut Command) -> Outcome {
    let status =
        command.status().map_err(|error| format!("`{}` cannot be started: {error}.", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed; what it says stands above.", line(command)))
    }
}

/// What a command prints, if it can be run and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
    output.status.success().then_some(text)
}

/// Runs a command, shows what it prints and hands each line to `see`; whether it succeeded.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Outcome<bool> {
    let name = line(command);
    let cannot = |error| format!("`{name}` cannot be run: {error}.");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let pipe = child.stdout.take().expect("the output was asked for as a pipe");
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    // Bytes, not `lines()`: a test may print what is not UTF-8, and that must not end the run.
    while reader.read_until(b'\n', &mut bytes).map_err(cannot)? > 0 {
        let text = String::from_utf8_lossy(&bytes);
        print!("{text}");
        see(text.trim_end());
        bytes.clear();
    }
    // Whoever reads our output may be gone; the tests still count.
    let _ = std::io::stdout().flush();
    child.wait().map(|status| status.success()).map_err(cannot)
}

/// Does one step of the setting-up: says what and about how long, then how long it took.
pub fn step<T>(what: &str, about: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("xtask: {what} (about {about}) …");
    let start = Instant::now();
    let result = work()?;
    println!("xtask: done in {}.", lasted(start.elapsed()));
    Ok(result)
}

/// A duration for people.
pub fn lasted(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_named_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/else/trunk");
        assert_eq!(line(command.args(["build", "--release"])), "trunk build --release");
    }

    #[test]
    fn short_and_long_durations_read_well() {
        assert_eq!(lasted(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(lasted(Duration::from_secs(125)), "2 min 05 s");
    }
}
