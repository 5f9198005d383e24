//! A document: a run with all its branches, as data. One type for what is kept in the browser, saved as a
//! file and sent as a link.

use super::EVENTS_MAX;
use super::link::LinkError;
use super::lists::{Listed, bounded};
use super::recording::{ACTIONS_MAX, Recording, RecordingError, TEXT_MAX, Version};
use crate::recognise::{Kind, recognise};
use crate::sim::Digest;
use crate::spelling::Unread;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The version of documents that this version writes. It reads this one and all before it.
pub const DOCUMENT: u32 = 1;
/// The most branches in a document: more than a person tells apart.
pub const BRANCHES_MAX: usize = 64;
/// The most actions in all branches of a document together. A branch repeats those before its fork.
pub const DOCUMENT_ACTIONS_MAX: usize = 2 * ACTIONS_MAX;
/// The longest name of a run or a branch, in characters.
pub const NAME_MAX: usize = 120;
/// The longest caption, in characters.
pub const CAPTION_MAX: usize = 2000;
/// The most captions of a branch.
pub const CAPTIONS_MAX: usize = 1000;
/// The most digests of a branch.
pub const MARKS_MAX: usize = 1000;

/// A run with all its branches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// The version, [`DOCUMENT`]. By this field a document is told from a plain recording.
    pub wavetank: u32,
    /// What the person calls it; may be empty.
    #[serde(default)]
    pub name: String,
    /// The branches, at least one.
    #[serde(deserialize_with = "bounded")]
    pub branches: Vec<BranchData>,
    /// Which branch is shown: its place in `branches`, from 0.
    #[serde(default)]
    pub current: u32,
    /// What is shown of it at first.
    #[serde(default)]
    pub open: Opening,
}

/// One branch: a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BranchData {
    /// What the person calls it; may be empty.
    #[serde(default)]
    pub name: String,
    /// The branch that it left: its place in the document. Without one it stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// After how many events it left its parent. Until then both are the same.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fork: u64,
    /// The run, from its start.
    pub recording: Recording,
    /// What its digest was, here and there and at the end: a replay that comes to something else says
    /// from where on. In order of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "bounded")]
    pub marks: Vec<DigestMark>,
    /// What is told meanwhile. In order of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "bounded")]
    pub captions: Vec<Caption>,
}

/// The digest at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DigestMark {
    /// After so many events.
    pub events: u64,
    /// The digest then; 16 hexadecimal digits as text, since 64 bits do not survive a JavaScript number.
    #[serde(serialize_with = "write_digest", deserialize_with = "read_digest")]
    pub digest: Digest,
}

/// A sentence about a stretch of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Caption {
    /// Up to so many events; it begins where the one before ends.
    pub until: u64,
    /// What is told. Plain text.
    pub text: String,
}

/// What is shown of a run when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opening {
    /// After how many events; without a number, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Whether time goes by, or stands still.
    #[serde(default)]
    pub playing: bool,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn write_digest<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

fn read_digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits
        .then(|| u64::from_str_radix(&text, 16).ok())
        .flatten()
        .map(Digest)
        .ok_or_else(|| serde::de::Error::custom("a digest is 16 hexadecimal digits"))
}

impl Listed for BranchData {
    fn too_many(list: &[BranchData]) -> Option<String> {
        let actions: usize = list.iter().map(|branch| branch.recording.actions.len()).sum();
        if list.len() > BRANCHES_MAX {
            Some(format!("more than {BRANCHES_MAX} branches"))
        } else {
            (actions > DOCUMENT_ACTIONS_MAX)
                .then(|| format!("more than {DOCUMENT_ACTIONS_MAX} actions in all branches together"))
        }
    }
}

impl Listed for DigestMark {
    fn too_many(list: &[DigestMark]) -> Option<String> {
        (list.len() > MARKS_MAX).then(|| format!("more than {MARKS_MAX} digests"))
    }
}

impl Listed for Caption {
    fn too_many(list: &[Caption]) -> Option<String> {
        (list.len() > CAPTIONS_MAX).then(|| format!("more than {CAPTIONS_MAX} captions"))
    }
}

