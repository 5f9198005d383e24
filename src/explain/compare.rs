//! What differs at the ends of two runs, in words.

use super::words::{duration, op as asks};
use crate::raft::{RoleName, ServerId, Term};
use crate::sim::{Outcome, notation};
use crate::timeline::compare::{Difference, Is, Knows, Pair};

/// A difference in a sentence. `names` are what the two runs are called.
#[must_use]
pub fn difference(difference: &Difference, names: Pair<&str>) -> String {
    let [a, b] = names;
    match difference {
        Difference::Length([one, other]) => {
            let ends = |(us, events): &(u64, u64)| format!("ends at {} after {events} events", duration(*us));
            format!("{a} {}, {b} {}.", ends(one), ends(other))
        }
        Difference::Leader(term, two) => {
            let [one, other] = two.map(by);
            format!("Term {term} was led {one} in {a}, {other} in {b}.")
        }
        Difference::Server(server, two) => {
            let [one, other] = two.map(is);
            format!("{server} {one} in {a}, and {other} in {b}.")
        }
        Difference::Log(server, from, [one, other]) => {
            let [one, other] = [one, other].map(|(terms, count)| log(terms, *count));
            format!("The log of {server} differs from entry {from} on: {one} in {a}, {other} in {b}.")
        }
        Difference::Commit(server, [one, other]) => {
            format!("{server} has commitIndex {one} in {a}, and {other} in {b}.")
        }
        Difference::Value(key, two) => {
            let [one, other] = two.each_ref().map(|value| match value {
                Some(value) => format!("‘{}’", short(value)),
                None => "nothing".into(),
            });
            let what = if key.is_empty() {
                "The single value".into()
            } else {
                format!("The key ‘{}’", short(key))
            };
            format!("{what} is {one} in {a}, and {other} in {b}.")
        }
        Difference::Request(client, serial, op, two) => {
            let [one, other] = two.each_ref().map(knows);
            format!("{client}’s request {serial}, {}: {one} in {a}, {other} in {b}.", asks(op))
        }
        Difference::Broken(property, two) => {
            let [one, other] = two.map(|at| match at {
                Some(at_us) => format!("falls at {}", duration(at_us)),
                None => "holds".into(),
            });
            format!("{property} {one} in {a}, and {other} in {b}.")
        }
        Difference::More(count) => format!("And {count} more of that kind."),
    }
}

fn by(server: Option<ServerId>) -> String {
    server.map_or_else(|| "by nobody".into(), |server| format!("by {server}"))
}

fn is(server: Option<Is>) -> String {
    let Some(Is { role, term }) = server else { return "is not there".into() };
    match role {
        Some(RoleName::Leader) => format!("leads term {term}"),
        Some(RoleName::Follower) => format!("follows in term {term}"),
        Some(RoleName::Candidate) => format!("stands for election in term {term}"),
        Some(RoleName::PreCandidate) => format!("asks in term {term} whether it would be elected"),
        None => format!("is down, in term {term}"),
    }
}

/// Entries by their terms, and how many there are.
fn log(terms: &[Term], count: u64) -> String {
    if count == 0 {
        return "it ends before that".into();
    }
    let more = if count > terms.len() as u64 {
        format!(" and {} more", count - terms.len() as u64)
    } else {
        String::new()
    };
    format!("terms {}{more}", notation::write_terms(terms))
}

fn knows(knows: &Knows) -> String {
    match knows {
        Knows::NotAsked => "was not asked".into(),
        Knows::Waits => "waits".into(),
        Knows::Over(Outcome::Done(output)) => format!("done (‘{}’)", short(&output.to_string())),
        Knows::Over(Outcome::Failed) => "failed".into(),
        Knows::Over(Outcome::Unknown) => format!("unknown: {}", super::client::UNKNOWN),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
