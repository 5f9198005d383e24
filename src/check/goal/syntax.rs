//! What a goal is made of, and how it is written.

use super::words::{ROLES, Word};
use crate::check::Property;
use crate::raft::{RoleName, ServerId, Term};
use crate::sim::notation;
use std::fmt;

/// What something in a goal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It holds or not.
    Truth,
    /// A term, an index or a count.
    Number,
    /// A server, or none.
    Server,
    /// A role; a server that is down has none.
    Role,
    /// The terms of a log.
    Log,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Truth => "a condition",
            Kind::Number => "a number",
            Kind::Server => "a server",
            Kind::Role => "a role",
            Kind::Log => "a log",
        })
    }
}

/// How two things are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Relation {
    pub(super) const ALL: [(&str, Relation); 6] = [
        ("=", Relation::Equal),
        ("!=", Relation::Unequal),
        ("<", Relation::Less),
        ("<=", Relation::AtMost),
        (">", Relation::More),
        (">=", Relation::AtLeast),
    ];

    /// Whether it asks for an order, which only numbers have.
    pub(super) fn orders(self) -> bool {
        !matches!(self, Relation::Equal | Relation::Unequal)
    }
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// Any server of the cluster.
    Servers,
    /// Any number from the first to the second.
    Numbers(u64, u64),
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Where its value stands.
    pub(super) slot: usize,
    pub(super) domain: Domain,
}

/// Where something is remembered: from which bit on, and the variables whose values each have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recall {
    pub(super) first: u32,
    pub(super) axes: Vec<Variable>,
}

/// A part of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    Number(u64),
    Server(ServerId),
    Nobody,
    Role(RoleName),
    Log(Vec<Term>),
    Variable(Variable),
    Word(Word, Vec<Expr>),
    /// Something was committed at an index; the entry of a term, in a term.
    Committed {
        index: Box<Expr>,
        of: Option<Box<Expr>>,
        within: Option<Box<Expr>>,
    },
    /// The entry of that index and term stood in a log, and stands in none.
    Lost {
        index: Box<Expr>,
        of: Box<Expr>,
        recall: Recall,
    },
    Violated(Option<Property>),
    Once(Box<Expr>, Recall),
    Count(Vec<Variable>, Box<Expr>),
    /// Each with whether it is taken away.
    Sum(Vec<(bool, Expr)>),
    Compare(Relation, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Implies(Box<Expr>, Box<Expr>),
    Any(Vec<Variable>, Box<Expr>),
    All(Vec<Variable>, Box<Expr>),
}

impl Expr {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Expr::Number(_) | Expr::Count(..) | Expr::Sum(_) => Kind::Number,
            Expr::Server(_) | Expr::Nobody => Kind::Server,
            Expr::Role(_) => Kind::Role,
            Expr::Log(_) => Kind::Log,
            Expr::Variable(Variable { domain: Domain::Servers, .. }) => Kind::Server,
            Expr::Variable(Variable { domain: Domain::Numbers(..), .. }) => Kind::Number,
            Expr::Word(word, _) => word.result(),
            _ => Kind::Truth,
        }
    }

    /// What it is made of.
    pub(super) fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Number(_)
            | Expr::Server(_)
            | Expr::Nobody
            | Expr::Role(_)
            | Expr::Log(_)
            | Expr::Variable(_)
            | Expr::Violated(_) => Vec::new(),
            Expr::Word(_, parts) | Expr::And(parts) | Expr::Or(parts) => parts.iter().collect(),
            Expr::Sum(parts) => parts.iter().map(|(_, part)| part).collect(),
            Expr::Committed { index, of, within } => {
                [Some(index), of.as_ref(), within.as_ref()].into_iter().flatten().map(AsRef::as_ref).collect()
            }
            Expr::Lost { index: one, of: other, .. }
            | Expr::Compare(_, one, other)
            | Expr::Implies(one, other) => vec![one, other],
            Expr::Not(part)
            | Expr::Once(part, _)
            | Expr::Count(_, part)
            | Expr::Any(_, part)
            | Expr::All(_, part) => vec![part],
        }
    }

    /// See [`super::Goal::names_old_terms`].
    pub(super) fn names_old_terms(&self) -> bool {
        let names = matches!(
            self,
            Expr::Word(Word::LeaderOf | Word::CommittedIn, _) | Expr::Committed { within: Some(_), .. }
        );
        names || self.parts().into_iter().any(Expr::names_old_terms)
    }

    /// See [`super::Goal::fits_search`].
    pub(super) fn beyond_search(&self) -> Option<String> {
        let beyond = match self {
            Expr::Word(Word::Leader, _) => Some(
                "a search keeps no account of whom a server follows, so ‘leader(…)’ can't be asked".into(),
            ),
            Expr::Violated(Some(property)) if !Property::FIGURE_3.contains(property) => Some(format!(
                "a search looks for the promises of Figure 3 alone, and {property} is none of them"
            )),
            _ => None,
        };
        beyond.or_else(|| self.parts().into_iter().find_map(Expr::beyond_search))
    }

    /// Whether it needs parentheses as an operand of `and`, `or` and `not`.
    fn is_loose(&self) -> bool {
        matches!(self, Expr::And(_) | Expr::Or(_) | Expr::Implies(..) | Expr::Any(..) | Expr::All(..))
    }
}

