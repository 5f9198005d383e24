//! What a misspelled word was probably meant to be, and how much of a wrong text is repeated.

/// Nobody means a word of their own by something longer.
const WORD_MAX: usize = 30;

/// The name that differs least from a word, if any is near.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() > WORD_MAX {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let distances = names.map(|name| (distance(&word, &name.to_ascii_lowercase()), name));
    let (least, name) = distances.min_by_key(|(distance, _)| *distance)?;
    let bearable = (word.chars().count() / 3).clamp(1, 3);
    (least <= bearable).then_some(name)
}

/// How many letters have to be added, removed, replaced or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=other.len()).collect();
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[one.len()][other.len()]
}

/// The longest sentence about something wrong, in letters.
const SENTENCE_MAX: usize = 400;

/// A sentence that repeats what somebody wrote, without its middle where that is long: what is wrong
/// stands at the beginning, and the place at the end.
pub(crate) fn shortened(sentence: String) -> String {
    shortened_to(SENTENCE_MAX, sentence)
}

/// The same for a text that is part of a sentence, and no longer than that.
pub(crate) fn shortened_to(most: usize, text: String) -> String {
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let begin = text.chars().take(most / 2);
    let end = text.chars().skip(count - most / 2);
    begin.chain(['…']).chain(end).collect()
}

/// Why a text could not be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// In the parser's words.
    why: String,
    /// Whether the text ends too early. Else something in it is wrong.
    damaged: bool,
}

impl Unread {
    /// The text has no such thing, though it is whole.
    #[must_use]
    pub fn lacks(what: &str) -> Unread {
        Unread { why: what.into(), damaged: false }
    }

    /// The sentences to tell it with; `what` is what the text should have been.
    #[must_use]
    pub fn told(&self, what: &str) -> String {
        let Unread { why, damaged } = self;
        if *damaged {
            format!(
                "This is not a whole Wavetank {what} ({why}). It may have been cut off: copy or save it again."
            )
        } else {
            format!(
                "This is not a valid Wavetank {what} ({why}). Was it edited by hand, or written by another program?"
            )
        }
    }
}

impl From<&serde_json::Error> for Unread {
    fn from(why: &serde_json::Error) -> Unread {
        Unread { why: parsers_words(why), damaged: why.is_eof() }
    }
}

/// Why a parser could not read a text, without the names of our types, which tell nobody anything.
#[must_use]
pub(crate) fn parsers_words(why: &serde_json::Error) -> String {
    let why = why.to_string();
    let plain = match why.rsplit_once("expected struct ") {
        Some((found, expected)) => {
            let place = expected.find(" at line").map_or("", |at| &expected[at..]);
            format!("{found}expected an object with fields{place}")
        }
        None => why,
    };
    shortened(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_slip_in_it_is_recognised_and_a_strange_one_is_not() {
        let names = ["leader", "lastTerm", "commit"];
        let table = [
            ("leadre", Some("leader")),
            ("LASTTREM", Some("lastTerm")),
            ("comit", Some("commit")),
            ("apple", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, names.into_iter()), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), names.into_iter()), None);
    }

    #[test]
    fn a_long_sentence_keeps_its_beginning_and_its_end() {
        let long = format!("‘{}’ is wrong at line 1 column 2", "é".repeat(1000));
        let short = shortened(long);
        assert_eq!(short.chars().count(), SENTENCE_MAX + 1);
        assert!(short.starts_with("‘éé") && short.ends_with("éé’ is wrong at line 1 column 2"), "{short}");
        assert_eq!(shortened("as it is".into()), "as it is");
    }
}
