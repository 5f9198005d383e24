//! Tables, one line a case: what a vote has come to, what a majority has reached, and what changes make
//! of a configuration. Then the same against an oracle that knows nothing but how to count.

mod common;

use common::{s, set};
use proptest::prelude::*;
use wavetank::raft::quorum::{VoteResult, is_quorum, majority_index, vote_result};
use wavetank::raft::{Change, Configuration, Index, ServerSet};

/// The lines of a table that say something, each with its place in the file.
fn lines<'a>(file: &'a str, text: &'a str) -> impl Iterator<Item = (String, &'a str)> {
    let numbered = (1..).zip(text.lines().map(str::trim));
    numbered
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(move |(number, line)| (format!("tests/tables/{file}:{number}: {line}"), line))
}

/// Goes through a table of columns; a case that fails is named by file and line, and all that fail are.
fn check_columns(file: &str, text: &str, least: usize, answer: impl Fn(&[&str]) -> String) {
    let (mut cases, mut failed) = (0, Vec::new());
    for (place, line) in lines(file, text) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let (expected, given) = columns.split_last().expect("a line has columns");
        let found = answer(given);
        cases += 1;
        if found != *expected {
            failed.push(format!("{place}\n    but it is {found}"));
        }
    }
    assert!(failed.is_empty(), "{} of {cases} cases fail:\n{}", failed.len(), failed.join("\n"));
    assert!(cases >= least, "only {cases} cases were read from {file}");
}

fn joint(voters: ServerSet, outgoing: ServerSet) -> Configuration {
    Configuration { outgoing, ..Configuration::of(voters) }
}

#[test]
fn what_votes_come_to() {
    check_columns("votes.txt", include_str!("tables/votes.txt"), 60, |given| {
        let [voters, outgoing, granted, refused] = given else { panic!("{given:?} are not 4 columns") };
        let configuration = joint(set(voters), set(outgoing));
        let result = vote_result(&configuration, set(granted), set(refused));
        // Won and lost are the two sides of one question.
        assert_eq!(result == VoteResult::Won, is_quorum(&configuration, set(granted)));
        format!("{result:?}").to_lowercase()
    });
}

#[test]
fn what_majorities_have_reached() {
    check_columns("committed.txt", include_str!("tables/committed.txt"), 40, |given| {
        let [voters, outgoing, reached] = given else { panic!("{given:?} are not 3 columns") };
        let configuration = joint(set(voters), set(outgoing));
        let far: Vec<u64> = reached.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
        let members: Vec<_> = configuration.all_voters().iter().collect();
        assert_eq!(members.len(), far.len(), "each voter has a number: {given:?}");
        let index = majority_index(&configuration, |id| {
            let place = members.iter().position(|member| *member == id);
            Index(far[place.expect("only voters are asked how far they are")])
        });
        index.to_string()
    });
}

// Configurations.

fn write(configuration: &Configuration) -> String {
    let digits = |servers: ServerSet| match servers.is_empty() {
        true => "-".to_string(),
        false => servers.iter().map(|id| id.number().to_string()).collect(),
    };
    let Configuration { voters, outgoing, learners, auto_leave } = *configuration;
    let mut text = digits(voters);
    if !outgoing.is_empty() {
        text += &format!("/{}", digits(outgoing));
    }
    if !learners.is_empty() {
        text += &format!(" l{}", digits(learners));
    }
    text + if auto_leave { " auto" } else { "" }
}

fn read_configuration(text: &str) -> Configuration {
    let mut words = text.split_whitespace();
    let (voters, outgoing) = match words.next().unwrap_or("-").split_once('/') {
        Some((voters, outgoing)) => (set(voters), set(outgoing)),
        None => (set(text.split_whitespace().next().unwrap_or("-")), ServerSet::EMPTY),
    };
    let mut configuration = joint(voters, outgoing);
    for word in words {
        match word.strip_prefix('l') {
            Some(learners) => configuration.learners = set(learners),
            None if word == "auto" => configuration.auto_leave = true,
            None => panic!("‘{word}’ in ‘{text}’: learners or auto"),
        }
    }
    assert_eq!(write(&configuration), text, "configurations are written in one way");
    configuration
}

fn read_change(text: &str) -> Change {
    let words: Vec<&str> = text.split_whitespace().collect();
    let one = || s(words[1].parse().expect("a number of a server"));
    match words[0] {
        "add" => Change::Add(one()),
        "learner" => Change::Learner(one()),
        "remove" => Change::Remove(one()),
        "leave" => Change::Leave,
        "joint" => Change::Joint {
            voters: set(words[1]),
            learners: words[2..].iter().find_map(|w| w.strip_prefix('l')).map_or(ServerSet::EMPTY, set),
            manual: words.contains(&"manual"),
        },
        other => panic!("‘{other}’ is no change"),
    }
}

