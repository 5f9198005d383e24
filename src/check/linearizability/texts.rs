//! What one key can hold, in numbers.
//!
//! A state only matters in so far as operations tell it from others. So of a value that is no beginning of
//! any text that was read, found or expected, nothing is kept: whatever is appended to it, no operation can
//! ever tell it from another such value. An increment can, since it takes a text for a number; so where a
//! key has increments, whatever may become a number by appending is kept as it is.
//!
//! Appending is then a step along texts that stand in the file anyway, and costs no memory: a thousand
//! appended words make a state of two numbers, not a text of a thousand words.

use std::collections::HashMap;
use std::rc::Rc;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum State {
    /// Nothing.
    Absent,
    /// A text that begins one that is looked for: so many bytes of the first such one.
    Begun { first: u32, bytes: u32 },
    /// Digits that begin no text that is looked for, where there are increments.
    Digits(u32),
    /// Anything else.
    Other,
}

/// The texts that operations on a key look for, and the states that they tell apart.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    /// In order, each once. Those with a common beginning stand together.
    looked_for: Vec<&'a [u8]>,
    /// If there are increments: digits that were met.
    digits: Option<Digits>,
}

#[derive(Debug, Default)]
struct Digits {
    numbers: HashMap<Rc<[u8]>, u32>,
    texts: Vec<Rc<[u8]>>,
    bytes: u64,
}

/// About how much the table takes for digits, besides themselves.
const DIGITS_BYTES: u64 = 96;

