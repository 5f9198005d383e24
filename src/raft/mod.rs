//! The Raft protocol, whole and pure.
//!
//! A [`Node`] takes one [`Input`] and gives back [`Effect`]s. It has no clock, does no input or output
//! and draws no random numbers. Its world carries the messages, keeps the disk, draws the length of
//! timers from the ranges that the node names, and tells it what came of it.
//!
//! **Every effect of a step is carried out before the next step of that node**, in any order among
//! themselves; a message that names a token waits until that write is durable.
//!
//! How to read it, with the paper (Ongaro and Ousterhout, "In Search of an Understandable Consensus
//! Algorithm", extended version, 2014) at hand:
//!
//! | read | for |
//! |---|---|
//! | [`types`], [`message`] | the words, and Figure 2's two remote procedure calls |
//! | [`log`], [`config`], [`quorum`] | the log, who counts, and how many are enough |
//! | [`rules`] | the rules by name, and how each decision is taken |
//! | [`node`] | a server's state (the upper left of Figure 2), its inputs, its effects, and what all servers do |
//! | `election.rs` | §5.2, §5.4.1: timeouts, candidates, votes |
//! | [`persistence`] | §5.1, D3.8: what is on disk, and what waits for it |
//! | `replication.rs` | §5.3, §5.4.2: AppendEntries on both sides, and commitment |
//!
//! In comments, § is a section of the paper and D one of Ongaro's dissertation.

pub mod config;
mod election;
pub mod log;
pub mod message;
pub mod node;
pub mod persistence;
pub mod quorum;
mod replication;
pub mod rules;
pub mod types;

pub use config::Configuration;
pub use log::{Entries, Entry, Log, Payload};
pub use message::{AppendOutcome, Body, ConflictHint, Message};
pub use node::{Backtracking, Effect, Input, Node, Options, Progress, Role, RoleName, TimerRange};
pub use persistence::{Durable, HardState, Suffix, Write};
pub use rules::{Guard, Observer, Rule, Rules, Unobserved, Value};
pub use types::{Index, MAX_SERVERS, ServerId, ServerSet, Term, Timer, Token};
