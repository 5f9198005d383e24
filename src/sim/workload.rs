//! Load: background clients that ask of the cluster what is drawn by name.

use super::draw::{Purpose, Seed, draw, happens, within};
use super::net::ClientId;
use super::setup::{SPAN_US_MAX, is_off};
use crate::kv::Op;
use crate::raft::ReadMode;
use serde::{Deserialize, Serialize};

/// How many background clients there can be: C2 to C6.
pub const BACKGROUND_MAX: u8 = 5;
/// The shortest time between two requests of a client, in microseconds.
const EVERY_US_MIN: u64 = 100;
/// The most keys.
const KEYS_MAX: u32 = 1000;

/// What background clients ask, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workload {
    /// How many clients there are, from C2 on; 0: the workload ends, and [`super::Options::workload_every_us`]
    /// is in force again.
    pub clients: u8,
    /// How often each of them asks, in microseconds. While it waits for an answer it lets its turns pass.
    #[serde(default, skip_serializing_if = "is_off")]
    pub every_us: u64,
    /// How many requests in a million are reads.
    #[serde(default, skip_serializing_if = "is_off")]
    pub reads_ppm: u32,
    /// How many requests in a million are increments; what is neither is a write of a new value.
    #[serde(default, skip_serializing_if = "is_off")]
    pub increments_ppm: u32,
    /// How many keys there are: k0, k1 and so on.
    #[serde(default = "five", skip_serializing_if = "is_five")]
    pub keys: u32,
    /// How many requests in a million go to k0; the others are spread evenly over all other keys. Without
    /// it all keys are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_ppm: Option<u32>,
    /// How reads are answered (D6.4); without it, as the options say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ReadMode>,
}

fn five() -> u32 {
    5
}

fn is_five(keys: &u32) -> bool {
    *keys == 5
}

impl Default for Workload {
    /// One client that writes to five keys, twenty times a second.
    fn default() -> Workload {
        Workload {
            clients: 1,
            every_us: 50_000,
            reads_ppm: 0,
            increments_ppm: 0,
            keys: 5,
            hot_ppm: None,
            mode: None,
        }
    }
}

impl Workload {
    /// The workload that ends another.
    #[must_use]
    pub fn none() -> Workload {
        Workload { clients: 0, every_us: 0, ..Workload::default() }
    }

    /// What makes no workload, as a sentence that says what to do.
    ///
    /// # Errors
    /// When a number is out of bounds.
    pub fn check(&self) -> Result<(), String> {
        let million = 1_000_000;
        let (reads, increments) = (self.reads_ppm, self.increments_ppm);
        match self {
            Workload { clients: 0, .. } => Ok(()),
            Workload { clients, .. } if *clients > BACKGROUND_MAX => Err(format!(
                "there can be {BACKGROUND_MAX} background clients, C2 to C6, not {clients}; 0 ends the workload"
            )),
            Workload { every_us, .. } if !(EVERY_US_MIN..=SPAN_US_MAX).contains(every_us) => {
                Err(format!("a client asks every 100 µs to 600 s, not every {every_us} µs"))
            }
            Workload { keys, .. } if !(1..=KEYS_MAX).contains(keys) => {
                Err(format!("there can be 1 to {KEYS_MAX} keys, not {keys}"))
            }
            _ if reads > million || increments > million - reads => Err(format!(
                "reads and increments are at most 100 % together: {reads} and {increments} millionths are more"
            )),
            Workload { hot_ppm: Some(hot), .. } if *hot > million => {
                Err(format!("at most 100 % of all requests go to the hot key, not {hot} millionths"))
            }
            _ => Ok(()),
        }
    }

    /// What a client asks as its request of that number.
    pub(super) fn op(&self, seed: Seed, client: ClientId, serial: u32) -> Op {
        let word = |k| draw(seed, Purpose::Workload, u64::from(client.0), u64::from(serial), k);
        let last = u64::from(self.keys.saturating_sub(1));
        let number = match self.hot_ppm {
            Some(hot_ppm) if last == 0 || happens(word(1), hot_ppm) => 0,
            Some(_) => within(word(2), 1, last),
            None => within(word(2), 0, last),
        };
        let key = format!("k{number}");
        let kind = within(word(0), 0, 999_999);
        let (reads, increments) = (u64::from(self.reads_ppm), u64::from(self.increments_ppm));
        match kind {
            kind if kind < reads => Op::Get { key },
            kind if kind < reads + increments => Op::Increment { key },
            // No two requests write the same value, so a read tells whose it has seen.
            _ => Op::Put { key, value: (u64::from(serial) * 10 + u64::from(client.0)).to_string() },
        }
    }
}
