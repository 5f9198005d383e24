//! From the pieces of a goal to the goal, or to a sentence that says where it is none and why.

use super::lexer::{Piece, Token, tokens};
use super::syntax::{Domain, Expr, Kind, Relation, Variable};
use super::words::{CONNECTING, ROLES, SPECIAL, Word};
use super::{Facts, GoalError};
use crate::raft::MAX_SERVERS;
use crate::sim::notation;

/// The most that can stand inside each other.
const DEPTH_MAX: u32 = 32;
/// The most variables at one place.
pub(super) const VARIABLES_MAX: usize = 8;
/// The most digits of a number.
const DIGITS_MAX: usize = 15;
/// The most that a look at one moment may cost: parts of the goal, times the values of their variables.
const COST_MAX: u64 = 100_000;

pub(super) type Parsed = Result<Expr, GoalError>;

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
pub(super) fn values(variables: &[Variable]) -> u64 {
    let each = variables.iter().map(|variable| match variable.domain {
        Domain::Servers => u64::from(MAX_SERVERS),
        Domain::Numbers(from, to) => to.saturating_sub(from).saturating_add(1),
    });
    each.fold(1, u64::saturating_mul)
}

/// A goal that is being read.
pub(super) struct Parser {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    /// The variables that mean something here.
    pub(super) scope: Vec<Variable>,
    depth: u32,
    pub(super) facts: Facts,
}

// Pieces.
impl Parser {
    pub(super) fn peek(&self) -> &Piece {
        &self.tokens[self.at].piece
    }

    pub(super) fn column(&self) -> usize {
        self.tokens[self.at].column
    }

    /// Goes on to the next piece. The end stays the last.
    pub(super) fn next(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Piece::Sign(here) if *here == sign);
        if is {
            self.next();
        }
        is
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Piece::Word(here) if here.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.next();
        }
        is
    }

    pub(super) fn need_sign(&mut self, sign: &str, why: &str) -> Result<(), GoalError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            self.fail(format!("a ‘{sign}’ is missing here: {why}"))
        }
    }

    /// The piece here, as it is named in a sentence.
    pub(super) fn shown(&self) -> String {
        match self.peek() {
            Piece::Word(text) | Piece::Digits(text) | Piece::Dotted(text) => {
                let cut: String = text.chars().take(30).collect();
                if cut.len() < text.len() { format!("‘{cut}…’") } else { format!("‘{cut}’") }
            }
            Piece::Sign(sign) => format!("‘{sign}’"),
            Piece::End => "the end".into(),
        }
    }

    pub(super) fn fail<T>(&self, what: impl Into<String>) -> Result<T, GoalError> {
        Err(GoalError { column: self.column(), what: what.into() })
    }

    /// What stands one level deeper.
    pub(super) fn deeper(&mut self, inside: impl FnOnce(&mut Parser) -> Parsed) -> Parsed {
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
    pub(super) fn condition(&mut self) -> Parsed {
        self.of_kind(Kind::Truth, Parser::anything)
    }

    /// A condition, or something else in parentheses.
    pub(super) fn anything(&mut self) -> Parsed {
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
    pub(super) fn quantified(&mut self) -> Result<(Vec<Variable>, Expr), GoalError> {
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

    pub(super) fn number(&self, digits: &str) -> Result<u64, GoalError> {
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

    pub(super) fn sum(&mut self) -> Parsed {
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
    pub(super) fn of_kind(&mut self, kind: Kind, parse: impl FnOnce(&mut Parser) -> Parsed) -> Parsed {
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
pub(super) fn is_like_server(word: &str) -> bool {
    word.strip_prefix(['S', 's']).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}
