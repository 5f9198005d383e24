//! What a person or a script can do to the world.

use super::net::{Endpoint, PacketName};
use super::presets::LinkPreset;
use super::schedule::Fault;
use super::setup::{Link, Options};
use super::workload::Workload;
use crate::kv::Op;
use crate::raft::{
    Change, Index, MAX_SERVERS, ReadMode, Refused, Rule, Rules, ServerId, ServerSet, Timer, TimerRange,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that a person or a script does to the world. An action whose target is not there does
/// nothing, and the event says so.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// The server stops at once. What is not on its disk is lost.
    Crash {
        /// Which server.
        server: ServerId,
    },
    /// A crashed server comes up with what is on its disk.
    Restart {
        /// Which server.
        server: ServerId,
    },
    /// The server stands still: what arrives waits, timers run out unheard. Nothing is lost.
    Pause {
        /// Which server.
        server: ServerId,
    },
    /// A paused server goes on.
    Resume {
        /// Which server.
        server: ServerId,
    },
    /// The timer fires now.
    Fire {
        /// Whose timer.
        server: ServerId,
        /// Which one.
        timer: Timer,
    },
    /// A candidate or leader becomes a follower of the same term, as it may at any time.
    StepDown {
        /// Which server.
        server: ServerId,
    },
    /// The server sends that peer the request of the moment: RequestVote or AppendEntries.
    Send {
        /// Who sends.
        from: ServerId,
        /// To whom.
        to: ServerId,
        /// Whether it is a leader's heartbeat: AppendEntries without entries, also where some wait.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        empty: bool,
    },
    /// The message vanishes.
    Drop {
        /// Which message.
        message: PacketName,
    },
    /// The message arrives now.
    Deliver {
        /// Which message.
        message: PacketName,
    },
    /// The message stays where it is until it is released.
    Hold {
        /// Which message.
        message: PacketName,
    },
    /// A held message goes on.
    Release {
        /// Which message.
        message: PacketName,
    },
    /// A second copy of the message is on its way.
    Duplicate {
        /// Which message.
        message: PacketName,
    },
    /// Messages in this direction no longer arrive.
    Cut {
        /// Who is not heard.
        from: ServerId,
        /// Who does not hear.
        to: ServerId,
    },
    /// Messages in this direction arrive again.
    Mend {
        /// Who is heard.
        from: ServerId,
        /// Who hears.
        to: ServerId,
    },
    /// Servers hear each other only within their group. A server in no group is alone.
    Partition {
        /// The groups.
        groups: Vec<ServerSet>,
    },
    /// All links work again.
    Heal,
    /// From now on messages travel like this, in one direction of one link or, without one, on all
    /// links that have no setting of their own.
    SetLink {
        /// Who sends; with `to`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<ServerId>,
        /// Who receives; with `from`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<ServerId>,
        /// How they travel.
        link: Link,
    },
    /// A leader's nextIndex for a follower becomes that, as far as matchIndex and its log allow. It is only a
    /// guess, so a wrong one should do no harm.
    Mislead {
        /// The leader.
        leader: ServerId,
        /// For whom.
        follower: ServerId,
        /// nextIndex.
        next: Index,
    },
    /// Other options from now on.
    SetOptions {
        /// All of them.
        options: Options,
    },
    /// Other rules from now on.
    SetRules {
        /// The rules that are off.
        off: Rules,
    },
    /// In manual mode time stands still: nothing fires and nothing arrives unless by hand. Disks finish
    /// their writes at once.
    Manual {
        /// Whether it is on.
        on: bool,
    },
    /// The command goes straight to this server, as from a client that does not wait for an answer.
    Propose {
        /// Which server.
        server: ServerId,
        /// What is asked.
        op: Op,
    },
    /// The person's client asks this of the cluster.
    Submit {
        /// What is asked.
        op: Op,
        /// The server to ask first; without one, the server that the client believes to lead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<ServerId>,
        /// How a read is to be answered (D6.4); without it, as the options say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<ReadMode>,
    },
    /// A new server starts, with nothing on its disk and no idea of a cluster.
    Boot {
        /// Its name: the first that nobody has had yet.
        server: ServerId,
    },
    /// An administrator asks the leader to change the configuration (§6).
    Change {
        /// How.
        change: Change,
        /// Whom to ask; without one, whoever leads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<ServerId>,
    },
    /// An administrator asks the leader to hand its leadership over (D3.10).
    Transfer {
        /// Who is to lead.
        to: ServerId,
        /// Whom to ask; without one, whoever leads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<ServerId>,
    },
    /// The server puts a snapshot in the place of what it has applied (§7).
    Snapshot {
        /// Which server.
        server: ServerId,
    },
    /// The server crashes in the middle of a write: some of its entries are on the disk, and a piece of
    /// one.
    Tear {
        /// Which server.
        server: ServerId,
    },
    /// The server loses its disk, and comes back with an empty one: as somebody new.
    Wipe {
        /// Which server.
        server: ServerId,
    },
    /// The server's clock runs fast, or slow: its next timers are shorter, or longer.
    SetClock {
        /// Which server.
        server: ServerId,
        /// By how many millionths; below 0 it runs slow.
        ppm: i32,
    },
    /// What the server's disk is like from now on. Writes under way take as long as they would have.
    SetDisk {
        /// Which server.
        server: ServerId,
        /// Whether it says that a write is done before it is. Raft can't cope with that.
        lies: bool,
        /// How long a write takes on this disk; without it, as long as the options say for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fsync: Option<TimerRange>,
    },
    /// The server's disk stands still for a while: no write becomes durable, neither one under way nor one
    /// that begins meanwhile. A crash loses them, and does not end the stall.
    StallDisk {
        /// Which server.
        server: ServerId,
        /// For how long, in microseconds, from now on.
        for_us: u64,
    },
    /// Links fail in a way that has a name, seen from who leads and what the logs are now. It takes the place
    /// of all cuts that there are.
    LinkPreset {
        /// In which way.
        preset: LinkPreset,
    },
    /// From now on a fault is brought about again and again, the first time after that long. It takes the
    /// place of a schedule of the same fault.
    Schedule {
        /// Which fault.
        fault: Fault,
        /// How often, in microseconds; 0: the schedule ends. What it has begun still ends in its time.
        every_us: u64,
        /// For how long each time, in microseconds; without it, for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_us: Option<u64>,
    },
    /// All schedules end. What they have begun still ends in its time.
    Calm,
    /// From now on background clients ask that. It takes the place of a workload before, and of the one in the
    /// options.
    Workload(Workload),
}

