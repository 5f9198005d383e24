//! From the pieces of a goal to the goal, or to a sentence that says where it is none and why.

use super::lexer::{Piece, Token, tokens};
use super::syntax::{Domain, Expr, Kind, Recall, Relation, Variable, property_name, role_name};
use super::words::{CONNECTING, ROLES, SPECIAL, Word};
use super::{Facts, GoalError, MEMORY_MAX};
use crate::check::Property;
use crate::raft::{MAX_SERVERS, RoleName, ServerId};
use crate::sim::notation;
use crate::spelling::nearest;

/// The most that can stand inside each other.
const DEPTH_MAX: u32 = 32;
/// The most variables at one place.
pub(super) const VARIABLES_MAX: usize = 8;
/// The most digits of a number.
const DIGITS_MAX: usize = 15;
/// The most that a look at one moment may cost: parts of the goal, times the values of their variables.
const COST_MAX: u64 = 100_000;

type Parsed = Result<Expr, GoalError>;

/// Reads a goal.
pub(super) fn parse(text: &str) -> Result<(Expr, Facts), GoalError> {
    let mut parser =
        Parser { tokens: tokens(text)?, at: 0, scope: Vec::new(), depth: 0, facts: Facts::default() };
    let condition = parser.condition()?;
    match parser.peek() {
        Piece::End => {}
        Piece::Sign(")") => return parser.fail("this ‘)’ closes nothing"),
        _ => {
            return parser.fail(format!(
                "{} is one too many here: connect conditions by ‘and’ or ‘or’",
                parser.shown()
            ));
        }
    }
    if cost(&condition) > COST_MAX {
        let what = "there are too many values to try: use fewer variables, shorter ranges, or several ‘any …:’ joined by ‘and’";
        return Err(GoalError { column: 1, what: what.into() });
    }
    Ok((condition, parser.facts))
}

/// How many parts have to be looked at, at most.
fn cost(expr: &Expr) -> u64 {
    let parts = expr.parts().into_iter().map(cost).fold(1_u64, u64::saturating_add);
    let times = match expr {
        Expr::Any(variables, _) | Expr::All(variables, _) | Expr::Count(variables, _) => values(variables),
        Expr::Once(_, recall) | Expr::Lost { recall, .. } => values(&recall.axes).saturating_add(1),
        _ => 1,
    };
    parts.saturating_mul(times)
}

/// How many values some variables can have together.
fn values(variables: &[Variable]) -> u64 {
    let each = variables.iter().map(|variable| match variable.domain {
        Domain::Servers => u64::from(MAX_SERVERS),
        Domain::Numbers(from, to) => to.saturating_sub(from).saturating_add(1),
    });
    each.fold(1, u64::saturating_mul)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// The variables that mean something here.
    scope: Vec<Variable>,
    depth: u32,
    facts: Facts,
}

// Pieces.
impl Parser {
    fn peek(&self) -> &Piece {
        &self.tokens[self.at].piece
    }

    fn column(&self) -> usize {
        self.tokens[self.at].column
    }

    /// Goes on to the next piece. The end stays the last.
    fn next(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Piece::Sign(here) if *here == sign);
        if is {
            self.next();
        }
        is
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Piece::Word(here) if here.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.next();
        }
        is
    }

    fn need_sign(&mut self, sign: &str, why: &str) -> Result<(), GoalError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            self.fail(format!("a ‘{sign}’ is missing here: {why}"))
        }
    }

    /// The piece here, as it is named in a sentence.
    fn shown(&self) -> String {
        match self.peek() {
            Piece::Word(text) | Piece::Digits(text) | Piece::Dotted(text) => {
                let cut: String = text.chars().take(30).collect();
                if cut.len() < text.len() { format!("‘{cut}…’") } else { format!("‘{cut}’") }
            }
            Piece::Sign(sign) => format!("‘{sign}’"),
            Piece::End => "the end".into(),
        }
    }

    fn fail<T>(&self, what: impl Into<String>) -> Result<T, GoalError> {
        Err(GoalError { column: self.column(), what: what.into() })
    }

    /// What stands one level deeper.
    fn deeper(&mut self, inside: impl FnOnce(&mut Parser) -> Parsed) -> Parsed {
        if self.depth >= DEPTH_MAX {
            return self.fail(format!("too much stands inside each other: {DEPTH_MAX} levels are the most"));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }
}

