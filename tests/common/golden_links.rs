//! What the golden links hold, and what became of them. This file stands alone, so that the tests in the
//! browser can take it in by `#[path]`, and compare with the same lists.

use wavetank::timeline::{BranchData, Differs, Document, Run, SEMANTICS, Standing};

/// The list: a line each of digest, number of events, name, and link, between tabs.
pub const LINKS: &str = include_str!("../golden/links.txt");
/// How the links of earlier meanings run by this one: a line each of name, `same` or from where on it differs,
/// and what it comes to, between tabs.
pub const EARLIER: &str = include_str!("../golden/links_of_earlier_meanings.txt");

/// A link of the list.
pub struct Golden<'a> {
    /// What is in it.
    pub name: &'a str,
    /// The digest and the number of events at the end of it, when it was made.
    pub end: String,
    /// From the `w` on.
    pub link: &'a str,
}

impl Golden<'_> {
    /// The branch that it shows.
    pub fn branch(&self) -> BranchData {
        let document = Document::from_text(self.link).unwrap_or_else(|why| panic!("{}: {why}", self.name));
        document.branch().expect("a branch is shown").clone()
    }
}

/// The links of the list.
pub fn links() -> Vec<Golden<'static>> {
    let read = |line: &'static str| {
        let mut words = line.split('\t');
        let mut word = || words.next().expect("four words a line");
        Golden { end: format!("{} {}", word(), word()), name: word(), link: word() }
    };
    LINKS.lines().map(read).collect()
}

/// What the branch comes to: its digest and the number of events.
pub fn end_of(branch: &BranchData) -> String {
    let run = Run::replay(&branch.recording).expect("it makes a run");
    format!("{} {}", run.digest(), run.world().events())
}

/// Whether a run of an earlier meaning goes as it did. The digests in it stand at some places only: from the
/// last one that is the same on it may differ, and by the first one that is not it does.
pub fn verdict(branch: &BranchData) -> String {
    match branch.standing().expect("it makes a run") {
        Standing::Own => "same".into(),
        Standing::Differs(Differs { same_until, by }) => {
            format!("differs from event {} on, at the latest by event {}", same_until.events, by.events)
        }
        other => panic!("every link has a digest: {other:?}"),
    }
}

/// The second list, as it is now.
pub fn earlier() -> String {
    let line = |golden: &Golden| {
        let branch = golden.branch();
        let earlier = branch.recording.semantics < SEMANTICS;
        earlier.then(|| format!("{}\t{}\t{}\n", golden.name, verdict(&branch), end_of(&branch)))
    };
    links().iter().filter_map(line).collect()
}

/// Opens each link and does its run again. One of this meaning comes to what it came to when it was made; one of
/// an earlier meaning comes to that or to what the second list says.
pub fn all_open_and_come_to_the_same() {
    let links = links();
    assert!(links.len() >= 24, "{}", links.len());
    for golden in &links {
        let branch = golden.branch();
        let last = branch.marks.last().expect("it knows its digest");
        assert_eq!(format!("{} {}", last.digest, last.events), golden.end, "{}", golden.name);
        if branch.recording.semantics == SEMANTICS {
            assert_eq!(verdict(&branch), "same", "{}", golden.name);
            assert_eq!(end_of(&branch), golden.end, "{}", golden.name);
        }
    }
    let (now, kept) = (earlier(), EARLIER);
    for (now, kept) in now.lines().zip(kept.lines()) {
        assert_eq!(now, kept);
    }
    assert_eq!(now.lines().count(), kept.lines().count());
}
