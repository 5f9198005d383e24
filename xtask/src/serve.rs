//! `cargo xtask serve`: the page, rebuilt and reloaded on every change.

use crate::options::Options;
use crate::run::{Outcome, line};
use crate::setup::{self, Build};
use std::process::{Command, Stdio};

/// Sets up, builds and serves the page until it is interrupted.
pub fn serve(options: &Options) -> Outcome {
    let port = options.value("--port").unwrap_or("8080");
    if port.parse::<u16>().is_err() {
        return Err(format!("`{port}` is no port: give a number from 1 to 65535."));
    }
    let build = if options.has("--release") { Build::Release } else { Build::Debug };
    let tools = setup::page(build)?;
    let about = if build == Build::Release { "2 minutes" } else { "1 minute" };
    println!(
        "xtask: building the page (the first time about {about}), then serving it on http://127.0.0.1:{port}/ until Ctrl-C."
    );
    let mut trunk = tools.trunk("serve");
    trunk.args(["--address", "127.0.0.1", "--port", port]);
    if build == Build::Release {
        trunk.arg("--release");
    }
    if options.has("--open") {
        trunk.arg("--open");
    }
    become_program(trunk.stdin(Stdio::inherit()))
}

/// Turns this process into the program, so that a signal to us reaches it.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Outcome {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(format!("`{}` cannot be started: {error}.", line(command)))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Outcome {
    crate::run::run(command).map_err(|_| format!("`{}` ended.", line(command)))
}