/// Writes it in parentheses, if it needs them.
struct Closed<'a>(&'a Expr, bool);

impl fmt::Display for Closed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Number(number) => number.fmt(f),
            Expr::Server(id) => id.fmt(f),
            Expr::Nobody => f.write_str("none"),
            Expr::Role(role) => f.write_str(role_name(*role)),
            Expr::Log(terms) if terms.is_empty() => f.write_str("empty"),
            Expr::Log(terms) => f.write_str(&notation::write_terms(terms)),
            Expr::Variable(variable) => f.write_str(&variable.name),
            Expr::Word(word, arguments) => {
                f.write_str(word.name())?;
                if arguments.is_empty() {
                    return Ok(());
                }
                let arguments: Vec<String> = arguments.iter().map(Expr::to_string).collect();
                write!(f, "({})", arguments.join(", "))
            }
            Expr::Committed { index, of, within } => {
                write!(f, "committed({index}")?;
                of.iter().try_for_each(|term| write!(f, " of term {term}"))?;
                within.iter().try_for_each(|term| write!(f, " in term {term}"))?;
                f.write_str(")")
            }
            Expr::Lost { index, of, .. } => write!(f, "lost({index} of term {of})"),
            Expr::Violated(None) => f.write_str("violated"),
            Expr::Violated(Some(property)) => write!(f, "violated({})", property_name(*property)),
            Expr::Once(part, _) => write!(f, "once({part})"),
            Expr::Count(variables, part) => write!(f, "count({}: {part})", Variables(variables)),
            Expr::Sum(parts) => {
                for (number, (minus, part)) in parts.iter().enumerate() {
                    match (number, minus) {
                        (0, _) => {}
                        (_, true) => f.write_str(" - ")?,
                        (_, false) => f.write_str(" + ")?,
                    }
                    write!(f, "{}", Closed(part, matches!(part, Expr::Sum(_))))?;
                }
                Ok(())
            }
            Expr::Compare(relation, one, other) => {
                let sign =
                    Relation::ALL.iter().find(|(_, known)| known == relation).map_or("", |(sign, _)| sign);
                write!(f, "{one} {sign} {other}")
            }
            Expr::Not(part) => {
                write!(f, "not {}", Closed(part, part.is_loose() || matches!(**part, Expr::Compare(..))))
            }
            Expr::And(parts) => join(f, parts, "and"),
            Expr::Or(parts) => join(f, parts, "or"),
            Expr::Implies(one, other) => write!(f, "{} implies {other}", Closed(one, one.is_loose())),
            Expr::Any(variables, part) => write!(f, "any {}: {part}", Variables(variables)),
            Expr::All(variables, part) => write!(f, "all {}: {part}", Variables(variables)),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], by: &str) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            write!(f, " {by} ")?;
        }
        write!(f, "{}", Closed(part, part.is_loose()))?;
    }
    Ok(())
}

struct Variables<'a>(&'a [Variable]);

impl fmt::Display for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Variable { name, domain, .. }) in self.0.iter().enumerate() {
            write!(f, "{}{name}", if number == 0 { "" } else { ", " })?;
            if let Domain::Numbers(from, to) = domain {
                write!(f, " in {from}..{to}")?;
            }
        }
        Ok(())
    }
}

pub(super) fn role_name(role: RoleName) -> &'static str {
    let [follower, pre_candidate, candidate, leader] = ROLES;
    match role {
        RoleName::Follower => follower,
        RoleName::PreCandidate => pre_candidate,
        RoleName::Candidate => candidate,
        RoleName::Leader => leader,
    }
}

/// A property's name in one word: `LeaderAppendOnly`.
pub(super) fn property_name(property: Property) -> String {
    property.name().chars().filter(char::is_ascii_alphanumeric).collect()
}