impl<'a> Texts<'a> {
    /// The texts of one key, in any order.
    pub(super) fn new(mut looked_for: Vec<&'a [u8]>, increments: bool) -> Texts<'a> {
        looked_for.sort_unstable();
        looked_for.dedup();
        Texts { looked_for, digits: increments.then(Digits::default) }
    }

    /// How much memory was taken since the beginning.
    pub(super) fn bytes(&self) -> u64 {
        self.digits.as_ref().map_or(0, |digits| digits.bytes)
    }

    /// The state of a key that holds this text.
    pub(super) fn of(&mut self, text: &[u8]) -> State {
        let first = self.looked_for.partition_point(|other| *other < text);
        match self.looked_for.get(first) {
            Some(other) if other.starts_with(text) => {
                State::Begun { first: first as u32, bytes: text.len() as u32 }
            }
            _ => self.of_digits(text),
        }
    }

    /// The state of a key that may hold nothing.
    pub(super) fn of_maybe(&mut self, text: Option<&str>) -> State {
        text.map_or(State::Absent, |text| self.of(text.as_bytes()))
    }

    fn of_digits(&mut self, text: &[u8]) -> State {
        let Some(digits) = self.digits.as_mut().filter(|_| may_become_a_number(text)) else {
            return State::Other;
        };
        if let Some(&number) = digits.numbers.get(text) {
            return State::Digits(number);
        }
        let number = digits.texts.len() as u32;
        let text: Rc<[u8]> = text.into();
        digits.bytes += DIGITS_BYTES + text.len() as u64;
        digits.texts.push(Rc::clone(&text));
        digits.numbers.insert(text, number);
        State::Digits(number)
    }

    /// What appending makes of a state.
    pub(super) fn append(&mut self, state: State, word: &[u8]) -> State {
        match state {
            State::Absent => self.of(word),
            State::Other => State::Other,
            State::Digits(number) => {
                let begun = self.text(State::Digits(number)).unwrap_or_default();
                let whole = [begun, word].concat();
                self.of_digits(&whole)
            }
            State::Begun { first, bytes } => self.append_to_begun(first as usize, bytes as usize, word),
        }
    }

    fn append_to_begun(&mut self, first: usize, bytes: usize, word: &[u8]) -> State {
        let begun = &self.looked_for[first][..bytes];
        let state = |first: usize| State::Begun { first: first as u32, bytes: (bytes + word.len()) as u32 };
        // Of those that begin alike the first one mostly goes on alike.
        if self.looked_for[first][bytes..].starts_with(word) {
            return state(first);
        }
        let before = |other: &&[u8]| match other.strip_prefix(begun) {
            Some(rest) => rest < word,
            None => false,
        };
        let next = first + self.looked_for[first..].partition_point(before);
        let other = self.looked_for.get(next).and_then(|other| other.strip_prefix(begun));
        if other.is_some_and(|rest| rest.starts_with(word)) {
            return state(next);
        }
        if self.digits.is_none() || !may_become_a_number(begun) {
            return State::Other;
        }
        let whole = [begun, word].concat();
        self.of_digits(&whole)
    }

    /// Whether this can become that by appending.
    pub(super) fn begins(&self, state: State, whole: State) -> bool {
        match (state, whole) {
            (State::Begun { bytes, .. }, State::Begun { bytes: all, .. }) if bytes > all => false,
            (State::Absent, _) => true,
            (State::Begun { .. }, State::Begun { .. }) => {
                let (text, whole) = (self.text(state), self.text(whole));
                text.zip(whole).is_some_and(|(text, whole)| whole.starts_with(text))
            }
            _ => state == whole,
        }
    }

    /// Whether this, with that word behind it, still begins the whole.
    pub(super) fn goes_on(&self, state: State, whole: State, word: &[u8]) -> bool {
        let (bytes, Some(text)) = (self.text(state).map_or(0, <[u8]>::len), self.text(whole)) else {
            return false;
        };
        text.get(bytes..).is_some_and(|rest| rest.starts_with(word)) && self.begins(state, whole)
    }

    /// The number that an increment takes a state for.
    pub(super) fn number(&self, state: State) -> i64 {
        let text = self.text(state).and_then(|text| std::str::from_utf8(text).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// What an increment makes of a state.
    pub(super) fn increment(&mut self, state: State) -> State {
        let next = self.number(state).wrapping_add(1).to_string();
        self.of(next.as_bytes())
    }

    fn text(&self, state: State) -> Option<&[u8]> {
        match state {
            State::Begun { first, bytes } => Some(&self.looked_for[first as usize][..bytes as usize]),
            State::Digits(number) => Some(&self.digits.as_ref()?.texts[number as usize]),
            State::Absent | State::Other => None,
        }
    }
}

/// A sign, if there is one, and then nothing but digits. What is appended to anything else makes no number.
fn may_become_a_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
    digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(increments: bool) -> Texts<'static> {
        let looked_for = ["ab", "abc", "abd", "12", "", "ab"];
        Texts::new(looked_for.iter().map(|text| text.as_bytes()).collect(), increments)
    }

    #[test]
    fn beginnings_of_what_is_looked_for_are_told_apart_and_nothing_else_is() {
        let mut texts = texts(false);
        let all = ["", "a", "ab", "abc", "abd", "1", "12"].map(|text| texts.of(text.as_bytes()));
        let different: std::collections::BTreeSet<State> = all.iter().copied().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
        assert!(all.iter().all(|state| matches!(state, State::Begun { .. })));
        for other in ["b", "abe", "abcd", "123", "7"] {
            assert_eq!(texts.of(other.as_bytes()), State::Other, "{other}");
        }
    }

    #[test]
    fn appending_comes_to_the_state_of_the_longer_text() {
        let all = ["", "a", "ab", "abc", "b", "c", "d", "1", "2", "12", "+", "-", "07", "x1", "120"];
        for increments in [false, true] {
            let mut texts = texts(increments);
            for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
                let state = texts.of(one.as_bytes());
                let expected = texts.of(format!("{one}{other}").as_bytes());
                assert_eq!(texts.append(state, other.as_bytes()), expected, "{one} {other} {increments}");
                assert_eq!(texts.append(State::Absent, other.as_bytes()), texts.of(other.as_bytes()));
            }
        }
    }

    #[test]
    fn where_there_are_increments_numbers_are_told_apart() {
        let mut texts = texts(true);
        for (text, number) in
            [("007", 7), ("+5", 5), ("-3", -3), ("+", 0), ("12", 12), ("x", 0), ("99999999999999999999", 0)]
        {
            let state = texts.of(text.as_bytes());
            assert_eq!(texts.number(state), number, "{text}");
            let next = (number + 1).to_string();
            assert_eq!(texts.increment(state), texts.of(next.as_bytes()), "{text}");
        }
        assert_ne!(texts.of(b"7"), texts.of(b"07"), "with a digit behind, both are other numbers");
        assert_eq!((texts.of(b"x"), texts.number(State::Absent)), (State::Other, 0));
    }

    #[test]
    fn what_can_become_a_text_by_appending_begins_it() {
        let mut texts = texts(false);
        let [abc, abd, ab, empty, other] =
            ["abc", "abd", "ab", "", "z"].map(|text| texts.of(text.as_bytes()));
        assert!(texts.begins(ab, abc) && texts.begins(empty, abd) && texts.begins(abc, abc));
        assert!(texts.begins(State::Absent, abc) && texts.begins(State::Absent, State::Absent));
        assert!(!texts.begins(abc, ab) && !texts.begins(abc, abd) && !texts.begins(other, abc));
        assert!(!texts.begins(empty, State::Absent));
    }
}
