//! `docs/together.md`: which rules need each other, as the facts of an exhaustive search have it.

use crate::explore::together::{
    EXTENTS, Fact, Kind, PROPERTIES, RULES, Row, SERVERS, extents, fewest, is_harmless, rows, sets, worth,
};
use crate::raft::Rule;
use std::fmt::Write as _;

/// The document that follows from the facts.
#[must_use]
pub fn document(facts: &[Fact]) -> String {
    let mut text = String::from(HEAD);
    scope(&mut text, facts);
    let rows = rows(facts);
    for (kind, title, words) in SECTIONS {
        let of_kind: Vec<&Row> = rows.iter().filter(|row| row.kind == kind).collect();
        let _ = write!(text, "\n## {title}\n\n{words}\n\n");
        table(&mut text, facts, &of_kind);
    }
    alone(&mut text, facts);
    text
}

const HEAD: &str = "# Rules that need each other

Made by `wavetank together docs/together.ndjson --out docs/together.md --recordings static/together`; a test
compares it with the facts in `docs/together.ndjson`.

Switched off alone, most rules of Figure 2 lead to a violated property ([broken-rules.md](broken-rules.md)). Some
do not, because another rule covers for them. The tables below list the pairs that an exhaustive search found:
all runs within the bounds, in gestures (one timeout, one request with its reply, one command, one restart, or one
message held or released). \"Fewest\" means fewest within those bounds. Each row has a recording of its name in
`static/together`. A second program that shares only the specification finds the same (`peers/figure2`,
`tests/second_program.rs`).

Only rules of Figure 2 are here. The model that is searched has no clocks, configurations, snapshots, reads or
sessions, and what is written is on disk at once, so it can say nothing about the rules for those.
";

const SECTIONS: [(Kind, &str, &str); 3] = [
    (
        Kind::Together,
        "Neither does anything alone",
        "With one of the two rules off, no property is violated within the bounds. With both off, one is.",
    ),
    (
        Kind::Masked,
        "One masks the other",
        "The rule in the first column violates nothing alone. With the second one off as well it matters: a property \
         is violated that the second rule alone does not violate, or in fewer gestures than without it.",
    ),
    (
        Kind::Besides,
        "Each violates something, and together they violate something else",
        "Each rule alone violates some property, but neither violates this one.",
    ),
];

/// How far it was looked.
fn scope(text: &mut String, facts: &[Fact]) {
    let states: u64 = facts.iter().map(|fact| fact.states).sum();
    let pairs = sets(facts).into_iter().filter(|set| set.len() == 2);
    let (worth, rest): (Vec<_>, Vec<_>) = pairs.partition(|pair| worth(facts, pair).is_some());
    let (pairs, rest) = (worth.len(), rest.len());
    let _ = write!(
        text,
        "\n{SERVERS} servers, {} rules, {} pairs. In {rest} of them the two rules alone violate something each, and \
         all four properties between them: nothing is left to find. The other {pairs}, within these bounds, one \
         search each:\n\n",
        RULES.len(),
        pairs + rest,
    );
    for within in EXTENTS {
        let of_pairs = facts.iter().filter(|fact| fact.within == within && fact.off.len() == 2);
        let (whole, ended): (Vec<&Fact>, Vec<&Fact>) = of_pairs.partition(|fact| fact.whole);
        let asked = worth.iter().filter(|pair| extents(facts, pair).contains(&within)).count();
        let missing = asked - whole.len() - ended.len();
        let _ = write!(text, "- {within}: {} pairs exhausted", whole.len());
        let _ = match (ended.len(), missing) {
            (0, 0) => writeln!(text, "."),
            (ended, missing) => writeln!(text, ", {ended} ended by memory, {missing} not tried."),
        };
    }
    let _ = writeln!(text, "\nAll searches together looked at {states} states.");
}

fn table(text: &mut String, facts: &[Fact], rows: &[&Row]) {
    if rows.is_empty() {
        text.push_str("None was found.\n");
        return;
    }
    text.push_str("| off | and off | property | fewest gestures | alone |\n|---|---|---|---:|---:|\n");
    for row in rows {
        // The rule that is masked comes first.
        let [one, other] = row.off;
        let swaps = row.kind == Kind::Masked && !is_harmless(facts, one);
        let [one, other] = if swaps { [other, one] } else { [one, other] };
        let alone = row.alone.map_or("never".to_owned(), |alone| format!("{alone}"));
        let _ = writeln!(text, "| `{one}` | `{other}` | {} | {} | {alone} |", row.property, row.gestures);
    }
}

/// What each rule does alone.
fn alone(text: &mut String, facts: &[Fact]) {
    text.push_str(
        "\n## Each rule alone\n\nFewest gestures to each property, within the same bounds. With three servers, a vote that is counted twice \
         makes no majority that it would not make once; what is known of the other two rules without an entry is in \
         [broken-rules.md](broken-rules.md).\n\n| off |",
    );
    PROPERTIES.iter().for_each(|property| {
        let _ = write!(text, " {property} |");
    });
    let _ = write!(text, "\n|---|{}\n", "---:|".repeat(PROPERTIES.len()));
    let cell = |rule: Rule, property| match fewest(facts, &[rule], property) {
        Some(gestures) => format!(" {gestures} |"),
        None => " |".to_owned(),
    };
    for rule in RULES {
        let cells: String = PROPERTIES.iter().map(|&property| cell(rule, property)).collect();
        let _ = writeln!(text, "| `{rule}` |{cells}");
    }
}