/// A change, and what is to come of it: whether it is accepted, and the configuration or the reason.
fn read_case(line: &str) -> (&str, (bool, &str)) {
    let accepted = line.contains("->");
    let parts = line.split_once(if accepted { "->" } else { "!" });
    let (change, expected) = parts.unwrap_or_else(|| panic!("‘{line}’ has neither -> nor !"));
    (change, (accepted, expected.trim()))
}

#[test]
fn what_changes_make_of_a_configuration() {
    let (mut cases, mut failed) = (0, Vec::new());
    let mut now = Configuration::NOBODY;
    for (place, line) in lines("changes.txt", include_str!("tables/changes.txt")) {
        if let Some(first) = line.strip_prefix("from ") {
            now = read_configuration(first);
            continue;
        }
        cases += 1;
        let (change, expected) = read_case(line);
        let result = now.changed_by(read_change(change));
        let found = match &result {
            Ok(new) => (true, write(new)),
            Err(why) => (false, serde_json::to_string(why).expect("it is a word").replace('"', "")),
        };
        if (found.0, found.1.as_str()) != expected {
            failed.push(format!("{place}\n    but it is {}{}", if found.0 { "" } else { "! " }, found.1));
        }
        now = if expected.0 { read_configuration(expected.1) } else { now };
    }
    assert!(failed.is_empty(), "{} of {cases} cases fail:\n{}", failed.len(), failed.join("\n"));
    assert!(cases >= 75, "only {cases} cases were read");
}

#[test]
fn changes_and_configurations_survive_their_json() {
    for (_, line) in lines("changes.txt", include_str!("tables/changes.txt")) {
        if let Some(text) = line.strip_prefix("from ") {
            let configuration = read_configuration(text);
            let json = serde_json::to_string(&configuration).unwrap();
            assert_eq!(serde_json::from_str::<Configuration>(&json).unwrap(), configuration, "{json}");
            continue;
        }
        let change = read_change(read_case(line).0);
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change, "{json}");
    }
}

// The oracle: nothing but counting.

/// Whether these bits are more than half of those.
fn more_than_half(bits: u16, of: u16) -> bool {
    2 * (bits & of).count_ones() > of.count_ones()
}

/// Whether these servers can decide, old and new voters each for themselves.
fn decide((voters, outgoing): (u16, u16), bits: u16) -> bool {
    more_than_half(bits, voters) && (outgoing == 0 || more_than_half(bits, outgoing))
}

fn servers(bits: u16) -> ServerSet {
    (1..=9).filter(|n| bits & 1 << (n - 1) != 0).map(s).collect()
}

/// The bits of voters and of outgoing voters.
fn bits(configuration: &Configuration) -> (u16, u16) {
    let of = |servers: ServerSet| servers.iter().fold(0, |bits, id| bits | 1 << id.slot());
    (of(configuration.voters), of(configuration.outgoing))
}

#[test]
fn every_vote_of_up_to_five_servers_comes_out_as_counting_says() {
    for voters in 0..32_u16 {
        for outgoing in 0..32_u16 {
            let configuration = joint(servers(voters), servers(outgoing));
            for granted in 0..32_u16 {
                assert_eq!(
                    is_quorum(&configuration, servers(granted)),
                    decide((voters, outgoing), granted),
                    "{configuration}, {granted:b}"
                );
                let rest = 31 & !granted;
                // Every set of refusals among the others, by counting down through the subsets.
                let mut refused = rest;
                loop {
                    let open = rest & !refused;
                    let expected = if decide((voters, outgoing), granted) {
                        VoteResult::Won
                    } else if subsets(open).any(|more| decide((voters, outgoing), granted | more)) {
                        VoteResult::Pending
                    } else {
                        VoteResult::Lost
                    };
                    let result = vote_result(&configuration, servers(granted), servers(refused));
                    assert_eq!(result, expected, "{configuration}: yes {granted:b}, no {refused:b}");
                    if refused == 0 {
                        break;
                    }
                    refused = (refused - 1) & rest;
                }
            }
        }
    }
}

fn subsets(of: u16) -> impl Iterator<Item = u16> {
    (0..=of).filter(move |bits| bits & !of == 0)
}

#[test]
fn every_majority_index_of_up_to_five_servers_is_as_counting_says() {
    for voters in 0..32_u16 {
        for outgoing in 0..32_u16 {
            let configuration = joint(servers(voters), servers(outgoing));
            for code in 0..4_u64.pow(5) {
                let reached: Vec<u64> = (0..5).map(|n| code / 4_u64.pow(n) % 4).collect();
                let there =
                    |index: u64| (0..5).filter(|&n| reached[n] >= index).fold(0, |bits, n| bits | 1 << n);
                let expected = (1..4).rev().find(|&index| decide((voters, outgoing), there(index)));
                let found = majority_index(&configuration, |id| Index(reached[id.slot()]));
                assert_eq!(found, Index(expected.unwrap_or(0)), "{configuration}: {reached:?}");
            }
        }
    }
}