// Conditions, from the loosest to the tightest.
impl Parser {
    fn condition(&mut self) -> Parsed {
        self.of_kind(Kind::Truth, Parser::anything)
    }

    /// A condition, or something else in parentheses.
    fn anything(&mut self) -> Parsed {
        self.deeper(|parser| {
            let column = parser.column();
            let premise = parser.either()?;
            if !parser.take_word("implies") {
                return Ok(premise);
            }
            require(Kind::Truth, &premise, column)?;
            let conclusion = parser.condition()?;
            Ok(Expr::Implies(Box::new(premise), Box::new(conclusion)))
        })
    }

    fn either(&mut self) -> Parsed {
        self.joined("or", |parser| parser.joined("and", Parser::negated, Expr::And), Expr::Or)
    }

    fn joined(
        &mut self,
        by: &str,
        mut part: impl FnMut(&mut Parser) -> Parsed,
        whole: impl FnOnce(Vec<Expr>) -> Expr,
    ) -> Parsed {
        let column = self.column();
        let first = part(self)?;
        if !self.is_word(by) {
            return Ok(first);
        }
        require(Kind::Truth, &first, column)?;
        let mut parts = vec![first];
        while self.take_word(by) {
            parts.push(self.of_kind(Kind::Truth, &mut part)?);
        }
        Ok(whole(parts))
    }

    fn negated(&mut self) -> Parsed {
        if self.take_word("not") {
            let part = self.deeper(|parser| parser.of_kind(Kind::Truth, Parser::negated))?;
            return Ok(Expr::Not(Box::new(part)));
        }
        let quantifier = match self.peek() {
            Piece::Word(word) if word.eq_ignore_ascii_case("any") => Expr::Any,
            Piece::Word(word) if word.eq_ignore_ascii_case("all") => Expr::All,
            _ => return self.compared(),
        };
        self.next();
        let (variables, part) = self.quantified()?;
        Ok(quantifier(variables, Box::new(part)))
    }

    /// Variables, a colon, and what is said of them.
    fn quantified(&mut self) -> Result<(Vec<Variable>, Expr), GoalError> {
        let outer = self.scope.len();
        loop {
            let variable = self.new_variable()?;
            self.scope.push(variable);
            if !self.take_sign(",") {
                break;
            }
        }
        self.need_sign(":", "after the variables comes what is said of them, as in ‘any s: up(s)’")?;
        let part = self.condition()?;
        Ok((self.scope.split_off(outer), part))
    }

    fn new_variable(&mut self) -> Result<Variable, GoalError> {
        let Piece::Word(word) = self.peek() else {
            return self.fail(format!("a variable is missing before {}, as in ‘any s: up(s)’", self.shown()));
        };
        let name = word.to_ascii_lowercase();
        let reserved =
            || SPECIAL.iter().chain(&CONNECTING).chain(&ROLES).any(|word| word.eq_ignore_ascii_case(&name));
        if is_like_server(&name) || Word::of(&name).is_some() || reserved() {
            return self.fail(format!("{} has a meaning of its own: call the variable s", self.shown()));
        }
        if self.scope.iter().any(|known| known.name == name) {
            return self.fail(format!("there is a variable {} already: use another name", self.shown()));
        }
        if self.scope.len() >= VARIABLES_MAX {
            return self.fail(format!("{VARIABLES_MAX} variables at one place are the most"));
        }
        self.next();
        let domain = if self.take_word("in") { self.range()? } else { Domain::Servers };
        Ok(Variable { name, slot: self.scope.len(), domain })
    }

    fn range(&mut self) -> Result<Domain, GoalError> {
        let column = self.column();
        let from = self.plain_number()?;
        self.need_sign("..", "a range is written 1..3")?;
        let to = self.plain_number()?;
        if from > to {
            return Err(GoalError {
                column,
                what: format!("{from}..{to} is upside down: put the smaller first"),
            });
        }
        Ok(Domain::Numbers(from, to))
    }

    fn plain_number(&mut self) -> Result<u64, GoalError> {
        match self.peek() {
            Piece::Digits(digits) => {
                let number = self.number(digits)?;
                self.next();
                Ok(number)
            }
            _ => self.fail(format!("a number is missing before {}", self.shown())),
        }
    }