/// Why a text is no run that can be opened. Its text says what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It is longer than [`TEXT_MAX`] bytes.
    TooLong(usize),
    /// It is neither a document nor a recording, and nobody can tell more; what it is instead.
    NotOurs(Kind),
    /// It is something else that is known.
    Other(Kind),
    /// It is no JSON, or something in it is not as it should be; with the parser's own words.
    Unreadable(Unread),
    /// It was written by a later version.
    Newer(u32),
    /// It has a version number that no version had.
    NoVersion(u32),
    /// The recording can't be used.
    Recording(RecordingError),
    /// The recording of one branch can't be used; which branch, from 1.
    Branch(usize, RecordingError),
    /// Something does not fit together; the sentence says what.
    Inconsistent(String),
    /// The link can't be opened.
    Link(LinkError),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentError::TooLong(bytes) => {
                write!(
                    f,
                    "The file has {bytes} bytes; {TEXT_MAX} are the most for a run. Is it the right file?"
                )
            }
            DocumentError::NotOurs(kind) => write!(
                f,
                "This is no Wavetank run but {kind}. A file of one begins with {{ and has a field wavetank or format, \
                 and a link to one has #w1. in it. Is it the right one?"
            ),
            DocumentError::Other(kind) => {
                write!(f, "This is {kind}, and no run can be done again from it. {}", kind.instead_of_a_run())
            }
            DocumentError::Unreadable(why) => f.write_str(&why.told("run")),
            DocumentError::Newer(version) => write!(
                f,
                "This run was saved in version {version}, which is newer than this page's {DOCUMENT}. Reload the \
                 page for its latest version, or open the run where it was made."
            ),
            DocumentError::NoVersion(version) => {
                write!(f, "There was never a version {version} of saved runs. Was the file edited by hand?")
            }
            DocumentError::Recording(why) => why.fmt(f),
            DocumentError::Link(why) => why.fmt(f),
            DocumentError::Branch(number, why) => write!(f, "Branch {number} of this run: {why}"),
            DocumentError::Inconsistent(why) => {
                write!(f, "In this run {why}. Was the file edited by hand?")
            }
        }
    }
}

impl std::error::Error for DocumentError {}

impl Document {
    /// A document of one run, which opens at its end, paused.
    #[must_use]
    pub fn of(recording: Recording) -> Document {
        let branch = BranchData::of(recording);
        Document {
            wavetank: DOCUMENT,
            name: String::new(),
            branches: vec![branch],
            current: 0,
            open: Opening::default(),
        }
    }

    /// The branch that is shown. Of a document that passes [`Document::check`] there always is one.
    #[must_use]
    pub fn branch(&self) -> Option<&BranchData> {
        self.branches.get(usize::try_from(self.current).ok()?)
    }

    /// The document with another branch, which leaves the one that is shown after so many events, has this
    /// recording up to now, and is shown from now on. Without it, where there are as many as there can be.
    #[must_use]
    pub fn forked(mut self, recording: Recording, events: u64) -> Document {
        if self.branches.len() < BRANCHES_MAX {
            let branch = BranchData { parent: Some(self.current), fork: events, ..BranchData::of(recording) };
            self.current = self.branches.len() as u32;
            self.branches.push(branch);
            self.open = Opening::default();
        }
        self
    }

