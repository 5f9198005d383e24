//! Figure 2 of the Raft paper (Ongaro and Ousterhout, extended version, 2014) as a plain breadth-first search,
//! to hold against another one: it shares a specification with Wavetank and not a line of code.
//!
//! Start at [`search`]. A state is the servers' variables and what is under way ([`State`]); a step is a
//! [`Gesture`]; what a server does is in `protocol.rs`, which can be read beside the figure. The properties are
//! the five of Figure 3 ([`Property`]).
//!
//! # Gestures
//!
//! One timeout of a server that does not lead; one RequestVote or AppendEntries with its reply; one command for
//! a leader; one crash with its restart; one message held or released. A leader may send everything from
//! nextIndex, or nothing although there is something to send. A request can be held before it arrives, or its
//! reply; a request that is released brings its reply back in the same gesture. What is written is durable at
//! once. A new leader appends nothing.
//!
//! # Where the paper leaves a choice
//!
//! - A candidate may ask until the vote is there (§5.5: requests are repeated until there is an answer). Who
//!   refused may be asked again. Refusals are remembered only without `quorumOfAll`, where they count.
//! - Without `quorumOfAll` a candidate's own vote is the only answer at first, and a majority of it.
//! - nextIndex does not fall to matchIndex, nor matchIndex by an answer that comes late; commitIndex never falls.
//! - A leader that receives AppendEntries of its own term (only with a rule off) takes no notice of them, and
//!   does not answer; the figure says nothing of it, as there can be no second leader. So no rule of this list
//!   violates Leader Append-Only. A leader that keeps its role in a higher term leads in that term.
//! - Of a heartbeat the "last new entry" is the one at prevLogIndex. Where `heartbeatChecked` is off,
//!   prevLogIndex is not looked at, and a heartbeat lets commitIndex rise to leaderCommit as far as the log goes.
//! - A heartbeat deletes what is behind prevLogIndex where `truncateOnlyOnConflict` is off.
//! - Without both `lastTermFirst` and `lengthBreaksTies`, only the terms of the last entries are compared;
//!   without both `truncateOnlyOnConflict` and `deleteConflicts`, nothing is deleted where an entry conflicts.
//! - The commit rule is looked at whenever a leader's log, role or matchIndex changes. What commitIndex passes
//!   when it rises is committed; an entry that comes to stand below it later is not.
//! - A committed entry's term is the lowest that a server had when its commitIndex reached it. Leader
//!   Completeness is about the leaders that there are then or later. Once State Machine Safety is violated at
//!   an index, it is about the entry that was committed first there.
//! - Log Matching compares logs that are there at the same moment, the other properties the whole past.
//! - A held reply to a request of a term that its receiver has left is gone, and no longer counts as held, if
//!   it bears no higher term either: it would be dropped. Not so where replies are not dropped, or where a
//!   server may forget its term.
//!
//! A command is named by the index at which it was taken, its term and which of the term's leaders took it; servers see only the
//! term. Otherwise two leaders of one term would take the same commands.

#![forbid(unsafe_code)]

mod gesture;
mod pack;
mod property;
mod protocol;
mod rules;
mod search;
mod state;
mod store;

pub use gesture::{Gesture, Passage, apply, gestures};
pub use property::{Properties, Property};
pub use rules::{Rule, Rules};
pub use search::{Bounds, End, Outcome, Setup, Wanted, search};
pub use state::{Body, Committed, Entry, Id, Index, Leaders, Log, Message, Role, Server, Set, State, Term};