    fn number(&self, digits: &str) -> Result<u64, GoalError> {
        let number =
            Some(digits).filter(|digits| digits.len() <= DIGITS_MAX).and_then(|digits| digits.parse().ok());
        number.map_or_else(
            || self.fail(format!("{} is too large: {DIGITS_MAX} digits are the most", self.shown())),
            Ok,
        )
    }

    fn compared(&mut self) -> Parsed {
        let column = self.column();
        let left = self.sum()?;
        let Some(relation) = self.take_relation() else { return Ok(left) };
        let right_column = self.column();
        let right = self.sum()?;
        let left = if right.kind() == Kind::Log { self.as_log(left, column)? } else { left };
        let right = if left.kind() == Kind::Log { self.as_log(right, right_column)? } else { right };
        if left.kind() == Kind::Truth {
            let what = "a condition holds or not, and is not compared: connect it by ‘and’, ‘or’ or ‘not’";
            return Err(GoalError { column, what: what.into() });
        }
        require(left.kind(), &right, right_column)?;
        if relation.orders() && left.kind() != Kind::Number {
            let what = format!("only numbers have an order, and this is {}: use = or !=", left.kind());
            return Err(GoalError { column, what });
        }
        if self.take_relation().is_some() {
            self.at -= 1;
            return self.fail("only two things are compared at a time: write ‘1 < x and x < 3’");
        }
        Ok(Expr::Compare(relation, Box::new(left), Box::new(right)))
    }

    fn take_relation(&mut self) -> Option<Relation> {
        let Piece::Sign(sign) = *self.peek() else { return None };
        let (_, relation) = Relation::ALL.into_iter().find(|(known, _)| *known == sign)?;
        self.next();
        Some(relation)
    }

    /// Digits beside a log are its terms.
    fn as_log(&self, expr: Expr, column: usize) -> Parsed {
        match expr {
            Expr::Number(number) => {
                let terms = notation::read_terms(&number.to_string());
                let what = format!("{number} is no log: write the terms of its entries, as 1122, or ‘empty’");
                terms.map(Expr::Log).ok_or(GoalError { column, what })
            }
            other => Ok(other),
        }
    }

    fn sum(&mut self) -> Parsed {
        let column = self.column();
        let first = self.primary()?;
        let mut parts = vec![(false, first)];
        loop {
            let minus = match self.peek() {
                Piece::Sign("+") => false,
                Piece::Sign("-") => true,
                _ => break,
            };
            require(Kind::Number, &parts[0].1, column)?;
            self.next();
            parts.push((minus, self.of_kind(Kind::Number, Parser::primary)?));
        }
        if parts.len() > 1 {
            return Ok(Expr::Sum(parts));
        }
        parts.pop().map_or_else(|| self.fail("something is missing here"), |(_, only)| Ok(only))
    }

    /// Something of that kind.
    fn of_kind(&mut self, kind: Kind, parse: impl FnOnce(&mut Parser) -> Parsed) -> Parsed {
        let column = self.column();
        let expr = parse(self)?;
        require(kind, &expr, column)?;
        Ok(expr)
    }
}

/// Complains where something is not of that kind.
fn require(kind: Kind, expr: &Expr, column: usize) -> Result<(), GoalError> {
    if expr.kind() == kind {
        return Ok(());
    }
    let help = match (kind, expr.kind()) {
        (Kind::Truth, Kind::Number) => ": compare it, as in ‘term(S1) > 2’",
        (Kind::Truth, Kind::Role) => ": compare it, as in ‘role(S1) = leader’",
        (Kind::Truth, Kind::Server) => ": compare it, as in ‘vote(S2) = S1’",
        (Kind::Truth, Kind::Log) => ": compare it, as in ‘log(S1) = 1122’",
        (Kind::Server, Kind::Number) => ": write S1 for server 1",
        _ => "",
    };
    Err(GoalError { column, what: format!("{kind} belongs here, and this is {}{help}", expr.kind()) })
}

/// Whether a word looks like the name of a server: variables are called otherwise.
fn is_like_server(word: &str) -> bool {
    word.strip_prefix(['S', 's']).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

// The smallest parts.
impl Parser {
    fn primary(&mut self) -> Parsed {
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
