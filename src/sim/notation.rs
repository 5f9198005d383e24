//! The log shorthand: a whole state on one line, typed by hand and read at a glance.
//!
//! `S1:L4 1122224 c2 / S2 1113 / S3 11222 / S4:x 1` is: S1 leads in term 4, its entries have the terms
//! 1 1 2 2 2 2 4, its commitIndex is 2; S2 and S3 follow; S4 has crashed. `F` is a follower, `C` a
//! candidate, `P` one that asks before it stands. Where no term is given, a server has that of its last entry. Terms above 9 are separated
//! by dots: `9.10.12`, and an entry of term 10 alone is `10.`. Servers are separated by `/` or by new
//! lines. Where a snapshot has taken the place of entries, their number is written: `[5]224`.

mod reach;

pub use reach::{Objection, UNREACHABLE, objections};

use super::setup::Setup;
use super::world::World;
use crate::kv::{Command, Op};
use crate::raft::{
    Configuration, Durable, Entry, HardState, Index, MAX_SERVERS, Payload, Role, RoleName, ServerId,
    ServerSet, Term,
};
use crate::spelling::shortened;
use std::fmt;

/// The most entries that the shorthand takes for one server.
const ENTRIES_MAX: usize = 1000;

/// One server in shorthand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shorthand {
    /// Which server.
    pub server: ServerId,
    /// What it is; nothing when it has crashed.
    pub role: Option<RoleName>,
    /// currentTerm.
    pub term: Term,
    /// How many entries a snapshot has taken the place of. Written, and never typed.
    pub covered: u64,
    /// The terms of its entries after those.
    pub entries: Vec<Term>,
    /// commitIndex.
    pub commit: Index,
}

impl fmt::Display for Shorthand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Some(RoleName::Follower) => 'F',
            Some(RoleName::PreCandidate) => 'P',
            Some(RoleName::Candidate) => 'C',
            Some(RoleName::Leader) => 'L',
            None => 'x',
        };
        write!(f, "{}:{role}{}", self.server, self.term)?;
        match self.covered {
            0 if self.entries.is_empty() => {}
            0 => write!(f, " {}", write_terms(&self.entries))?,
            covered => write!(f, " [{covered}]{}", write_terms(&self.entries))?,
        }
        if self.commit > Index(0) {
            write!(f, " c{}", self.commit)?;
        }
        Ok(())
    }
}

/// The terms of a log, as the shorthand has them.
pub(crate) fn write_terms(terms: &[Term]) -> String {
    let texts: Vec<String> = terms.iter().map(Term::to_string).collect();
    match texts.as_slice() {
        [one] if one.len() > 1 => format!("{one}."),
        _ if texts.iter().any(|text| text.len() > 1) => texts.join("."),
        _ => texts.concat(),
    }
}

/// What [`write_terms`] has written.
pub(crate) fn read_terms(text: &str) -> Option<Vec<Term>> {
    let texts: Vec<&str> = match text.strip_suffix('.') {
        Some(one) => vec![one],
        None if text.contains('.') => text.split('.').collect(),
        None => text.split("").filter(|digit| !digit.is_empty()).collect(),
    };
    texts.into_iter().map(read_number).map(|n| n.filter(|&n| n > 0).map(Term)).collect()
}

/// A number of digits only, below 10¹⁵: it survives a JavaScript number, and sums of it are safe.
fn read_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Reads the shorthand of a cluster.
///
/// # Errors
/// A sentence that says where it could not be read, and what stands there in a good one.
pub fn parse(text: &str) -> Result<Vec<Shorthand>, String> {
    read(text).map_err(shortened)
}

