//! Whether a goal holds, and what it remembers.

use super::parser::VARIABLES_MAX;
use super::syntax::{Domain, Expr, Kind, Recall, Relation, Variable};
use super::words::Word;
use super::{Memory, Scene, can_win};
use crate::check::Property;
use crate::raft::{Index, MAX_SERVERS, Node, RoleName, ServerId, Term, quorum};

/// What something in a goal is at a moment.
#[derive(Clone, Copy)]
enum Value<'a> {
    Truth(bool),
    Number(i128),
    Server(Option<ServerId>),
    Role(Option<RoleName>),
    Log(Terms<'a>),
}

/// The terms of a log.
#[derive(Clone, Copy)]
enum Terms<'a> {
    Of(&'a Node),
    Typed(&'a [Term]),
}

/// A look at a moment.
struct Look<'a, S> {
    scene: &'a S,
    memory: u64,
    /// The values of the variables: numbers, also of servers.
    values: [u64; VARIABLES_MAX],
}

pub(super) fn holds(condition: &Expr, scene: &impl Scene, memory: Memory) -> bool {
    Look { scene, memory: memory.0, values: [0; VARIABLES_MAX] }.truth(condition)
}

pub(super) fn remember(condition: &Expr, scene: &impl Scene, memory: Memory) -> Memory {
    let mut look = Look { scene, memory: memory.0, values: [0; VARIABLES_MAX] };
    look.note(condition);
    Memory(look.memory)
}

// What it remembers.
impl<S: Scene> Look<'_, S> {
    /// Sets the bits of everything that is so now. What stands inside comes first: what is outside may
    /// ask for it.
    fn note(&mut self, expr: &Expr) {
        expr.parts().into_iter().for_each(|part| self.note(part));
        match expr {
            Expr::Once(part, recall) => self.note_where(recall, &recall.axes, |look| look.truth(part)),
            Expr::Lost { index, of, recall } => {
                self.note_where(recall, &recall.axes, |look| look.stands(index, of));
            }
            _ => {}
        }
    }

    fn note_where(&mut self, recall: &Recall, axes: &[Variable], mut is_so: impl FnMut(&mut Self) -> bool) {
        self.each(axes, 0, false, &mut |look| {
            let bit = look.bit(recall);
            if look.memory & bit == 0 && is_so(look) {
                look.memory |= bit;
            }
            true
        });
    }

    /// The bit of something remembered, for the values that the variables have.
    fn bit(&self, recall: &Recall) -> u64 {
        let place = recall.axes.iter().fold(0, |place, axis| {
            let (from, size) = match axis.domain {
                Domain::Servers => (1, u64::from(MAX_SERVERS)),
                Domain::Numbers(from, to) => (from, to - from + 1),
            };
            place * size + (self.values[axis.slot] - from)
        });
        1 << (u64::from(recall.first) + place)
    }

    /// Gives the variables from that one on all their values in turn, as long as `look` says to go on.
    /// Whether it always did. Where they are to differ, no two of them are the same server.
    fn each(
        &mut self,
        variables: &[Variable],
        from: usize,
        differ: bool,
        look: &mut dyn FnMut(&mut Self) -> bool,
    ) -> bool {
        let Some(variable) = variables.get(from) else { return look(self) };
        let values = match variable.domain {
            Domain::Servers => 1..=u64::from(self.scene.servers().min(MAX_SERVERS)),
            Domain::Numbers(first, last) => first..=last,
        };
        for value in values {
            self.values[variable.slot] = value;
            let taken =
                |other: &Variable| other.domain == Domain::Servers && self.values[other.slot] == value;
            let is_taken =
                differ && variable.domain == Domain::Servers && variables[..from].iter().any(taken);
            if !is_taken && !self.each(variables, from + 1, differ, look) {
                return false;
            }
        }
        true
    }
}

// What it says.
impl<'a, S: Scene> Look<'a, S> {
    fn truth(&mut self, expr: &Expr) -> bool {
        matches!(self.value(expr), Value::Truth(true))
    }

    /// A term or an index. What is below 0 or too large is none that exists.
    fn number(&mut self, expr: &Expr) -> u64 {
        match self.value(expr) {
            Value::Number(number) => u64::try_from(number).unwrap_or(u64::MAX),
            _ => u64::MAX,
        }
    }

