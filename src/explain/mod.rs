//! From events and guards to words: every event in one sentence, every decision with what it compared,
//! and answers to why, why not, and what if.
//!
//! Beside each sentence stand the facts that it claims, as data ([`Claim`]), from the code that writes the words:
//! `tests/claims.rs` holds them against what happened.
//!
//! **Words never influence a run.** They are made from events when somebody looks; no digest, recording or
//! check knows them.

mod asides;
mod claim;
mod client;
mod compare;
mod guards;
mod hands;
mod phrases;
mod quorums;
mod roles;
mod rule_words;
mod sentence;
mod servers;
mod snapshots;
mod standing;
mod timers;
mod told;
mod votes;
mod what_if;
mod why;
mod words;

pub use claim::{Because, Claim, Fate, Written};
pub use compare::difference;
pub use guards::{because, decided_by, decides};
pub use hands::load;
pub use phrases::phrase;
pub use sentence::{About, Kind, Scene, Sentence, sentence};
pub use standing::standing;
pub use told::{Telling, in_words};
pub use what_if::{Ballot, Verdict, ballot, would_vote};
pub use why::{Vote, who_believes, why_not_committed, why_vote};
pub use words::{duration, list, members, span};
