//! Typed commands: what small Raft programs taught people to type, as actions on a run and as answers.
//!
//! **A line never panics and never half-happens**: it is a command, or one sentence that says why it is
//! none. Text from people stays text; nothing here knows markup.

mod answers;
mod command;
mod complete;
mod elect;
mod members;
mod options;
mod parse;
mod shell;

pub use command::{COMMANDS, Command, Help, Target};
pub use complete::complete;
pub use options::Setting;
pub use parse::{LINE_MAX, parse};
pub use shell::{Line, Shell};
