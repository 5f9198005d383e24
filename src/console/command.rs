//! The commands, and what `help` says of each.

use crate::kv::Op;
use crate::raft::{Rule, ServerId, ServerSet};

/// What a server is to become, by legal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It steps down.
    Follower,
    /// It times out.
    Candidate,
    /// It times out until it wins.
    Leader,
}

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// All servers in a table.
    Status,
    /// Something for the cluster, asked through client C1; of a certain server first, or of whoever the
    /// client believes to lead.
    Ask(Op, Option<ServerId>),
    /// The logs of all servers, or one log entry by entry.
    ShowLog(Option<ServerId>),
    /// Servers crash.
    Kill(Vec<ServerId>),
    /// Servers restart from their disks.
    Restart(Vec<ServerId>),
    /// Servers stand still.
    Pause(Vec<ServerId>),
    /// Servers go on.
    Resume(Vec<ServerId>),
    /// A server's election timer fires now.
    Timeout(Vec<ServerId>),
    /// A server becomes something.
    State(ServerId, Target),
    /// The network falls apart into these groups.
    Partition(Vec<ServerSet>),
    /// The second no longer hears the first.
    Cut(ServerId, ServerId),
    /// The second hears the first again.
    Mend(ServerId, ServerId),
    /// Everyone hears everyone.
    Heal,
    /// A rule is switched on or off.
    Rule(Rule, bool),
    /// All rules in a table.
    Rules,
    /// What was typed.
    History,
    /// All commands, or one.
    Help(Option<&'static Help>),
    /// An empty console.
    Clear,
    /// Nothing was typed.
    Nothing,
}

/// What `help` says of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Help {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// How it is written.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub does: &'static str,
}

macro_rules! commands {
    ($($name:literal $([$($alias:literal),+])?, $usage:literal, $does:literal;)+) => {
        /// All commands, in the order of `help`.
        pub const COMMANDS: &[Help] = &[$(
            Help { name: $name, aliases: &[$($($alias),+)?], usage: $usage, does: $does },
        )+];
    };
}

commands! {
    "status", "status", "shows every server: state, term, whether it is up, whom it heard last, who leads.";
    "show_log" ["log"], "show_log [S1]", "shows all logs side by side, or one entry by entry.";
    "set", "set VALUE  or  set x=100", "sets the one bare value, or a key.";
    "put", "put KEY VALUE", "sets a key.";
    "get", "get KEY", "reads a key, through the log.";
    "delete" ["del"], "delete KEY", "forgets a key.";
    "append", "append KEY VALUE", "adds to the end of a key's value.";
    "cas", "cas KEY OLD NEW", "sets a key to NEW if it is OLD; - as OLD stands for a key that is not there.";
    "submit", "submit [S1] \"ANY TEXT\"", "replicates any text as a command, of a certain server first if named.";
    "kill" ["crash", "stop"], "kill S1 …", "crashes servers: what is not on their disks is lost.";
    "restart" ["start"], "restart S1 …", "restarts crashed servers from their disks.";
    "pause", "pause S1 …", "makes servers stand still; what arrives waits.";
    "resume", "resume S1 …", "lets paused servers go on.";
    "timeout", "timeout S1 …", "makes election timers fire now.";
    "state", "state S1 follower|candidate|leader", "makes a server that, by legal means: it steps down, times out, or times out until it wins.";
    "partition", "partition S1 S2 | S3 S4 S5", "cuts the network into groups; after a single group, the others are the second.";
    "cut", "cut S1 S2", "S2 no longer hears S1; the other direction stays.";
    "mend", "mend S1 S2", "S2 hears S1 again.";
    "heal", "heal", "everyone hears everyone again.";
    "rule", "rule NAME on|off", "switches a rule of Raft on or off.";
    "rules", "rules", "shows all rules and whether they are on.";
    "history", "history", "shows what was typed.";
    "help" ["?"], "help [COMMAND]", "shows all commands, or one.";
    "clear" ["cls"], "clear", "empties the console.";
}

impl Help {
    /// The command of that name or alias, whatever its case.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Help> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        COMMANDS.iter().find(|help| is(help.name) || help.aliases.iter().any(|alias| is(alias)))
    }

    /// All names of all commands.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COMMANDS.iter().flat_map(|help| std::iter::once(help.name).chain(help.aliases.iter().copied()))
    }
}
