//! The world: virtual time, a network, disks, servers and clients. It knows no check and no page.
//!
//! **The world depends on nothing but its setup and the actions done to it.** Time is a number of
//! microseconds, what happens next is found by one fixed order ([`World::step`]), and whatever is left
//! to chance is drawn by name ([`draw()`]).

mod action;
pub mod chaos;
mod client;
mod disk;
mod draw;
mod event;
mod net;
pub mod notation;
mod presets;
mod schedule;
mod server;
mod setup;
mod workload;
mod world;

pub use action::{Action, CLOCK_PPM_MAX, CLOCK_PPM_MIN, Refusal};
pub use client::{Call, Client, QUEUE_MAX, Wish};
pub use disk::{Disk, Pending};
pub use draw::{Purpose, Seed, Shape, draw, happens, within};
pub use event::{Brief, Change, Digest, Event, EventId, Finished, Outcome, Stepped, TookEffect, What};
pub use net::{Answer, ClientId, Content, DropReason, Endpoint, Network, Packet, PacketName, cuts_between};
pub use presets::{Cuts, LinkPreset, Places};
pub use schedule::{Ending, Fault, Schedule, Schedules};
pub use server::{Read, Request, Running, Server, Waiting};
pub use setup::{Link, Options, SPAN_US_MAX, Setup};
pub use workload::{BACKGROUND_MAX, Workload};
pub use world::{Watch, World};
