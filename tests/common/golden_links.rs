//! What the golden links hold, and what became of them. This file stands alone, so that the tests in the
//! browser can take it in by `#[path]`, and compare with the same list.

use wavetank::timeline::{BranchData, Document, Run};

/// The list: a line each of digest, number of events, name, and link, between tabs.
pub const LINKS: &str = include_str!("../golden/links.txt");

/// A link of the list.
pub struct Golden<'a> {
    /// What is in it.
    pub name: &'a str,
    /// The digest and the number of events at the end of it.
    pub end: String,
    /// From the `w` on.
    pub link: &'a str,
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

/// Opens each link and does its run again, to what it came to when it was made.
pub fn all_open_and_come_to_the_same() {
    let links = links();
    assert!(links.len() >= 24, "{}", links.len());
    for Golden { name, end, link } in links {
        let document = Document::from_text(link).unwrap_or_else(|why| panic!("{name}: {why}"));
        let branch = document.branch().expect("a branch is shown");
        assert_eq!(end_of(branch), end, "{name}");
        let last = branch.marks.last().expect("it knows its digest");
        assert_eq!(format!("{} {}", last.digest, last.events), end, "{name}");
    }
}
