//! Majorities. Every question "is this enough?" is answered here, from a configuration, and nowhere
//! else.

use super::config::Configuration;
use super::types::{Index, MAX_SERVERS, ServerId, ServerSet};

/// How many of `n` servers are a majority: more than half, so four need three.
#[must_use]
pub fn majority_of(n: u32) -> u32 {
    n / 2 + 1
}

/// Whether these servers are a majority of the voters; during joint consensus, of the old and of the
/// new ones, each for itself (§6). Without voters nobody is.
#[must_use]
pub fn is_quorum(configuration: &Configuration, servers: ServerSet) -> bool {
    is_quorum_with(configuration, servers, 0)
}

/// [`is_quorum`], if this many were counted in addition to the servers: the mistake of a candidate that counts
/// messages and not voters.
#[must_use]
pub fn is_quorum_with(configuration: &Configuration, servers: ServerSet, more: u32) -> bool {
    let enough = |voters: ServerSet| servers.and(voters).len() + more >= majority_of(voters.len());
    enough(configuration.voters) && (configuration.outgoing.is_empty() || enough(configuration.outgoing))
}

/// What a vote has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteResult {
    /// A majority has granted.
    Won,
    /// Those who have not refused are no longer a majority.
    Lost,
    /// It can still go either way.
    Pending,
}

/// What a vote has come to, when these have granted and those have refused.
#[must_use]
pub fn vote_result(configuration: &Configuration, granted: ServerSet, refused: ServerSet) -> VoteResult {
    if is_quorum(configuration, granted) {
        VoteResult::Won
    } else if is_quorum(configuration, configuration.all_voters().minus(refused)) {
        VoteResult::Pending
    } else {
        VoteResult::Lost
    }
}

/// The highest index that a majority has reached, when `reached` tells how far each voter is; during
/// joint consensus the lower of both majorities' indexes.
pub fn majority_index(configuration: &Configuration, reached: impl Fn(ServerId) -> Index) -> Index {
    majority_index_counting(configuration, ServerSet::EMPTY, reached)
}

/// [`majority_index`], if these servers' copies were counted as well: the mistake that §6 and D4.2.1 warn
/// of, for majorities stay as large as the voters make them.
pub fn majority_index_counting(
    configuration: &Configuration,
    others: ServerSet,
    reached: impl Fn(ServerId) -> Index,
) -> Index {
    let of = |voters: ServerSet| {
        let counted = voters.or(others);
        let mut indexes = [Index(0); MAX_SERVERS as usize];
        let count = counted.len() as usize;
        for (slot, id) in indexes.iter_mut().zip(counted.iter()) {
            *slot = reached(id);
        }
        let indexes = &mut indexes[..count];
        indexes.sort_unstable();
        // From the top, the majority-th: at least that many are there or further.
        indexes.get(count.wrapping_sub(majority_of(voters.len()) as usize)).copied().unwrap_or_default()
    };
    let new = of(configuration.voters);
    if configuration.outgoing.is_empty() { new } else { new.min(of(configuration.outgoing)) }
}

/// The fewest voters that suffice, and of how many: for explanations ("2 of 5, needs 3").
#[must_use]
pub fn needed(configuration: &Configuration) -> (u32, u32) {
    let n = configuration.voters.len();
    (majority_of(n), n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ServerSet {
        text.chars().filter_map(|c| ServerId::new(c.to_digit(10)? as u8)).collect()
    }

    #[test]
    fn a_vote_is_won_lost_or_pending() {
        // voters | outgoing | granted | refused | result
        let table = "
            1     |     |       |      | Pending
            1     |     | 1     |      | Won
            1     |     |       | 1    | Lost
            12    |     | 1     |      | Pending
            12    |     | 1     | 2    | Lost
            12    |     | 12    |      | Won
            123   |     | 1     | 2    | Pending
            123   |     | 13    | 2    | Won
            123   |     | 1     | 23   | Lost
            1234  |     | 12    |      | Pending
            1234  |     | 12    | 34   | Lost
            1234  |     | 123   | 4    | Won
            12345 |     | 12    | 34   | Pending
            12345 |     | 125   | 34   | Won
            12345 |     | 12    | 345  | Lost
            123   |     | 19    | 8    | Pending
            345   | 123 | 13    |      | Pending
            345   | 123 | 45    |      | Pending
            345   | 123 | 1345  |      | Won
            345   | 123 | 12345 |      | Won
            345   | 123 | 1234  |      | Won
            345   | 123 |       | 12   | Lost
            345   | 123 | 123   | 45   | Lost
        ";
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            let mut configuration = Configuration::of(set(columns[0]));
            configuration.outgoing = set(columns[1]);
            let result = vote_result(&configuration, set(columns[2]), set(columns[3]));
            assert_eq!(format!("{result:?}"), columns[4], "{line}");
        }
    }

    #[test]
    fn the_majority_index_is_the_highest_that_a_majority_has_reached() {
        // reached by S1, S2, … | index
        let table = "7 | 7 ; 7 5 | 5 ; 7 5 3 | 5 ; 7 7 3 | 7 ; 9 7 5 3 | 5 ; 9 9 9 3 | 9 ; 9 8 7 6 5 | 7 ; \
                     1 1 1 1 1 9 9 9 9 | 1 ; 0 0 4 4 | 0 ; 2 2 2 4 4 4 | 2";
        for row in table.split(';') {
            let (reached, expected) = row.split_once('|').unwrap();
            let reached: Vec<u64> = reached.split_whitespace().map(|n| n.parse().unwrap()).collect();
            let configuration = Configuration::of_first(reached.len() as u8);
            let index = majority_index(&configuration, |id| Index(reached[id.slot()]));
            assert_eq!(index.0, expected.trim().parse::<u64>().unwrap(), "{row}");
        }
    }

    #[test]
    fn a_joint_majority_index_is_the_lower_of_both() {
        let mut configuration = Configuration::of(set("345"));
        configuration.outgoing = set("123");
        let reached = [9, 8, 2, 4, 6];
        assert_eq!(majority_index(&configuration, |id| Index(reached[id.slot()])), Index(4));
    }
}
