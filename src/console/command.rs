//! The commands, and what `help` says of each.

use super::options::Setting;
use crate::kv::Op;
use crate::raft::{Change, ReadMode, Rule, ServerId, ServerSet, TimerRange};
use crate::sim::{Fault, LinkPreset, Workload};

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

/// What is to be different about a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskChange {
    /// It says that writes are done before they are, or does not.
    Lies(bool),
    /// How long a write takes on it; None: as long as on any other.
    Fsync(Option<TimerRange>),
    /// It stands still for that long, in microseconds.
    Stall(u64),
}

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// All servers in a table.
    Status,
    /// Something for the cluster, asked through client C1; of a certain server first, or of whoever the
    /// client believes to lead; a read in that mode, or as the options say.
    Ask(Op, Option<ServerId>, Option<ReadMode>),
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
    /// The state of all servers in shorthand.
    Shorthand,
    /// A new run begins in this state, in shorthand.
    Open(String),
    /// The network falls apart into these groups.
    Partition(Vec<ServerSet>),
    /// The second no longer hears the first.
    Cut(ServerId, ServerId),
    /// The second hears the first again.
    Mend(ServerId, ServerId),
    /// A fault is brought about that often, for that long each time, in microseconds; 0: no longer.
    Schedule(Fault, u64, Option<u64>),
    /// All schedules in a table.
    Schedules,
    /// All schedules end.
    Calm,
    /// Background clients ask that from now on; nothing: what they ask is shown.
    Workload(Option<Workload>),
    /// The first sends the second its request of the moment, or a heartbeat.
    Send(ServerId, ServerId, bool),
    /// Everyone hears everyone.
    Heal,
    /// The links fail in that way; without one, all ways in a table.
    Links(Option<LinkPreset>),
    /// The configuration changes; servers that join and are not there start first.
    Change(Change),
    /// A new, empty server starts: that one, or the next.
    Boot(Option<ServerId>),
    /// The configuration that each server goes by.
    Configurations,
    /// Somebody else is to lead.
    Transfer(ServerId),
    /// Servers take snapshots.
    Snapshot(Vec<ServerId>),
    /// Servers crash in the middle of a write.
    Tear(Vec<ServerId>),
    /// Servers lose their disks.
    Wipe(Vec<ServerId>),
    /// A server's clock runs fast or slow, by so many millionths.
    Clock(ServerId, i32),
    /// A server's disk is to be different in this; it stays as it is in everything else.
    Disk(ServerId, DiskChange),
    /// An option is set.
    Set(Setting),
    /// All options in a table.
    Options,
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
    "set", "set VALUE  or  set x=100  or  set OPTION VALUE", "sets the one bare value, a key, or an option.";
    "put", "put KEY VALUE", "sets a key.";
    "get" ["read"], "get KEY [--mode log|readIndex|lease|local] [--at S2]", "reads a key: through the log, by the leader or its lease, or from whoever is asked.";
    "delete" ["del"], "delete KEY", "forgets a key.";
    "append", "append KEY VALUE", "adds to the end of a key's value.";
    "cas", "cas KEY OLD NEW", "sets a key to NEW if it is OLD; - as OLD stands for a key that is not there.";
    "increment" ["incr"], "increment KEY", "adds one to a number: done twice, it shows.";
    "submit", "submit [S1] \"ANY TEXT\"", "replicates any text as a command, of a certain server first if named.";
    "kill" ["crash", "stop"], "kill S1 …", "crashes servers: what is not on their disks is lost.";
    "restart" ["start"], "restart S1 …", "restarts crashed servers from their disks.";
    "pause", "pause S1 …", "makes servers stand still; what arrives waits.";
    "resume", "resume S1 …", "lets paused servers go on.";
    "timeout", "timeout S1 …", "makes election timers fire now.";
    "state", "state S1 follower|candidate|leader  or  state S1:L2 12 c1 / S2:F2 12 / S3:x1  or  state", "makes a server that, by legal means: it steps down, times out, or times out until it wins; or opens a whole state as a new run; or shows the present one.";
    "partition", "partition S1 S2 | S3 S4 S5", "cuts the network into groups; after a single group, the others are the second.";
    "cut", "cut S1 S2", "S2 no longer hears S1; the other direction stays.";
    "mend", "mend S1 S2", "S2 hears S1 again.";
    "links", "links [PRESET]", "cuts links in a way that has a name, such as bridge; alone, it shows all of them.";
    "schedule" ["every"], "schedule crash|crashLeader|pause|cut|partition|links PRESET|transfer|stallDisk 5s [for 1s]  or  schedule [FAULT] stop  or  schedule", "brings a fault about again and again, each time for a while or for good; ends that schedule, or all; or shows them.";
    "workload" ["load"], "workload N clients 50ms [reads 50%] [increments 10%] [keys 5] [hot 80%] [mode readIndex]  or  workload stop  or  workload", "has background clients C2 to C6 ask again and again; ends that, or says what they ask.";
    "send", "send S1 S2 [empty]", "makes S1 send S2 its request of the moment, or, with empty, a leader's heartbeat even where entries wait.";
    "heal", "heal", "everyone hears everyone again.";
    "config" ["members"], "config", "shows by which configuration each server goes: voters, learners, joint or not, how many are needed.";
    "add", "add S6", "makes a server a voter; a new one starts first, and catches up if that option is on.";
    "learner", "learner S6", "makes a server a learner, which receives the log and is not counted; a new one starts first.";
    "remove", "remove S2", "takes a server out of the configuration.";
    "joint", "joint S1 S2 S6 [learners S7] [manual]", "goes to exactly these servers by joint consensus; with manual it stays joint until ‘leave’.";
    "leave", "leave", "leaves the joint configuration for the new one.";
    "boot", "boot [S6]", "starts a new, empty server that waits to be added.";
    "transfer", "transfer S3", "has the leader hand its leadership over.";
    "snapshot" ["compact"], "snapshot S1 …", "makes servers put a snapshot in the place of what they have applied.";
    "tear", "tear S2 …", "crashes servers in the middle of a write of entries.";
    "wipe", "wipe S2 …", "takes servers' disks away: somebody new comes back, or, with freshIdentity off, the same name.";
    "clock", "clock S2 +10%|-10%|0", "makes a server's clock run fast or slow.";
    "disk", "disk S2 3s|1-5ms|common|stall 2s|lies|honest", "makes each write to a disk take so long, or as long as on the others, makes the disk stall, or lie about what is written, which is outside of Raft's fault model, or be honest again.";
    "option", "option NAME VALUE", "sets an option, such as preVote on.";
    "options", "options", "shows all options and what they are.";
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
