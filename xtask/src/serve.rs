//! `cargo xtask serve`: the page, rebuilt and reloaded on every change.

use crate::options::Options;
use crate::run::{Outcome, line};
use crate::setup::{self, Build};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Sets up, builds and serves the page until it is interrupted.
pub fn serve(options: &Options) -> Outcome {
    let port = port(options.value("--port").unwrap_or("8080"))?;
    let build = if options.has("--release") { Build::Release } else { Build::Debug };
    let tools = setup::page(build)?;
    let about = if build == Build::Release { "2 minutes" } else { "1 minute" };
    println!(
        "xtask: building the page (the first time about {about}), then serving it on http://127.0.0.1:{port}/ until Ctrl-C."
    );
    let mut trunk =
        if build == Build::Release { tools.trunk_for_release("serve") } else { tools.trunk("serve") };
    trunk.args(["--address", "127.0.0.1", "--port", &port.to_string()]);
    if options.has("--open") {
        trunk.arg("--open");
    }
    become_program(trunk.stdin(Stdio::inherit()))
}

/// A port that is free, or why not: better now than after a minute of building.
fn port(text: &str) -> Outcome<u16> {
    let port = text.parse().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| format!("`{text}` is no port: give a number from 1 to 65535."))?;
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(port),
        Err(_) => Err(format!("port {port} is taken: give another, as in `--port {}`.", port ^ 1)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_has_to_be_a_number_and_free() {
        for text in ["", "http", "0", "65536", "-1"] {
            assert!(port(text).unwrap_err().contains("is no port"), "{text}");
        }
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = other.local_addr().unwrap().port();
        assert!(port(&taken.to_string()).unwrap_err().contains("is taken"));
        drop(other);
        assert_eq!(port(&taken.to_string()), Ok(taken));
    }
}