    fn server(&mut self, expr: &Expr) -> Option<ServerId> {
        match self.value(expr) {
            Value::Server(server) => server,
            _ => None,
        }
    }

    fn value<'v>(&mut self, expr: &'v Expr) -> Value<'v>
    where
        'a: 'v,
    {
        match expr {
            Expr::Number(number) => Value::Number(i128::from(*number)),
            Expr::Server(id) => Value::Server(Some(*id)),
            Expr::Nobody => Value::Server(None),
            Expr::Role(role) => Value::Role(Some(*role)),
            Expr::Log(terms) => Value::Log(Terms::Typed(terms)),
            Expr::Variable(variable) => match (variable.domain, self.values[variable.slot]) {
                (Domain::Servers, number) => Value::Server(u8::try_from(number).ok().and_then(ServerId::new)),
                (Domain::Numbers(..), number) => Value::Number(i128::from(number)),
            },
            Expr::Word(word, arguments) => self.word(*word, arguments),
            Expr::Count(variables, part) => {
                let mut count = 0;
                self.each(variables, 0, true, &mut |look| {
                    count += i128::from(look.truth(part));
                    true
                });
                Value::Number(count)
            }
            Expr::Sum(parts) => Value::Number(parts.iter().fold(0, |sum, (minus, part)| {
                let Value::Number(number) = self.value(part) else { return sum };
                if *minus { sum - number } else { sum + number }
            })),
            condition => Value::Truth(self.condition(condition)),
        }
    }

    fn condition(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Committed { index, of, within } => {
                let index = Index(self.number(index));
                let Some((term, in_term)) = self.scene.committed(index) else { return false };
                let mut is = |wanted: &Option<Box<Expr>>, term: Term| {
                    wanted.as_ref().is_none_or(|wanted| self.number(wanted) == term.0)
                };
                is(of, term) && is(within, in_term)
            }
            Expr::Lost { index, of, recall } => {
                self.memory & self.bit(recall) != 0 && !self.stands(index, of)
            }
            Expr::Violated(Some(property)) => self.scene.violated(*property),
            Expr::Violated(None) => Property::ALL.into_iter().any(|property| self.scene.violated(property)),
            Expr::Once(_, recall) => self.memory & self.bit(recall) != 0,
            Expr::Compare(relation, one, other) => self.compare(*relation, one, other),
            Expr::Not(part) => !self.truth(part),
            Expr::And(parts) => parts.iter().all(|part| self.truth(part)),
            Expr::Or(parts) => parts.iter().any(|part| self.truth(part)),
            Expr::Implies(premise, conclusion) => !self.truth(premise) || self.truth(conclusion),
            Expr::Any(variables, part) => !self.each(variables, 0, true, &mut |look| !look.truth(part)),
            Expr::All(variables, part) => self.each(variables, 0, true, &mut |look| look.truth(part)),
            // Everything else is no condition, and the parser has seen to that.
            _ => false,
        }
    }

    fn compare(&mut self, relation: Relation, one: &Expr, other: &Expr) -> bool {
        let equal = match (self.value(one), self.value(other)) {
            (Value::Number(one), Value::Number(other)) => return in_order(relation, one, other),
            (Value::Server(one), Value::Server(other)) => one == other,
            (Value::Role(one), Value::Role(other)) => one == other,
            (Value::Log(one), Value::Log(other)) => self.same_terms(one, other),
            _ => false,
        };
        equal == (relation == Relation::Equal)
    }

    fn word<'v>(&mut self, word: Word, arguments: &'v [Expr]) -> Value<'v>
    where
        'a: 'v,
    {
        let scene = self.scene;
        let number = |number: u64| Value::Number(i128::from(number));
        let [one, other] = [arguments.first(), arguments.get(1)];
        match word.arguments() {
            [] => {
                let leads = |id: &ServerId| role(scene, *id) == Some(RoleName::Leader);
                let servers = u32::from(scene.servers());
                return number(u64::from(match word {
                    Word::Servers => servers,
                    Word::Majority => quorum::majority_of(servers),
                    _ => ServerId::first(scene.servers()).filter(leads).count() as u32,
                }));
            }
            [Kind::Number] => {
                let given = one.map_or(u64::MAX, |one| self.number(one));
                let committed = || scene.committed(Index(given)).unwrap_or_default();
                return match word {
                    Word::LeaderOf => Value::Server(scene.leader_of(Term(given))),
                    Word::CommittedTerm => number(committed().0.0),
                    _ => number(committed().1.0),
                };
            }
            _ => {}
        }
        let id = one.and_then(|one| self.server(one));
        let Some((id, node)) = id.and_then(|id| Some((id, scene.node(id)?))) else { return nothing(word) };
        match word {
            Word::Up => Value::Truth(scene.up(id)),
            Word::CanWin => Value::Truth(can_win(scene, id)),
            Word::Role => Value::Role(role(scene, id)),
            Word::Term => number(node.term().0),
            Word::Vote => Value::Server(node.voted_for()),
            Word::Leader => Value::Server(node.leader().filter(|_| scene.up(id))),
            Word::Log => Value::Log(Terms::Of(node)),
            Word::Last => number(node.log().last_index().0),
            Word::LastTerm => number(node.log().last_term().0),
            Word::Snapshot => number(node.log().base_index().0),
            Word::Commit => number(node.commit().0),
            Word::Applied => number(node.applied().0),
            Word::TermAt => {
                let index = other.map_or(u64::MAX, |other| self.number(other));
                number(self.term_at(node, Index(index)).unwrap_or_default().0)
            }
            _ => match other.and_then(|other| self.server(other)) {
                Some(peer) => self.of_two(word, node, peer),
                None => nothing(word),
            },
        }
    }

    /// The words that take two servers.
    fn of_two<'v>(&self, word: Word, node: &Node, peer: ServerId) -> Value<'v> {
        let progress = node.progress(peer).filter(|_| self.scene.up(node.id())).unwrap_or_default();
        match word {
            Word::Voter => Value::Truth(node.configuration().all_voters().contains(peer)),
            Word::Next => Value::Number(progress.next.0.into()),
            Word::Match => Value::Number(progress.matched.0.into()),
            Word::Agree => self.scene.node(peer).map_or(nothing(word), |peer| {
                let ends = node.log().last_index().min(peer.log().last_index());
                let differ =
                    |index: &u64| self.term_at(node, Index(*index)) != self.term_at(peer, Index(*index));
                Value::Number((1..=ends.0).find(differ).map_or(ends.0, |index| index - 1).into())
            }),
            _ => nothing(word),
        }
    }

    /// The term of an entry. What a snapshot covers was committed, and so it is known.
    fn term_at(&self, node: &Node, index: Index) -> Option<Term> {
        let log = node.log();
        match log.term_at(index).filter(|_| index > Index(0)) {
            None if index < log.base_index() => self.scene.committed(index).map(|(term, _)| term),
            term => term,
        }
    }

    /// Whether the entry of that index and term is in any log, also of a server that is down.
    fn stands(&mut self, index: &Expr, of: &Expr) -> bool {
        let (index, term) = (Index(self.number(index)), Term(self.number(of)));
        let mut nodes = ServerId::first(self.scene.servers()).filter_map(|id| self.scene.node(id));
        nodes.any(|node| self.term_at(node, index) == Some(term))
    }

    fn same_terms(&self, one: Terms, other: Terms) -> bool {
        let length = |terms: Terms| match terms {
            Terms::Of(node) => node.log().last_index().0,
            Terms::Typed(terms) => terms.len() as u64,
        };
        let term = |terms: Terms, index: u64| match terms {
            Terms::Of(node) => self.term_at(node, Index(index)),
            Terms::Typed(terms) => terms.get(index as usize - 1).copied(),
        };
        length(one) == length(other) && (1..=length(one)).all(|index| term(one, index) == term(other, index))
    }
}

/// A server's role; one that is down has none.
fn role(scene: &impl Scene, id: ServerId) -> Option<RoleName> {
    scene.node(id).filter(|_| scene.up(id)).map(|node| node.role().name())
}

/// What a word says of a server that is not there.
fn nothing<'v>(word: Word) -> Value<'v> {
    match word.result() {
        Kind::Truth => Value::Truth(false),
        Kind::Number => Value::Number(0),
        Kind::Server => Value::Server(None),
        Kind::Role => Value::Role(None),
        Kind::Log => Value::Log(Terms::Typed(&[])),
    }
}

fn in_order(relation: Relation, one: i128, other: i128) -> bool {
    match relation {
        Relation::Equal => one == other,
        Relation::Unequal => one != other,
        Relation::Less => one < other,
        Relation::AtMost => one <= other,
        Relation::More => one > other,
        Relation::AtLeast => one >= other,
    }
}
