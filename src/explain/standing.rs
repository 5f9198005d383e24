//! Whether a run that was written down runs here as it did there, in words.

use super::words::duration;
use crate::timeline::{Differs, Place, SEMANTICS, Standing};

/// Where a run that was written down by that meaning (`made_by`) runs differently here, and why; nothing where
/// it runs as it did, as far as anybody knows yet.
#[must_use]
pub fn standing(standing: Standing, made_by: u32) -> Option<String> {
    let earlier = made_by < SEMANTICS;
    match standing {
        Standing::Own | Standing::Open | Standing::GoneOn => None,
        Standing::Unmarked => Some(format!(
            "An earlier version made this run (semantics {made_by}; this version’s is {SEMANTICS}) and left no \
             digests in it to compare with, so it may run differently here."
        )),
        Standing::Differs(differs) => {
            let why = if earlier {
                format!(
                    "An earlier version made it (semantics {made_by}; this version’s is {SEMANTICS}), and this \
                     one simulates some things differently."
                )
            } else {
                format!(
                    "It was made by the same semantics as this version’s ({SEMANTICS}), so the file was changed, \
                     or one of the two versions has a fault."
                )
            };
            Some(format!("This run replays differently from when it was saved: {}. {why}", places(differs)))
        }
    }
}

fn places(Differs { same_until, by }: Differs) -> String {
    let place = |Place { events, at_us }: Place| format!("event {events} ({})", duration(at_us));
    match same_until.events {
        0 => format!("other by {}", place(by)),
        _ => format!("the same up to {}, other by {}", place(same_until), place(by)),
    }
}
