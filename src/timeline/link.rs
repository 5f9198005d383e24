//! A run as a link: all of it stands behind the `#` of the page's address, so no server ever sees it.
//!
//! `#w1.` and then, in the letters of base64url (RFC 4648 §5, without padding), the zlib stream (RFC 1950)
//! of the document's JSON. The number is the version of this packing; the stream ends with a checksum.
//! A link carries the branch that is shown and no other: whoever sends more sends a file.

use super::document::{Document, DocumentError};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use std::fmt;

/// The version of links that this version writes. It reads this one and all before it.
pub const LINK: u32 = 1;
/// The longest link, in characters from the `w` on. Chromium shows no address above 32,768 characters, and a
/// chat or a mail program that takes longer ones is hard to find; many stop much earlier, at 2,000 to 8,000.
pub const LINK_MAX: usize = 32_000;
/// The most bytes of JSON in a link. It bounds what a few packed bytes can unfold into.
pub const LINK_JSON_MAX: usize = 4 << 20;
/// The most digests in a link: they are chance, which can't be packed.
const LINK_MARKS_MAX: usize = 16;
/// How hard to pack, of 10.
const LEVEL: u8 = 9;

/// Why a run does not fit into a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// The link would have so many characters.
    Characters(usize),
    /// The run has so many bytes before they are packed.
    Bytes(usize),
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, most, what) = match self {
            TooLong::Characters(amount) => (amount, LINK_MAX, "the link would have {} characters"),
            TooLong::Bytes(amount) => (amount, LINK_JSON_MAX, "it has {} bytes before they are packed"),
        };
        let what = what.replace("{}", &amount.to_string());
        write!(
            f,
            "This run is too long for a link: {what}, and {most} are the most. Save it as a file instead."
        )
    }
}

impl std::error::Error for TooLong {}

/// Why a link can't be opened. Its text says what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It was made by a later version.
    Newer(u32),
    /// It has a version number that no version had.
    NoVersion,
    /// It has so many characters, more than [`LINK_MAX`].
    TooLong(usize),
    /// A character that no link has, and its place from 1.
    Foreign(char, usize),
    /// Its end is missing.
    CutOff,
    /// Something in it was changed.
    Damaged,
    /// It unfolds into more than [`LINK_JSON_MAX`] bytes.
    Bomb,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Newer(version) => write!(
                f,
                "The link is of version {version}, which is newer than this page's {LINK}. Reload the page for its \
                 latest version, or open the link where it was made."
            ),
            LinkError::NoVersion => {
                f.write_str("There was never a version 0 of links. Copy the link again, whole.")
            }
            LinkError::TooLong(count) => write!(
                f,
                "The link has {count} characters; {LINK_MAX} are the most. Was it pasted twice? Copy it again, or \
                 ask for the run as a file."
            ),
            LinkError::Foreign(character, place) => write!(
                f,
                "Character {place} of the link is ‘{}’, which stands in no link: it was changed on its way. Copy \
                 it again, whole.",
                character.escape_default()
            ),
            LinkError::CutOff => f.write_str(
                "The link was cut off: its end is missing. Copy it again, whole; if the program it came through \
                 shortens it, ask for the run as a file.",
            ),
            LinkError::Damaged => f.write_str(
                "The link was changed on its way: its checksum does not fit. Copy it again, whole, or ask for the \
                 run as a file.",
            ),
            LinkError::Bomb => write!(
                f,
                "The link unfolds into more than {LINK_JSON_MAX} bytes, which no link of a run does. Ask whoever \
                 sent it for the run as a file."
            ),
        }
    }
}

impl std::error::Error for LinkError {}

/// Whether a text looks like a link: `w`, a version, and maybe more, at its beginning or behind the first `#`
/// in it. What looks like one may still be broken.
#[must_use]
pub fn is_link(text: &str) -> bool {
    find(text).is_some()
}

