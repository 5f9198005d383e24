//! Whether any run of Raft comes to a state: what speaks against it, each in a sentence.
//!
//! **Nothing is said without certainty.** An objection holds whatever was lost, delayed or doubled, whoever
//! crashed and came back, and in whatever terms nobody that we see has led; it takes for granted that
//! all rules are on, that disks keep what they have acknowledged, and that these servers were the voters
//! from the beginning. Where nothing is said, the state may still be out of reach.
//!
//! What is known of a term: whoever leads it, or has entries of it in a log, shows with which log its
//! leader was elected. Servers only ever go to higher terms, so what a server did in a term it did before
//! what it did in any later one.

use super::Shorthand;
use crate::raft::{Index, RoleName, ServerId, Term, quorum};
use std::collections::BTreeMap;
use std::fmt;

/// Why no run of Raft comes to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// A sentence, without its full stop.
    pub why: String,
    /// Where Raft says so.
    pub section: &'static str,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}).", self.why, self.section)
    }
}

/// What speaks against that a run of Raft comes to this state; nothing if nothing is known to.
#[must_use]
pub fn objections(states: &[Shorthand]) -> Vec<Objection> {
    if states.iter().any(|state| state.covered > 0) {
        // The terms of what a snapshot covers are not written.
        return Vec::new();
    }
    let mut judge = Judge { states, terms: BTreeMap::new(), found: Vec::new() };
    judge.look_at_logs();
    // What follows reads the logs as one tree.
    if judge.found.is_empty() {
        judge.learn_terms();
        judge.look_at_elections();
        judge.look_at_commits();
    }
    judge.found
}

/// What is known of a term that had a leader.
#[derive(Clone, Copy)]
struct Reign<'a> {
    /// Who leads it now.
    leader: Option<ServerId>,
    /// The log with which its leader was elected.
    before: &'a [Term],
}

/// That no run leads to a state, in a sentence that ends with what it takes for granted. The objections
/// follow it.
pub const UNREACHABLE: &str =
    "no run of Raft leads to this state, with all rules on and these servers from the beginning";

struct Judge<'a> {
    states: &'a [Shorthand],
    /// By term: those that are known to have had a leader.
    terms: BTreeMap<Term, Reign<'a>>,
    found: Vec<Objection>,
}

impl Shorthand {
    fn leads(&self) -> bool {
        self.role == Some(RoleName::Leader)
    }

    fn stands(&self) -> bool {
        self.role == Some(RoleName::Candidate)
    }

    /// The term of its entry at that index.
    fn at(&self, index: usize) -> Option<Term> {
        index.checked_sub(1).and_then(|slot| self.entries.get(slot)).copied()
    }

    /// Its entries of earlier terms.
    fn before(&self, term: Term) -> &[Term] {
        &self.entries[..self.entries.partition_point(|&entry| entry < term)]
    }

    /// The index of its first entry of that term.
    fn first_of(&self, term: Term) -> Option<usize> {
        let first = self.before(term).len() + 1;
        (self.at(first) == Some(term)).then_some(first)
    }

    fn committed(&self) -> usize {
        // A crash forgets commitIndex.
        if self.role.is_some() { self.commit.0 as usize } else { 0 }
    }
}

// Each server, and any two.
impl<'a> Judge<'a> {
    fn object(&mut self, section: &'static str, why: String) {
        self.found.push(Objection { why, section });
    }

    fn look_at_logs(&mut self) {
        for (place, one) in self.states.iter().enumerate() {
            self.look_at_candidate(one);
            for other in &self.states[place + 1..] {
                self.compare(one, other);
            }
        }
    }

    fn look_at_candidate(&mut self, state: &Shorthand) {
        let Shorthand { server, term, entries, .. } = state;
        if state.stands() && entries.last() == Some(term) {
            self.object("§5.2", format!(
                "{server} stands for election in term {term} with an entry of term {term}: it has that from the leader of term {term}, and stands only in a later term"
            ));
        }
    }

    fn compare(&mut self, one: &'a Shorthand, other: &'a Shorthand) {
        if one.leads() && other.leads() && one.term == other.term {
            let (a, b, term) = (one.server, other.server, one.term);
            let why = format!("Two leaders in term {term}: {a} and {b}; a server votes once in a term");
            return self.object("§5.2", why);
        }
        self.match_logs(one, other);
        self.look_at_leader(one, other);
        self.look_at_leader(other, one);
        let upto = one.committed().min(other.committed());
        if let Some(index) = (1..=upto).find(|&index| one.at(index) != other.at(index)) {
            let (a, b) = (one.server, other.server);
            let why = format!("{a} and {b} have both committed entry {index}, and have different ones there");
            self.object("§5.4.3", why);
        }
    }

