//! The smallest parts of a goal, and what stands in their parentheses.

use super::lexer::{Piece, Token};
use super::parser::{Parsed, Parser, is_like_server, values};
use super::syntax::{Domain, Expr, Kind, Recall, Variable, property_name, role_name};
use super::words::{CONNECTING, ROLES, SPECIAL, Word};
use super::{GoalError, MEMORY_MAX};
use crate::check::Property;
use crate::raft::{MAX_SERVERS, RoleName, ServerId};
use crate::sim::notation;
use crate::spelling::nearest;

impl Parser {
    pub(super) fn primary(&mut self) -> Parsed {
        match self.peek().clone() {
            Piece::Digits(digits) => {
                let number = self.number(&digits)?;
                self.next();
                Ok(Expr::Number(number))
            }
            Piece::Dotted(digits) => match notation::read_terms(&digits) {
                Some(terms) => {
                    self.next();
                    Ok(Expr::Log(terms))
                }
                None => self.fail(format!("{} is no log such as 9.10.12", self.shown())),
            },
            Piece::Sign("(") => {
                self.next();
                let inside = self.anything()?;
                self.need_sign(")", "a ‘(’ was opened before")?;
                Ok(inside)
            }
            Piece::Word(word) => self.word(&word),
            Piece::End => self.fail("a condition is missing here, such as ‘leaders >= 2’"),
            Piece::Sign(_) => self.fail(format!("{} can't stand here", self.shown())),
        }
    }

    fn word(&mut self, word: &str) -> Parsed {
        let is_call = matches!(self.tokens.get(self.at + 1), Some(Token { piece: Piece::Sign("("), .. }));
        if is_like_server(word) {
            let unknown = |_: String| {
                self.fail(format!("{} is not a server: write S1 to S{MAX_SERVERS}", self.shown()))
            };
            let id: ServerId = word.parse().or_else(unknown)?;
            self.facts.highest = self.facts.highest.max(Some(id));
            self.next();
            return Ok(Expr::Server(id));
        }
        if let Some(variable) = self.scope.iter().find(|known| known.name.eq_ignore_ascii_case(word)) {
            let variable = variable.clone();
            self.next();
            return Ok(Expr::Variable(variable));
        }
        let lower = word.to_ascii_lowercase();
        let roles = [RoleName::Follower, RoleName::PreCandidate, RoleName::Candidate, RoleName::Leader];
        if let Some(role) =
            roles.into_iter().find(|&role| !is_call && role_name(role).eq_ignore_ascii_case(word))
        {
            self.next();
            return Ok(Expr::Role(role));
        }
        match lower.as_str() {
            "none" => self.alone(Expr::Nobody),
            "empty" => self.alone(Expr::Log(Vec::new())),
            "violated" if !is_call => self.alone(Expr::Violated(None)),
            "count" | "once" | "committed" | "lost" | "violated" => {
                self.next();
                self.need_sign("(", &format!("‘{word}’ takes something in parentheses"))?;
                let whole = self.special(&lower)?;
                self.need_sign(")", "a ‘(’ was opened before")?;
                Ok(whole)
            }
            _ => match Word::of(word) {
                Some(known) => self.call(known),
                None => self.unknown(word),
            },
        }
    }

    fn alone(&mut self, expr: Expr) -> Parsed {
        self.next();
        Ok(expr)
    }

    fn unknown(&self, word: &str) -> Parsed {
        let words = Word::ALL.iter().map(|word| word.name());
        let words = words.chain(ROLES).chain(SPECIAL).chain(CONNECTING);
        let words = words.chain(self.scope.iter().map(|variable| variable.name.as_str()));
        match nearest(word, words) {
            Some(near) => self.fail(format!("{} is unknown: did you mean ‘{near}’?", self.shown())),
            None if word.len() == 1 => self.fail(format!(
                "{} is unknown: write S1 to S{MAX_SERVERS}, or ‘any {word}: …’ before it",
                self.shown()
            )),
            None => self.fail(format!("{} is unknown", self.shown())),
        }
    }

