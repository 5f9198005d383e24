//! Wavetank: a Raft simulator. See `ARCHITECTURE.md` for the floors of the house; each floor imports
//! only from floors below it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod check;
pub mod console;
pub mod explain;
pub mod explore;
pub mod kv;
pub mod learn;
mod order;
pub mod raft;
pub mod recognise;
pub mod sim;
pub mod simulation;
mod spelling;
pub mod timeline;
#[cfg(feature = "page")]
pub mod ui;
