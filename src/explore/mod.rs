//! Search: is there a run in which this happens, and what is the shortest one?
//!
//! The search runs over a small model ([`Model`]) made of the same [`raft::Node`](crate::raft::Node) as the
//! timed world, without clocks and links: servers, the messages on their way, and what has to be remembered
//! of the past. Its steps are single messages, or *gestures* ([`Grain`]): one timeout, one request with its
//! reply, one command, one crash and restart, one message held or released. What it finds is done again in
//! the timed world, to equal states ([`replay()`]).
//!
//! How it comes to many states a second, from the inside out: what a step does to one server is worked out
//! once and remembered (`space.rs`); equal parts are kept once and known by a number (`pool.rs`), so a state
//! is a short row of numbers; states that differ only in the servers' names are one (`names.rs`), as are
//! states that differ only in what can make no difference any more; and the states that were seen are kept
//! in shards, to which several workers add at once (`seen.rs`, `search.rs`).
//!
//! Beside it stand the hunt over random timed runs ([`hunt()`]), and shrinking ([`shrink()`]).

mod bound;
mod gesture;
mod hunt;
mod local;
mod model;
mod moves;
mod names;
mod past;
mod pool;
mod replay;
mod route;
mod search;
mod seeds;
mod seen;
mod shrink;
mod space;
mod storm;
mod tally;
mod target;
pub mod together;
mod view;
mod way;

pub use bound::{Bound, BoundSet, advice};
pub use gesture::{Ask, Gesture, Grain};
pub use hunt::{Hit, Hunt, Report, hunt};
pub use local::{Dirty, Local};
pub use model::{Bounds, Model};
pub use past::Past;
pub use replay::{ReplayError, at_rest, fresh, replay};
pub use route::{arrive, crashed, extent, goal_of, search_for};
pub use search::{Ended, Found, Progress, Search, first_violations, search, states, threads};
pub use seeds::for_seeds;
pub use shrink::{NotShrunk, Shrunk, shrink};
pub use storm::{Calmed, ENDING_US, Ending, Judge, Plan, STORM_US, Script, subside, weather};
pub use tally::Counts;
pub use target::Target;
pub use view::View;
pub use way::way;