/// The version's digits and what follows.
fn find(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let text = text.split_once('#').map_or(text, |(_, hash)| hash).strip_prefix('w')?;
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The document's JSON in a link; nothing where there is no link.
pub(super) fn unpack(text: &str) -> Option<Result<String, LinkError>> {
    find(text).map(|(version, rest)| unfold(version, rest))
}

fn unfold(version: &str, rest: &str) -> Result<String, LinkError> {
    match version.parse().unwrap_or(u32::MAX) {
        0 => return Err(LinkError::NoVersion),
        newer if newer > LINK => return Err(LinkError::Newer(newer)),
        _ => {}
    }
    let head = 1 + version.len();
    let count = head + rest.chars().count();
    if count > LINK_MAX {
        return Err(LinkError::TooLong(count));
    }
    let letters = match rest.strip_prefix('.') {
        Some(letters) => letters,
        None => {
            return Err(rest.chars().next().map_or(LinkError::CutOff, |c| LinkError::Foreign(c, head + 1)));
        }
    };
    // A bracket or a full stop that the text around the link has left on it.
    let letters = letters.trim_end_matches(|c| value(c).is_none());
    let bytes = decode(letters).map_err(|why| match why {
        LinkError::Foreign(character, place) => LinkError::Foreign(character, head + 1 + place),
        why => why,
    })?;
    let json = decompress_to_vec_zlib_with_limit(&bytes, LINK_JSON_MAX).map_err(|why| match why.status {
        TINFLStatus::HasMoreOutput => LinkError::Bomb,
        TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => LinkError::CutOff,
        _ => LinkError::Damaged,
    })?;
    String::from_utf8(json).map_err(|_| LinkError::Damaged)
}

/// The 64 letters of base64url.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Six bits of a letter.
fn value(letter: char) -> Option<u32> {
    let letter = u8::try_from(letter).ok()?;
    LETTERS.iter().position(|&one| one == letter).map(|value| value as u32)
}

/// Bytes in letters. Written out here: a library for it would cost the page five times as much.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, n| bits << 8 | usize::from(chunk.get(n).copied().unwrap_or(0)));
        let letters = (0..=chunk.len()).map(|n| char::from(LETTERS[bits >> (18 - 6 * n) & 63]));
        text.extend(letters);
    }
    text
}

/// What [`encode`] has written, and nothing else.
fn decode(text: &str) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for (place, character) in (1..).zip(text.chars()) {
        let letter = value(character).ok_or(LinkError::Foreign(character, place))?;
        bits = bits << 6 | letter;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // Bits are left that make no byte: letters are missing.
    if count == 6 || bits != 0 { Err(LinkError::CutOff) } else { Ok(bytes) }
}

impl Document {
    /// What of it goes into a link: the branch that is shown, as one that stands for itself, with some of its
    /// digests.
    #[must_use]
    pub fn for_link(&self) -> Document {
        let mut branches: Vec<_> = self.branch().cloned().into_iter().collect();
        for branch in &mut branches {
            (branch.parent, branch.fork) = (None, 0);
            let every = branch.marks.len().div_ceil(LINK_MARKS_MAX).max(1);
            // The last one stays, since it says whether all went the same way.
            branch.marks = branch.marks.iter().rev().step_by(every).rev().copied().collect();
        }
        Document { branches, current: 0, ..self.clone() }
    }

    /// What is packed into a link.
    ///
    /// # Errors
    /// When it is too much.
    pub fn link_json(&self) -> Result<String, TooLong> {
        let json = serde_json::to_string(&self.for_link()).expect("a document is plain data");
        if json.len() > LINK_JSON_MAX { Err(TooLong::Bytes(json.len())) } else { Ok(json) }
    }

    /// The link of the branch that is shown, from the `w` on: what stands behind the `#`. The page has the
    /// browser do the packing, which saves the code for it, and calls [`link_of`] itself.
    ///
    /// # Errors
    /// When it is too long.
    pub fn to_link(&self) -> Result<String, TooLong> {
        link_of(&compress_to_vec_zlib(self.link_json()?.as_bytes(), LEVEL))
    }

    /// Reads a link. Nothing where the text does not look like one.
    pub(super) fn from_link(text: &str) -> Option<Result<Document, DocumentError>> {
        let json = unpack(text)?.map_err(DocumentError::Link);
        Some(json.and_then(|json| Document::from_json(&json)))
    }
}

/// The link, from the `w` on, of a document's JSON that was packed as a zlib stream.
///
/// # Errors
/// When it is too long.
pub fn link_of(packed: &[u8]) -> Result<String, TooLong> {
    let link = format!("w{LINK}.{}", encode(packed));
    if link.len() > LINK_MAX { Err(TooLong::Characters(link.len())) } else { Ok(link) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_rfc_4648() {
        let table =
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")];
        for (text, letters) in table {
            assert_eq!(encode(text.as_bytes()), letters);
            assert_eq!(decode(letters).unwrap(), text.as_bytes());
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert!(encode(&[0xfb, 0xff, 0xbf]) == "-_-_");
    }

    #[test]
    fn letters_that_nothing_writes_are_not_read() {
        // Too few for a byte; bits that mean nothing; padding; another alphabet.
        for text in ["Z", "Zm9vY", "Zh", "Zm9"] {
            assert_eq!(decode(text), Err(LinkError::CutOff), "{text}");
        }
        for (text, character, place) in [("Zg==", '=', 3), ("+/", '+', 1), ("Zm 8", ' ', 3), ("Zmé", 'é', 3)]
        {
            assert_eq!(decode(text), Err(LinkError::Foreign(character, place)), "{text}");
        }
    }
}