    /// Log Matching, and that the entries of a term stand in one row.
    fn match_logs(&mut self, one: &Shorthand, other: &Shorthand) {
        let (a, b) = (one.server, other.server);
        let length = one.entries.len().min(other.entries.len());
        let differ = (1..=length).find(|&index| one.at(index) != other.at(index));
        let equal = differ.and_then(|differ| (differ..=length).find(|&at| one.at(at) == other.at(at)));
        if let (Some(differ), Some(equal)) = (differ, equal) {
            return self.object("§5.3", format!(
                "Entry {equal} is of the same term on {a} and {b}, but entry {differ} is not: logs that have an entry in common agree in all before it"
            ));
        }
        let mut terms = one.entries.clone();
        terms.dedup();
        for term in terms {
            if let (Some(first), Some(second)) = (one.first_of(term), other.first_of(term))
                && first != second
            {
                return self.object("§5.3", format!(
                    "The entries of term {term} begin at index {first} on {a} and at index {second} on {b}: one leader made them all, one after the other"
                ));
            }
        }
    }

    /// A leader has every entry of its term: nobody else makes them, and it removes none.
    fn look_at_leader(&mut self, leader: &Shorthand, other: &Shorthand) {
        let (Shorthand { server, term, .. }, b) = (leader, other.server);
        if !leader.leads() {
            return;
        }
        let of_term = (1..=other.entries.len()).filter(|&index| other.at(index) == Some(*term));
        if let Some(index) = of_term.into_iter().find(|&index| leader.at(index) != Some(*term)) {
            self.object("§5.3", format!(
                "{b} has entry {index} of term {term}, and {server}, which leads term {term}, has not: only it makes entries of its term, and it removes none"
            ));
        }
    }
}

// Elections.
impl<'a> Judge<'a> {
    fn learn_terms(&mut self) {
        for state in self.states {
            for &term in &state.entries {
                self.terms.entry(term).or_insert(Reign { leader: None, before: state.before(term) });
            }
        }
        for state in self.states.iter().filter(|state| state.leads()) {
            let reign = Reign { leader: Some(state.server), before: state.before(state.term) };
            self.terms.insert(state.term, reign);
        }
    }

    fn majority(&self) -> usize {
        quorum::majority_of(self.states.len() as u32) as usize
    }

    fn most(&self) -> String {
        format!("{} of {}", self.majority(), self.states.len())
    }

    fn look_at_elections(&mut self) {
        let terms = std::mem::take(&mut self.terms);
        for (&term, &reign) in &terms {
            self.look_at_election(term, reign, &terms);
        }
        self.terms = terms;
    }

    fn look_at_election(&mut self, term: Term, reign: Reign, terms: &BTreeMap<Term, Reign>) {
        let there: Vec<&Shorthand> = self.states.iter().filter(|state| state.term >= term).collect();
        let led = match reign.leader {
            Some(leader) => format!("{leader} leads term {term}"),
            None => format!("There are entries of term {term}, so somebody led it"),
        };
        let most = self.most();
        if there.len() < self.majority() {
            let who = names(there.iter().map(|state| state.server));
            let verb = if there.len() == 1 { "is" } else { "are" };
            return self.object("§5.2", format!("{led}, which takes the votes of {most}; but only {who} {verb} in term {term} or a later one"));
        }
        // A candidate has voted for itself.
        let stood = |state: &&Shorthand| state.stands() && state.term == term;
        let (own, others): (Vec<&Shorthand>, Vec<&Shorthand>) = there.iter().copied().partition(stood);
        let newer: Vec<&Shorthand> =
            others.iter().copied().filter(|state| !self.may_have_voted(state, term, reign, terms)).collect();
        if others.len() - newer.len() < self.majority() {
            let mut why = Vec::new();
            if !own.is_empty() {
                let themselves = if own.len() == 1 { "itself" } else { "themselves" };
                why.push(format!("{} voted for {themselves}", names(own.iter().map(|state| state.server))));
            }
            if !newer.is_empty() {
                let who = names(newer.iter().map(|state| state.server));
                let logs = if newer.len() == 1 { "a log" } else { "logs" };
                let log = show(reign.before);
                why.push(format!(
                    "{who} had {logs} more up to date than {log}, with which that leader was elected"
                ));
            }
            let section = if newer.is_empty() { "§5.2" } else { "§5.4.1" };
            self.object(
                section,
                format!("{led}, which takes the votes of {most}; but {}", why.join(", and ")),
            );
        }
    }

    /// Whether a server that did not stand can have voted for the leader of that term, or been it.
    fn may_have_voted(
        &self,
        state: &Shorthand,
        term: Term,
        reign: Reign,
        terms: &BTreeMap<Term, Reign>,
    ) -> bool {
        let own = state.before(term);
        let up_to_date = (own.last(), own.len()) <= (reign.before.last(), reign.before.len());
        up_to_date || self.may_have_come_later(state, term, terms)
    }

