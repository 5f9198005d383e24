//! Storms that are kept as recordings, and what they came to. This file stands alone, so that the tests in the
//! browser can take it in by `#[path]`, and compare with the same list.

use wavetank::timeline::{Document, Run};

/// Does each recording of the list again, to the digest that it came to when it was made. The list has a line
/// each of name, digest, number of events, and link, between tabs.
pub fn all_come_to_the_same(list: &str) {
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() >= 80, "{} storms", lines.len());
    let mut different: Vec<String> = lines.iter().map(|line| comes_to_the_same(line)).collect();
    // A digest that sees nothing would be the same for all.
    different.sort();
    different.dedup();
    assert_eq!(different.len(), lines.len(), "no two storms are the same");
}

/// Does a storm again; gives its digest.
fn comes_to_the_same(line: &str) -> String {
    let words: Vec<&str> = line.split('\t').collect();
    let [name, digest, events, link] = words[..] else { panic!("four words a line: {line}") };
    let document = Document::from_text(link).unwrap_or_else(|why| panic!("{name}: {why}"));
    let branch = document.branch().expect("a branch is shown");
    let run = Run::replay(&branch.recording).expect("it makes a run");
    let now = (run.digest().to_string(), run.world().events().to_string());
    assert_eq!(now, (digest.into(), events.into()), "{name} no longer means what it meant");
    assert_eq!(run.violations(), [], "{name}");
    now.0
}
