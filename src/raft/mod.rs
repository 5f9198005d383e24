//! The Raft protocol, whole and pure.
//!
//! A [`Node`] takes one [`Input`] and gives back [`Effect`]s. It has no clock, does no input or output
//! and draws no random numbers. Its world carries the messages, keeps the disk, draws the length of
//! timers from the ranges that the node names, and tells it what came of it.
//!
//! **Every effect of a step is carried out before the next step of that node**, in the order in which
//! they stand; a message that names a token waits until that write is durable.
//!
//! How to read it, with the paper (Ongaro and Ousterhout, "In Search of an Understandable Consensus
//! Algorithm", extended version, 2014) at hand:
//!
//! | read | for |
//! |---|---|
//! | [`types`], [`message`] | the words, and the remote procedure calls |
//! | [`log`], [`config`], [`quorum`] | the log, who counts, and how many are enough |
//! | [`rules`] | the rules by name, and how each decision is taken |
//! | [`options`], [`interface`] | what can be set, what goes in, what comes out |
//! | [`node`], [`role`] | a server's state (the upper left of Figure 2), and what all servers do |
//! | `requests.rs` | how requests and replies leave, and what they wait for |
//! | `election.rs` | §5.2, §5.4.1: timeouts, candidates, votes; D9.6, D6.2, D4.2.3: PreVote, the check of the quorum, votes withheld |
//! | [`persistence`] | §5.1, D3.8: what is on disk, and what waits for it |
//! | `replication.rs` | §5.3, §5.4.2, D10.2: AppendEntries on both sides, and commitment |
//! | `membership.rs` | §6, D4: changes of the configuration |
//! | [`snapshots`] | §7, D5: compaction, and InstallSnapshot on both sides |
//! | `reads.rs` | §8, D6.4: reads that do not go through the log |
//! | `transfer.rs` | D3.10: leadership handed over |
//! | `canonical.rs` | none: which states are the same for whoever looks for a state |
//!
//! In comments, § is a section of the paper and D one of Ongaro's dissertation.

mod canonical;
pub mod config;
mod election;
pub mod interface;
pub mod log;
mod membership;
pub mod message;
pub mod node;
pub mod options;
pub mod persistence;
pub mod quorum;
mod reads;
mod replication;
mod requests;
pub mod role;
pub mod rules;
pub mod snapshots;
mod transfer;
pub mod types;

pub use config::{Change, ChangeError, Configuration};
pub use interface::{Effect, Input, Refused};
pub use log::{Entries, Entry, Log, Payload};
pub use message::{AppendOutcome, Body, Chunk, ConflictHint, Message, SnapshotOutcome};
pub use node::Node;
pub use options::{Backtracking, Options, TimerRange};
pub use persistence::{Durable, HardState, SnapshotWrite, Suffix, Write};
pub use role::{
    CatchUp, FollowerRead, Leadership, Lease, Mode, Pace, PendingRead, Progress, Role, RoleName, Transfer,
};
pub use rules::{Guard, Observer, Rule, Rules, Unobserved, Value};
pub use snapshots::Snapshot;
pub use types::{Index, MAX_SERVERS, ReadId, ReadMode, Round, ServerId, ServerSet, Term, Timer, Token};