/// The fastest and the slowest that a clock can run, in millionths: a tenth and ten times.
pub const CLOCK_PPM_MIN: i32 = -900_000;
/// See [`CLOCK_PPM_MIN`].
pub const CLOCK_PPM_MAX: i32 = 9_000_000;

impl Action {
    /// Whether this is something that Raft does not claim to survive (D3.8): no promise holds after it.
    #[must_use]
    pub fn is_outside_fault_model(&self, rules: Rules) -> bool {
        match self {
            Action::SetDisk { lies, .. } => *lies,
            // A clock faster than any bound: leases count on the silence of this timer.
            Action::Fire { timer: Timer::Stickiness, .. } => true,
            Action::Wipe { .. } => !rules.is_on(Rule::FreshIdentity),
            _ => false,
        }
    }

    /// Whether this asks the protocol for something that Figure 2 of the paper has not.
    #[must_use]
    pub fn is_beyond_paper(&self) -> bool {
        match self {
            Action::Boot { .. }
            | Action::Change { .. }
            | Action::Transfer { .. }
            | Action::Snapshot { .. }
            | Action::Wipe { .. }
            | Action::Mislead { .. }
            | Action::StepDown { .. }
            | Action::Schedule { fault: Fault::Transfer, .. } => true,
            Action::Submit { mode, .. } | Action::Workload(Workload { mode, .. }) => {
                mode.is_some_and(|mode| mode != ReadMode::Log)
            }
            Action::SetOptions { options } => !options.paper,
            // There heartbeats are for idle periods: where entries wait, these are sent.
            Action::Send { empty, .. } => *empty,
            _ => false,
        }
    }
}