fn read(text: &str) -> Result<Vec<Shorthand>, String> {
    let mut states = Vec::new();
    for part in text.split(['/', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let state = parse_server(part)?;
        let expected = states.len() as u8 + 1;
        if state.server.number() != expected {
            return Err(format!("‘{part}’: S{expected} is next; write all servers in order, from S1"));
        }
        states.push(state);
    }
    if states.is_empty() {
        return Err("there is no server in it; write for example ‘S1:L2 112 c1 / S2 11 / S3:x 1’".into());
    }
    Ok(states)
}

fn parse_server(part: &str) -> Result<Shorthand, String> {
    let mut words = part.split_whitespace();
    let head = words.next().unwrap_or_default();
    let (name, state) = head.split_once(':').map_or((head, None), |(name, state)| (name, Some(state)));
    let server: ServerId = name.parse().map_err(|why| format!("‘{part}’: {why}"))?;
    let mut role = Some(RoleName::Follower);
    let mut term = None;
    if let Some(state) = state {
        let mut letters = state.chars();
        role = match letters.next() {
            Some('F' | 'f') => Some(RoleName::Follower),
            Some('P' | 'p') => Some(RoleName::PreCandidate),
            Some('C' | 'c') => Some(RoleName::Candidate),
            Some('L' | 'l') => Some(RoleName::Leader),
            Some('x' | 'X') => None,
            _ => return Err(format!("‘{head}’: after the colon stands F, P, C, L or x, and then the term")),
        };
        let rest = letters.as_str();
        if !rest.is_empty() {
            let number = read_number(rest).ok_or_else(|| format!("‘{head}’: ‘{rest}’ is not a term"))?;
            term = Some(Term(number));
        }
    }
    let mut entries = Vec::new();
    let mut commit = Index(0);
    for word in words {
        if let Some(index) = word.strip_prefix(['c', 'C']) {
            let index = read_number(index)
                .ok_or_else(|| format!("‘{part}’: ‘{word}’ is not a commitIndex such as c2"))?;
            commit = Index(index);
        } else if word.starts_with('[') {
            return Err(format!(
                "‘{part}’: ‘{word}’ begins with a snapshot, which can't be typed: nobody could tell what is in it. Write the terms of all entries"
            ));
        } else if entries.is_empty() {
            entries = read_terms(word).ok_or_else(|| {
                format!("‘{part}’: ‘{word}’ is not a log such as 1122, or 9.10.12 with terms above 9")
            })?;
        } else {
            return Err(format!("‘{part}’: ‘{word}’ is one word too many; write ‘{server}:F3 1123 c2’"));
        }
    }
    if entries.len() > ENTRIES_MAX {
        return Err(format!("{server} has {} entries: {ENTRIES_MAX} are the most", entries.len()));
    }
    let last = entries.last().copied().unwrap_or_default();
    let state = Shorthand { server, role, term: term.unwrap_or(last), covered: 0, entries, commit };
    check_server(&state)?;
    Ok(state)
}

/// What no server can be, alone.
fn check_server(state: &Shorthand) -> Result<(), String> {
    let Shorthand { server, role, term, entries, commit, .. } = state;
    if !entries.is_sorted() {
        return Err(format!("{server}: the terms of a log never fall"));
    }
    if entries.last().is_some_and(|last| last > term) {
        return Err(format!("{server} is in term {term}, but has an entry of a later term"));
    }
    if commit.0 > entries.len() as u64 {
        return Err(format!("{server} has committed {commit} entries, but has only {}", entries.len()));
    }
    if *term == Term(0) && matches!(role, Some(RoleName::Leader | RoleName::Candidate)) {
        return Err(format!("{server} can't stand or lead in term 0: there was no election yet"));
    }
    Ok(())
}

/// The state of a world in shorthand, one server after the other.
#[must_use]
pub fn write(world: &World) -> String {
    let states: Vec<String> = of_world(world).iter().map(Shorthand::to_string).collect();
    states.join(" / ")
}

/// The state of a world as it can be typed: with the terms of what snapshots have taken the place of, which
/// was committed, so that somebody remembers it. Where that is not known, the number of entries is
/// written, as [`write()`] does.
#[must_use]
pub fn write_whole(world: &World, committed: impl Fn(Index) -> Option<Term>) -> String {
    let whole = |mut state: Shorthand| {
        let covered: Option<Vec<Term>> = (1..=state.covered).map(|index| committed(Index(index))).collect();
        if let Some(covered) = covered {
            state.entries.splice(..0, covered);
            state.covered = 0;
        }
        state.to_string()
    };
    of_world(world).into_iter().map(whole).collect::<Vec<_>>().join(" / ")
}

/// The state of a world in shorthand.
#[must_use]
pub fn of_world(world: &World) -> Vec<Shorthand> {
    let of = |server: &super::Server| Shorthand {
        server: server.node.id(),
        role: server.up.then(|| server.node.role().name()),
        term: server.node.term(),
        covered: server.node.log().base_index().0,
        entries: server.node.log().iter().map(|entry| entry.term).collect(),
        commit: server.node.commit(),
    };
    world.servers().iter().map(of).collect()
}

/// The entry that the shorthand means by a term at an index. The same everywhere, so that logs match.
#[must_use]
pub fn entry(term: Term, index: Index) -> Entry {
    let op = Op::Submit { text: format!("{term}.{index}") };
    Entry { term, payload: Payload::Command(Command { client: 0, serial: 0, session: false, op }.encode()) }
}

impl World {
    /// A world at time 0 in this state. Everything is on disk, nobody's vote is known but those of
    /// leaders and candidates for themselves, and a leader has just been elected.
    ///
    /// # Errors
    /// When it is not the state of 1 to 9 servers.
    pub fn in_state(setup: &Setup, states: &[Shorthand]) -> Result<World, String> {
        if states.is_empty() || states.len() > usize::from(MAX_SERVERS) {
            return Err(format!("a cluster has 1 to {MAX_SERVERS} servers"));
        }
        let setup = Setup { servers: states.len() as u8, ..setup.clone() };
        let configuration = Configuration::of_first(setup.servers);
        let disks = states.iter().map(|state| {
            let mut disk = Durable::new(configuration);
            let stands = matches!(state.role, Some(RoleName::Leader | RoleName::Candidate));
            disk.hard = HardState { term: state.term, voted_for: stands.then_some(state.server) };
            for (index, &term) in (1..).zip(&state.entries) {
                disk.log.push(entry(term, Index(index)));
            }
            disk
        });
        let adjust = |id: ServerId, node: crate::raft::Node| {
            let state = &states[id.slot()];
            let myself: ServerSet = [id].into_iter().collect();
            let role = match state.role {
                None => return (node, false),
                Some(RoleName::Follower) => Role::Follower { leader: None },
                Some(RoleName::PreCandidate) => {
                    Role::PreCandidate { granted: myself, refused: ServerSet::EMPTY }
                }
                Some(RoleName::Candidate) => {
                    Role::Candidate { granted: myself, refused: ServerSet::EMPTY, again: 0, transfer: false }
                }
                Some(RoleName::Leader) => Role::Leader(Box::default()),
            };
            (node.in_role(role, state.commit), true)
        };
        Ok(World::with_disks(&setup, disks.collect(), adjust))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorthand_reads_back_as_it_was_written() {
        for text in [
            "S1:L4 1122224 c2 / S2:F3 1113 / S3:F2 11222 / S4:x1 1",
            "S1:F0 / S2:C1 / S3:F0",
            "S1:L12 9.10.12 c3 / S2:F10 10. / S3:x0",
        ] {
            let written: Vec<String> = parse(text).unwrap().iter().map(Shorthand::to_string).collect();
            assert_eq!(written.join(" / "), text);
        }
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let states = parse("S1:L4 1122224 c2 / S2 1113\n S3").unwrap();
        assert_eq!(states[1].to_string(), "S2:F3 1113");
        assert_eq!(states[2].to_string(), "S3:F0");
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence_that_names_the_place() {
        let table = [
            ("", "no server"),
            ("S2 1", "S1 is next"),
            ("S1 / S1", "S2 is next"),
            ("S1:Q4 11", "F, P, C, L or x"),
            ("S1:L4x 11", "not a term"),
            ("S1 1a1", "not a log"),
            ("S1 101", "not a log"),
            ("S1 11 11", "too many"),
            ("S1 11 c", "not a commitIndex"),
            ("S1 11 c3", "only 2"),
            ("S1 21", "never fall"),
            ("S1:F1 12", "later term"),
            ("S1:L0", "term 0"),
            ("S10 1", "not a server"),
            ("S1:F4 [5]224", "can't be typed"),
            ("S1:F99999999999999999999", "not a term"),
            ("<script>", "not a server"),
        ];
        for (text, expected) in table {
            let why = parse(text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    #[test]
    fn a_compacted_log_is_written_with_the_number_of_entries_that_its_snapshot_covers() {
        let text = "S1:L2 1222 c3";
        let mut world = World::in_state(&Setup::new(1, 1), &parse(text).unwrap()).unwrap();
        world.run_until(100_000, &mut crate::raft::Unobserved);
        let snapshot = crate::sim::Action::Snapshot { server: ServerId::first(1).next().unwrap() };
        world.act(&snapshot, &mut crate::raft::Unobserved).unwrap();
        world.run_until(200_000, &mut crate::raft::Unobserved);
        assert_eq!(write(&world), "S1:L2 [3]2 c4");
        assert_eq!(write_whole(&world, |index| Some(Term(index.0.min(2)))), "S1:L2 1222 c4");
        assert_eq!(write_whole(&world, |index| (index.0 > 1).then_some(Term(2))), "S1:L2 [3]2 c4");
    }

    #[test]
    fn a_world_begins_in_the_state_that_was_asked_for() {
        let text = "S1:L4 1122224 c2 / S2:F3 1113 / S3:F2 11222 / S4:x1 1 / S5:C3 112";
        let world = World::in_state(&Setup::new(5, 1), &parse(text).unwrap()).unwrap();
        assert_eq!(write(&world), text);
    }
}
