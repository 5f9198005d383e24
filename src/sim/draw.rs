//! Randomness by name. A draw is a hash of what it is for, so that it does not depend on what was
//! drawn before: two runs that differ by one message make the same draws for everything else.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a run's draws depend on besides their names. Written as text in files: a u64 does not survive
/// a JavaScript number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Seed, String> {
        text.trim()
            .parse()
            .map(Seed)
            .map_err(|_| format!("‘{text}’ is not a seed: write a whole number from 0 to {}", u64::MAX))
    }
}

impl Serialize for Seed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Seed, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a draw is for. The numbers are part of the semantics version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Length of an election timeout. Subject: server; moment: its term; k: timeouts fired in that term.
    ElectionTimeout = 1,
    /// Travel time of a message. Subject: directed link; moment: bucket of sending; k: ordinal there.
    Latency = 2,
    /// Whether a message is lost. Named like its latency.
    Loss = 3,
    /// Whether a message is duplicated. Named like its latency.
    Duplication = 4,
    /// Travel time of the second copy. Named like the first one's.
    CopyLatency = 5,
    /// Time that a write takes. Subject: server; moment: bucket of its start; k: ordinal there.
    Fsync = 6,
    /// What a schedule does. Subject: the number of its fault; moment: how often it has done it before; k:
    /// which of its draws, or a server's number.
    Schedule = 7,
    /// What a background client asks. Subject: the client; moment: its number for the request; k: 0 what it
    /// does, 1 whether to the hot key, 2 to which other key.
    Workload = 8,
}

/// The draw of that name: 64 bits that look random.
#[must_use]
pub fn draw(seed: Seed, purpose: Purpose, subject: u64, moment: u64, k: u64) -> u64 {
    // Each word is folded in by a finalizer whose every output bit depends on every input bit
    // (Stafford's "Mix13", as in SplitMix64).
    let mut hash = mix(seed.0 ^ (purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    hash = mix(hash ^ (subject << 40) ^ k);
    mix(hash ^ moment)
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A draw as a whole number from `min` to `max`, both included. Ranges are shorter than 2³² µs, that
/// is 71 minutes.
#[must_use]
pub fn within(draw: u64, min: u64, max: u64) -> u64 {
    let span = max.saturating_sub(min).min(u64::from(u32::MAX) - 1) + 1;
    min + (((draw >> 32) * span) >> 32)
}

/// Whether something that happens `per_million` times in a million happens at this draw.
#[must_use]
pub fn happens(draw: u64, per_million: u32) -> bool {
    within(draw, 0, 999_999) < u64::from(per_million)
}

/// The shape of a distribution over a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Every length is as likely as any other.
    #[default]
    Uniform,
    /// Most are near the shortest, a few come near the longest: like a real network.
    LongTail,
}

/// How far along its range a long-tailed value lies, in 1/1024, at 16 equally likely places: half of
/// all lie in the first tenth, one in sixteen in the last two thirds.
const LONG_TAIL: [u64; 17] = [0, 8, 17, 27, 38, 50, 64, 80, 98, 120, 146, 178, 218, 270, 340, 480, 1024];

impl Shape {
    /// A draw as a value of this shape from `min` to `max`, both included.
    #[must_use]
    pub fn within(self, draw: u64, min: u64, max: u64) -> u64 {
        match self {
            Shape::Uniform => within(draw, min, max),
            Shape::LongTail => {
                let place = (draw >> 60) as usize;
                let (low, high) = (LONG_TAIL[place], LONG_TAIL[place + 1]);
                let span = max.saturating_sub(min).min(u64::from(u32::MAX));
                within(draw << 4, min + span * low / 1024, min + span * high / 1024)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed once; if one of these changes, every recording replays differently and the semantics
    /// version has to grow.
    #[test]
    fn golden_draws() {
        let of = |seed, purpose, subject, moment, k| draw(Seed(seed), purpose, subject, moment, k);
        let draws = [
            of(7, Purpose::ElectionTimeout, 1, 0, 0),
            of(7, Purpose::Latency, 0x12, 146, 0),
            of(7, Purpose::Latency, 0x12, 146, 1),
            of(u64::MAX, Purpose::Fsync, 9, u64::MAX, u64::MAX),
        ];
        assert_eq!(
            draws,
            [4972115546770246781, 13102675801703973939, 18110377056805451514, 2443154924569728402]
        );
    }

    #[test]
    fn a_draw_stays_in_its_range_and_reaches_both_ends() {
        for shape in [Shape::Uniform, Shape::LongTail] {
            let values: Vec<u64> =
                (0..5000).map(|k| shape.within(draw(Seed(1), Purpose::Latency, 3, 5, k), 10, 15)).collect();
            assert_eq!((values.iter().min(), values.iter().max()), (Some(&10), Some(&15)), "{shape:?}");
        }
        assert_eq!(within(u64::MAX, 4, 4), 4);
        assert_eq!(within(0, 0, u64::MAX), 0);
    }

    #[test]
    fn one_in_ten_is_one_in_ten() {
        let count = (0..100_000).filter(|&k| happens(draw(Seed(3), Purpose::Loss, 1, 2, k), 100_000)).count();
        assert!((9_700..10_300).contains(&count), "{count}");
        assert!((0..1000).all(|k| !happens(draw(Seed(3), Purpose::Loss, 1, 2, k), 0)));
        assert!((0..1000).all(|k| happens(draw(Seed(3), Purpose::Loss, 1, 2, k), 1_000_000)));
    }

    #[test]
    fn names_that_differ_in_one_word_give_unrelated_draws() {
        let mut seen = std::collections::BTreeSet::new();
        for subject in 0..20 {
            for moment in 0..50 {
                for k in 0..10 {
                    assert!(seen.insert(draw(Seed(1), Purpose::Latency, subject, moment, k)));
                }
            }
        }
    }
}