    /// Reads a document, a plain recording, or a link to a run.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn from_text(text: &str) -> Result<Document, DocumentError> {
        if text.len() > TEXT_MAX {
            return Err(DocumentError::TooLong(text.len()));
        }
        // Some editors put a mark before the text.
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') {
            return Document::from_json(text);
        }
        Document::from_link(text).unwrap_or_else(|| Err(not_ours(text)))
    }

    pub(super) fn from_json(text: &str) -> Result<Document, DocumentError> {
        #[derive(Deserialize)]
        struct Version {
            wavetank: Option<u32>,
            format: Option<u32>,
        }

        // The version first: what else stands in a newer one, this version need not understand.
        let version: Version = serde_json::from_str(text).map_err(|why| match not_ours(text) {
            DocumentError::NotOurs(_) => unreadable(why),
            other => other,
        })?;
        match (version.wavetank, version.format) {
            (Some(0), _) => Err(DocumentError::NoVersion(0)),
            (Some(newer), _) if newer > DOCUMENT => Err(DocumentError::Newer(newer)),
            (Some(_), _) => {
                let document: Document = serde_json::from_str(text)
                    .map_err(|why| newer_branch(text).unwrap_or(unreadable(why)))?;
                document.check()?;
                Ok(document)
            }
            (None, Some(_)) => Recording::from_json(text).map(Document::of).map_err(DocumentError::Recording),
            (None, None) => Err(not_ours(text)),
        }
    }

    /// The document as readable JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a document is plain data")
    }

    /// Whether it can be opened: its branches make runs, and its parts fit together.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn check(&self) -> Result<(), DocumentError> {
        match self.wavetank {
            0 => return Err(DocumentError::NoVersion(0)),
            newer if newer > DOCUMENT => return Err(DocumentError::Newer(newer)),
            _ => {}
        }
        self.check_shape().map_err(DocumentError::Inconsistent)?;
        for (number, branch) in (1..).zip(&self.branches) {
            branch
                .check_texts()
                .map_err(|why| DocumentError::Inconsistent(format!("branch {number} has {why}")))?;
            branch.recording.check().map_err(|why| DocumentError::Branch(number, why))?;
        }
        Ok(())
    }

    /// Whether the branches are a forest, and no part is too large.
    fn check_shape(&self) -> Result<(), String> {
        let count = self.branches.len();
        if count == 0 {
            return Err("there is no branch".into());
        }
        if let Some(why) = Listed::too_many(&self.branches) {
            return Err(format!("there are {why}"));
        }
        if self.branch().is_none() {
            return Err(format!(
                "branch {} is to be shown, counted from 0, and there are {count}",
                self.current
            ));
        }
        within("the name", &self.name, NAME_MAX)?;
        if self.open.events.is_some_and(|events| events > EVENTS_MAX) {
            return Err(format!(
                "the moment to open at lies beyond the {EVENTS_MAX} events that a run can have"
            ));
        }
        (0..count).try_for_each(|branch| self.check_parents(branch))
    }

    /// Whether one comes to an end on the way from a branch to its parent, and to its parent.
    fn check_parents(&self, branch: usize) -> Result<(), String> {
        let mut here = branch;
        for _ in 0..self.branches.len() {
            let Some(parent) = self.branches[here].parent else { return Ok(()) };
            here = usize::try_from(parent).ok().filter(|&parent| parent < self.branches.len()).ok_or_else(
                || {
                    format!(
                        "branch {} comes from branch {parent}, counted from 0, which is not there",
                        here + 1
                    )
                },
            )?;
        }
        Err(format!("branch {} comes from itself", branch + 1))
    }
}

impl BranchData {
    /// A branch that stands for itself.
    fn of(recording: Recording) -> BranchData {
        let name = String::new();
        BranchData { name, parent: None, fork: 0, recording, marks: Vec::new(), captions: Vec::new() }
    }

    /// Whether its texts are short enough, and its lists in order.
    fn check_texts(&self) -> Result<(), String> {
        within("a name", &self.name, NAME_MAX)?;
        if self.fork > EVENTS_MAX {
            return Err(format!("a fork beyond the {EVENTS_MAX} events that a run can have"));
        }
        if let Some(why) = Listed::too_many(&self.marks).or_else(|| Listed::too_many(&self.captions)) {
            return Err(why);
        }
        if !self.marks.is_sorted_by(|one, next| one.events < next.events) {
            return Err("digests that are not in the order of their events".into());
        }
        if !self.captions.is_sorted_by_key(|caption| caption.until) {
            return Err("captions that are not in the order of their events".into());
        }
        self.captions.iter().try_for_each(|caption| within("a caption", &caption.text, CAPTION_MAX))
    }
}

/// Whether a text has at most so many characters.
fn within(what: &str, text: &str, most: usize) -> Result<(), String> {
    let count = text.chars().count();
    if count > most { Err(format!("{what} of {count} characters; {most} are the most")) } else { Ok(()) }
}

fn unreadable(why: serde_json::Error) -> DocumentError {
    DocumentError::Unreadable(Unread::from(&why))
}

/// Why a text that is neither a document nor a recording can't be opened.
fn not_ours(text: &str) -> DocumentError {
    match recognise(text) {
        kind @ (Kind::Empty | Kind::Run | Kind::Json | Kind::Binary | Kind::Text) => {
            DocumentError::NotOurs(kind)
        }
        kind => DocumentError::Other(kind),
    }
}

/// What can't be read may be the work of another version, which its recordings tell.
fn newer_branch(text: &str) -> Option<DocumentError> {
    #[derive(Deserialize)]
    struct Branches {
        branches: Vec<Branch>,
    }
    #[derive(Deserialize)]
    struct Branch {
        recording: Version,
    }
    let Branches { branches } = serde_json::from_str(text).ok()?;
    (1..).zip(branches).find_map(|(number, Branch { recording })| {
        recording.check().err().map(|why| DocumentError::Branch(number, why))
    })
}