/// Why an action would do nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// There is no such server in this cluster.
    NoSuchServer {
        /// The one asked for.
        server: ServerId,
        /// How many there are.
        servers: u8,
    },
    /// The server has crashed.
    Down {
        /// Which server.
        server: ServerId,
    },
    /// The server is running.
    Up {
        /// Which server.
        server: ServerId,
    },
    /// The server is paused.
    Paused {
        /// Which server.
        server: ServerId,
    },
    /// The server is not paused.
    NotPaused {
        /// Which server.
        server: ServerId,
    },
    /// The server has no such timer running.
    NoTimer {
        /// Which server.
        server: ServerId,
        /// Which timer.
        timer: Timer,
    },
    /// The server follows already.
    Follows {
        /// Which server.
        server: ServerId,
    },
    /// The server does not lead, so it takes no commands.
    NotLeader {
        /// Which server.
        server: ServerId,
    },
    /// The server has nothing to ask of that peer.
    NothingToSend {
        /// Which server.
        server: ServerId,
        /// Which peer.
        peer: ServerId,
    },
    /// The message is no longer (or not yet) on its way.
    NoSuchMessage {
        /// Its name.
        message: PacketName,
    },
    /// The message is held already.
    Held {
        /// Its name.
        message: PacketName,
    },
    /// The message is not held.
    NotHeld {
        /// Its name.
        message: PacketName,
    },
    /// A client's connection does not duplicate messages.
    ClientLink,
    /// The one who would receive the message can't.
    ReceiverGone {
        /// Who.
        receiver: Endpoint,
    },
    /// A server is always connected with itself.
    SameServer {
        /// Which server.
        server: ServerId,
    },
    /// Nobody leads, so there is nobody to ask.
    NoLeader,
    /// The server has lost its disk, and nobody of its name comes back.
    Retired {
        /// Which server.
        server: ServerId,
    },
    /// There are as many servers as there can be.
    Full,
    /// The server was asked, and does not do it.
    Declined {
        /// Which server.
        server: ServerId,
        /// Why.
        why: Refused,
    },
    /// The run is restricted to Figure 2 of the paper, which has no such thing ([`Options::paper`]).
    BeyondPaper,
    /// It is so already.
    Already,
    /// The values make no sense; the sentence says why.
    Nonsense {
        /// What is wrong, and what to do.
        why: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoSuchServer { server, servers } => {
                write!(f, "there is no {server}: this cluster has S1 to S{servers}")
            }
            Refusal::Down { server } => write!(f, "{server} is down: restart it first"),
            Refusal::Up { server } => write!(f, "{server} is running already"),
            Refusal::Paused { server } => write!(f, "{server} is paused: resume it first"),
            Refusal::NotPaused { server } => write!(f, "{server} is not paused"),
            Refusal::NoTimer { server, timer: Timer::Election } => {
                write!(f, "{server} has no election timer: leaders have none, nor servers that can't stand")
            }
            Refusal::NoTimer { server, timer: Timer::Heartbeat } => {
                write!(f, "{server} neither leads nor stands for election, so it has no heartbeat timer")
            }
            Refusal::NoTimer { server, .. } => write!(f, "{server} has no such timer running"),
            Refusal::Follows { server } => write!(f, "{server} is a follower already"),
            Refusal::NotLeader { server } => {
                write!(f, "{server} does not lead, and only a leader takes commands")
            }
            Refusal::NothingToSend { server, peer } => {
                write!(f, "{server} has nothing to ask of {peer}: only candidates and leaders send requests")
            }
            Refusal::NoSuchMessage { message } => write!(f, "the message {message} is not on its way"),
            Refusal::Held { message } => write!(f, "the message {message} is held already"),
            Refusal::NotHeld { message } => write!(f, "the message {message} is not held"),
            Refusal::ClientLink => f.write_str(
                "a client's connection does not duplicate messages: only those between servers can be doubled",
            ),
            Refusal::ReceiverGone { receiver } => write!(f, "{receiver} can't receive now"),
            Refusal::SameServer { server } => write!(f, "{server} is always connected with itself"),
            Refusal::NoLeader => f.write_str("nobody leads, so there is nobody to ask: wait for an election"),
            Refusal::Retired { server } => {
                write!(f, "{server} has lost its disk, so nobody of that name may come back: add a new server")
            }
            Refusal::Full => write!(f, "there are {MAX_SERVERS} servers, and names for no more"),
            Refusal::Declined { server, why } => write!(f, "{server} declines: {why}"),
            Refusal::BeyondPaper => f.write_str(
                "this run is restricted to Figure 2 of the paper (option paper), which has nothing of the kind",
            ),
            Refusal::Already => f.write_str("nothing to do: that is already the case"),
            Refusal::Nonsense { why } => f.write_str(why),
        }
    }
}
