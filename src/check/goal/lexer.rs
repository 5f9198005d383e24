//! From letters to the pieces of a goal.

use super::{GOAL_MAX, GoalError};

/// A piece, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) column: usize,
    pub(super) piece: Piece,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Letters and digits, beginning with a letter.
    Word(String),
    /// Digits.
    Digits(String),
    /// Digits with dots: a log whose terms are above 9.
    Dotted(String),
    /// Something else, as it is written in the canonical form.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// All signs. Those of two letters come first; some are written in two ways.
const SIGNS: [(&str, &str); 18] = [
    ("..", ".."),
    ("<=", "<="),
    (">=", ">="),
    ("!=", "!="),
    ("<>", "!="),
    ("==", "="),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("+", "+"),
    ("-", "-"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    (":", ":"),
];

/// The pieces of a text, the end as the last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, GoalError> {
    if text.len() > GOAL_MAX {
        let what = format!("a goal of {} bytes is too long: {GOAL_MAX} are the most", text.len());
        return Err(GoalError { column: 1, what });
    }
    let mut tokens = Vec::new();
    let (mut rest, mut column) = (text, 1);
    loop {
        let trimmed = rest.trim_start();
        column += rest.chars().count() - trimmed.chars().count();
        let Some(first) = trimmed.chars().next() else { break };
        let (piece, bytes) = piece(trimmed, first).map_err(|what| GoalError { column, what })?;
        tokens.push(Token { column, piece });
        let (taken, after) = trimmed.split_at(bytes);
        column += taken.chars().count();
        rest = after;
    }
    tokens.push(Token { column, piece: Piece::End });
    Ok(tokens)
}

/// The piece at the beginning of a text, and its length in bytes.
fn piece(text: &str, first: char) -> Result<(Piece, usize), String> {
    if first.is_ascii_digit() {
        return Ok(digits(text));
    }
    if first.is_ascii_alphabetic() {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let length = text.find(|letter| !is_letter(letter)).unwrap_or(text.len());
        return Ok((Piece::Word(text[..length].into()), length));
    }
    match SIGNS.iter().find(|(sign, _)| text.starts_with(sign)) {
        Some((sign, meaning)) => Ok((Piece::Sign(meaning), sign.len())),
        None => Err(format!("‘{}’ has no meaning in a goal", first.escape_debug())),
    }
}

/// A number, or a log with dots in it. Two dots are those of a range.
fn digits(text: &str) -> (Piece, usize) {
    let mut length = 0;
    let mut dotted = false;
    loop {
        let rest = &text[length..];
        match rest.chars().next() {
            Some('0'..='9') => length += 1,
            Some('.') if !rest.starts_with("..") => (length, dotted) = (length + 1, true),
            _ => break,
        }
    }
    let digits = text[..length].into();
    (if dotted { Piece::Dotted(digits) } else { Piece::Digits(digits) }, length)
}