    /// Whether a server's last entry of an earlier term can have come to it after that term: from the leader
    /// of a later one, which had it. Of a term that nobody is known to have led somebody may have been the
    /// leader, if there was a majority to vote in it.
    fn may_have_come_later(&self, state: &Shorthand, term: Term, terms: &BTreeMap<Term, Reign>) -> bool {
        let own = state.before(term);
        let later = (term.0 + 1)..=state.term.0;
        let known = || terms.range(Term(*later.start())..).take_while(|(known, _)| known.0 <= *later.end());
        if later.is_empty() {
            return false;
        }
        let voted = self.term_of_majority().0.min(*later.end());
        let known_voted = known().filter(|(known, _)| known.0 <= voted).count() as u64;
        let unknown = voted.saturating_sub(term.0) > known_voted;
        unknown || known().any(|(_, reign)| reign.before.starts_with(own))
    }

    /// The highest term in which a majority can have been.
    fn term_of_majority(&self) -> Term {
        let mut terms: Vec<Term> = self.states.iter().map(|state| state.term).collect();
        terms.sort_by(|a, b| b.cmp(a));
        terms.get(self.majority() - 1).copied().unwrap_or_default()
    }
}

// What is committed.
impl Judge<'_> {
    fn look_at_commits(&mut self) {
        for state in self.states.iter().filter(|state| state.committed() > 0) {
            if let Err(objection) = self.commit_of(state).and_then(|()| self.kept_commit(state)) {
                self.found.push(objection);
            }
        }
    }

    /// Who follows in a term in which nobody else ever was has stood in it, and was restarted since.
    fn kept_commit(&self, state: &Shorthand) -> Result<(), Objection> {
        let Shorthand { server, role, term, commit, .. } = state;
        let alone = !self.states.iter().any(|other| other.server != *server && other.term >= *term);
        if self.states.len() == 1 || *role != Some(RoleName::Follower) || !alone {
            return Ok(());
        }
        Err(Objection {
            section: "Figure 2",
            why: format!(
                "{server} follows in term {term}, and nobody else is in that term or a later one: so it has stood there itself and been restarted since, and a restart forgets commitIndex, which is {commit}"
            ),
        })
    }

    /// Somebody committed it: the leader of some term, when an entry of that term, there or behind, was on a
    /// majority (§5.4.2). Those who stored it have it still, and all later leaders have it.
    fn commit_of(&self, state: &Shorthand) -> Result<(), Objection> {
        let (server, commit) = (state.server, state.committed());
        let mut reason = None;
        for term in self.terms.keys() {
            match self.committed_in(state, commit, *term) {
                Ok(()) => return Ok(()),
                // The reason that comes closest.
                Err(why) => reason = reason.max(why),
            }
        }
        let what = format!("{server} has commitIndex {commit}, but");
        let most = self.most();
        Err(match reason {
            Some(Against::Later(leader)) => Objection {
                section: "§5.4",
                why: format!(
                    "{what} the leader of term {leader} was elected without entry {commit} as it stands there: every later leader has what is committed"
                ),
            },
            Some(Against::Leader(leader)) => Objection {
                section: "§5.3",
                why: format!("{what} {leader}, the only one that can have committed it, has not"),
            },
            None => Objection {
                section: "§5.4.2",
                why: format!("{what} neither entry {commit} nor one behind it is on {most}"),
            },
        })
    }

    /// Whether the leader of that term can have committed what a server has committed.
    fn committed_in(&self, state: &Shorthand, commit: usize, term: Term) -> Result<(), Option<Against>> {
        let holders = |index: usize| self.states.iter().filter(move |it| it.at(index) == Some(term));
        let first = self.states.iter().find_map(|it| it.first_of(term)).unwrap_or(0).max(commit);
        // One who stored it shows what came before.
        let same = holders(first).next().is_some_and(|it| it.at(commit) == state.at(commit));
        let committed = same && holders(first).count() >= self.majority();
        // Who stands in that term has heard of no leader of it, and a leader counts entries of its own term.
        let own = state.term == term && (state.stands() || state.leads() && state.at(commit) != Some(term));
        if !committed || own || term > state.term {
            return Err(None);
        }
        let mut later = self.terms.range(Term(term.0 + 1)..);
        let has = |reign: &Reign| reign.before.get(first - 1) == Some(&term);
        if let Some((&leader, _)) = later.find(|(_, reign)| !has(reign)) {
            return Err(Some(Against::Later(leader)));
        }
        let leader = self.terms[&term].leader.and_then(|id| self.states.get(id.slot()));
        match leader {
            Some(leader) if leader.commit < Index(commit as u64) => Err(Some(Against::Leader(leader.server))),
            _ => Ok(()),
        }
    }
}

/// What speaks against that the leader of some term committed something; the last comes closest to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Against {
    /// The leader of this later term lacks it.
    Later(Term),
    /// The leader leads still, and has not committed it.
    Leader(ServerId),
}

/// A log in shorthand.
fn show(terms: &[Term]) -> String {
    if terms.is_empty() { "the empty log".into() } else { super::write_terms(terms) }
}

/// S1, S2 and S3.
fn names(servers: impl Iterator<Item = ServerId>) -> String {
    let names: Vec<String> = servers.map(|server| server.to_string()).collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