    /// A word of the table, and what it takes.
    fn call(&mut self, word: Word) -> Parsed {
        self.next();
        let kinds = word.arguments();
        if kinds.is_empty() {
            return Ok(Expr::Word(word, Vec::new()));
        }
        let example = match kinds {
            [Kind::Server] => "(S1)",
            [Kind::Server, Kind::Server] => "(S1, S2)",
            [Kind::Server, _] => "(S1, 2)",
            _ => "(2)",
        };
        let example = format!("write {}{example}", word.name());
        self.need_sign("(", &example)?;
        let mut arguments = Vec::new();
        for (number, &kind) in kinds.iter().enumerate() {
            if number > 0 {
                self.need_sign(",", &example)?;
            }
            arguments.push(self.of_kind(kind, Parser::argument)?);
        }
        self.need_sign(")", &example)?;
        Ok(Expr::Word(word, arguments))
    }

    fn argument(&mut self) -> Parsed {
        self.deeper(Parser::sum)
    }

    /// What stands in the parentheses of a word with a grammar of its own.
    fn special(&mut self, word: &str) -> Parsed {
        match word {
            "count" => {
                let (variables, part) = self.quantified()?;
                Ok(Expr::Count(variables, Box::new(part)))
            }
            "once" => {
                let column = self.column();
                let part = self.condition()?;
                let recall = self.recall(&[&part], column)?;
                Ok(Expr::Once(Box::new(part), recall))
            }
            "committed" => {
                let index = Box::new(self.of_kind(Kind::Number, Parser::argument)?);
                let of = if self.take_word("of") { Some(Box::new(self.term()?)) } else { None };
                let within = if self.take_word("in") { Some(Box::new(self.term()?)) } else { None };
                Ok(Expr::Committed { index, of, within })
            }
            "lost" => {
                let column = self.column();
                let index = self.of_kind(Kind::Number, Parser::argument)?;
                if !self.take_word("of") {
                    return self.fail("an entry is named by its index and its term: write lost(2 of term 1)");
                }
                let of = self.term()?;
                let recall = self.recall(&[&index, &of], column)?;
                Ok(Expr::Lost { index: Box::new(index), of: Box::new(of), recall })
            }
            _ => self.property(),
        }
    }

    /// `term 3`, after `of` or `in`.
    fn term(&mut self) -> Parsed {
        if !self.take_word("term") {
            return self.fail("the word ‘term’ is missing here: write ‘2 of term 1’");
        }
        self.of_kind(Kind::Number, Parser::argument)
    }

    fn property(&mut self) -> Parsed {
        let names = || Property::ALL.into_iter().map(|property| (property_name(property), property));
        let Piece::Word(word) = self.peek() else {
            return self
                .fail(format!("a promise is missing before {}, such as ElectionSafety", self.shown()));
        };
        if let Some((_, property)) = names().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            self.next();
            return Ok(Expr::Violated(Some(property)));
        }
        let known: Vec<String> = names().map(|(name, _)| name).collect();
        match nearest(word, known.iter().map(String::as_str)) {
            Some(near) => self.fail(format!("{} is no promise: did you mean ‘{near}’?", self.shown())),
            None => self.fail(format!("{} is no promise: there are {}", self.shown(), known.join(", "))),
        }
    }

    /// Where something is remembered that says this: a bit for each value of the variables in it that
    /// are given from outside.
    fn recall(&mut self, parts: &[&Expr], column: usize) -> Result<Recall, GoalError> {
        let used = |variable: &&Variable| parts.iter().any(|part| uses(part, variable));
        let axes: Vec<Variable> = self.scope.iter().filter(used).cloned().collect();
        let bits = u64::from(self.facts.bits).saturating_add(values(&axes));
        if bits > u64::from(MEMORY_MAX) {
            let what = format!(
                "{bits} facts would have to be remembered, and {MEMORY_MAX} are the most: use shorter ranges or fewer variables in it"
            );
            return Err(GoalError { column, what });
        }
        let recall = Recall { first: self.facts.bits, axes };
        self.facts.bits = bits as u32;
        self.facts.remembers_servers |= recall.axes.iter().any(|axis| axis.domain == Domain::Servers);
        Ok(recall)
    }
}

/// Whether a variable is used somewhere in it.
fn uses(expr: &Expr, variable: &Variable) -> bool {
    matches!(expr, Expr::Variable(used) if used.slot == variable.slot)
        || expr.parts().into_iter().any(|part| uses(part, variable))
}