/// Whether any two sets that can decide, one by each configuration, share a server: if not, a set can
/// decide by one, and all others by the other.
fn overlap(one: &Configuration, other: &Configuration) -> bool {
    (0..512).all(|some| !decide(bits(one), some) || !decide(bits(other), 511 & !some))
}

#[test]
fn the_oracle_sees_majorities_that_share_no_server() {
    let of = |text| Configuration::of(set(text));
    assert!(overlap(&of("123"), &of("1234")) && overlap(&of("123"), &of("23")));
    assert!(!overlap(&of("123"), &of("12345")), "two more at once: {{1, 2}} and {{3, 4, 5}}");
    assert!(!overlap(&of("123"), &of("345")));
    // The 2015 bug: from four, two leaders change one server each, neither knowing of the other.
    assert!(!overlap(&of("12345"), &of("123")), "one added, one removed");
}

/// What must hold of every configuration that changes bring about.
fn check_configuration(configuration: &Configuration) -> Result<(), TestCaseError> {
    let Configuration { voters, outgoing, learners, auto_leave } = *configuration;
    prop_assert!(!voters.is_empty());
    prop_assert!(voters.and(learners).is_empty());
    prop_assert_eq!(configuration.is_joint(), !outgoing.is_empty());
    prop_assert!(configuration.is_joint() || !auto_leave);
    prop_assert_eq!(configuration.members(), voters.or(outgoing).or(learners));
    Ok(())
}

fn single() -> impl Strategy<Value = Change> {
    (1..=9_u8, 0..3).prop_map(|(n, kind)| match kind {
        0 => Change::Add(s(n)),
        1 => Change::Learner(s(n)),
        _ => Change::Remove(s(n)),
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    let joint = (0..512_u16, 0..512_u16, any::<bool>()).prop_map(|(voters, learners, manual)| {
        Change::Joint { voters: servers(voters), learners: servers(learners & !voters), manual }
    });
    prop_oneof![3 => single(), 2 => joint, 3 => Just(Change::Leave)]
}

proptest! {
    #[test]
    fn majorities_before_and_after_a_single_change_share_a_server(
        first in 1..512_u16,
        changes in proptest::collection::vec(single(), 1..40),
    ) {
        let mut now = Configuration::of(servers(first));
        for change in changes {
            let Ok(new) = now.changed_by(change) else { continue };
            check_configuration(&new)?;
            prop_assert!(!new.is_joint());
            prop_assert!(overlap(&now, &new), "{} by {}: {}", now, change, new);
            prop_assert!(new.changed_by(change).is_err(), "done twice, it is no change any more");
            now = new;
        }
    }

    #[test]
    fn majorities_of_a_joint_configuration_share_a_server_with_the_old_and_with_the_new(
        first in 1..512_u16,
        changes in proptest::collection::vec(any_change(), 1..40),
    ) {
        let mut now = Configuration::of(servers(first));
        for change in changes {
            let Ok(new) = now.changed_by(change) else { continue };
            check_configuration(&new)?;
            prop_assert!(overlap(&now, &new), "{} by {}: {}", now, change, new);
            // Every configuration has overlapping majorities of its own.
            prop_assert!(overlap(&new, &new));
            if new.is_joint() {
                prop_assert_eq!(new.outgoing, now.voters);
                let left = new.changed_by(Change::Leave).expect("what is joint can be left");
                prop_assert_eq!((left.voters, left.learners), (new.voters, new.learners));
            }
            now = new;
        }
    }

    #[test]
    fn a_change_that_is_refused_is_refused_for_a_reason_that_holds(
        voters in 1..512_u16,
        learners in 0..512_u16,
        change in any_change(),
    ) {
        let now = Configuration { learners: servers(learners & !voters), ..Configuration::of(servers(voters)) };
        let asked = match change {
            Change::Add(id) => Some((id, true, false)),
            Change::Learner(id) => Some((id, false, true)),
            Change::Remove(id) => Some((id, false, false)),
            _ => None,
        };
        if let Some((id, votes, learns)) = asked {
            let same = now.voters.contains(id) == votes && now.learners.contains(id) == learns;
            let last = !votes && now.voters == [id].into_iter().collect();
            match now.changed_by(change) {
                Ok(new) => {
                    prop_assert!(!same && !last);
                    prop_assert_eq!((new.voters.contains(id), new.learners.contains(id)), (votes, learns));
                }
                Err(_) => prop_assert!(same || last),
            }
        }
    }
}
