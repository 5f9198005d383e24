//! Rule × check: with each rule off some promise falls, in a recording that ships; with the rule on, in the
//! same recording a visible step refuses, and nothing falls. `docs/broken-rules.md` shows it, and
//! `static/broken/index.json` tells the page.
//!
//! Both are made anew by `WAVETANK_GOLDEN=write cargo test --test kill_matrix`.

#[path = "common/kill.rs"]
mod kill;

use kill::{Fall, Judged, RECORDINGS, fallen, judge_all, recording, replay};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::OnceLock;
use wavetank::check::Property;
use wavetank::learn::broken::TABLE;
use wavetank::raft::{Rule, Rules};
use wavetank::sim::Options;

const INDEX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static/broken/index.json");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/broken-rules.md");

/// All recordings, judged once.
fn judged() -> &'static [Judged] {
    static JUDGED: OnceLock<Vec<Judged>> = OnceLock::new();
    JUDGED.get_or_init(judge_all)
}

#[test]
fn each_rule_is_caught_by_the_property_that_it_is_for() {
    for Judged { row, falls, .. } in judged() {
        let falls: Vec<Property> = falls.iter().map(|fall| fall.property).collect();
        let Some(property) = row.falls else { continue };
        assert!(
            falls.contains(&property),
            "{}: {property} is to fall, and what falls is {falls:?}",
            row.name()
        );
    }
}

/// What the paper and the dissertation make each rule for, as far as they say so: the promise that has to
/// fall without it.
const PURPOSE: [(Property, &str); 7] = [
    (
        Property::ElectionSafety,
        "oneVotePerTerm quorumOfAll voteSurvivesCrash termSurvivesCrash voteKeptWithinTerm \
         termAndVoteTogether stepDownOnHigherTerm dropStaleReplies configurationOnAppend oneChangeAtATime \
         jointPhase snapshotCarriesConfiguration",
    ),
    (
        Property::LeaderCompleteness,
        "logUpToDate lengthBreaksTies lastTermFirst logSurvivesCrash replyAfterFsync \
         replyAfterFsync.heartbeat leaderCountsSelfWhenDurable commitAfterQuorum matchFromRequest \
         truncateOnlyOnConflict refuseStaleAppend commitOnlyCurrentTerm snapshotKeepsSuffix \
         leaderOutsideNotCounted learnersNotCounted changeAfterOwnTermCommit freshIdentity",
    ),
    (Property::LogMatching, "prevLogIndex prevLogTerm deleteConflicts newTailReplacesSuffix"),
    (Property::StateMachineSafety, "commitUpToLastNew commitUpToLastNew.lateReply heartbeatChecked"),
    (
        Property::Linearizability,
        "readConfirmed readAfterOwnTermCommit leaseBoundedByDrift leaseGivenUpOnTransfer \
         leaseNeedsStickiness",
    ),
    (Property::AtMostOnce, "sessions"),
    (
        Property::Liveness,
        "randomisedTimeouts voteTimerOnlyOnGrant appendTimerOnlyCurrent preVote checkQuorum stickiness \
         removedLeaderStepsDownAfterCommit",
    ),
];

#[test]
fn the_table_names_the_promise_that_a_rule_is_made_for() {
    for (property, names) in PURPOSE {
        for name in names.split_whitespace() {
            let row = TABLE.iter().find(|row| row.name() == name).expect("it has a row");
            assert_eq!(row.falls, Some(property), "{name}");
        }
    }
    let harmless: Vec<Rule> = TABLE.iter().filter(|row| row.falls.is_none()).map(|row| row.rule).collect();
    assert_eq!(harmless, [Rule::RefuseStaleVoteRequest], "every other rule has a recording");
}

#[test]
fn where_a_leader_lacks_what_is_committed_state_machines_part_in_the_end() {
    let incomplete = |one: &&Judged| one.row.falls == Some(Property::LeaderCompleteness);
    let place = |one: &Judged, property| one.falls.iter().position(|fall| fall.property == property);
    for one in judged().iter().filter(incomplete) {
        let first = place(one, Property::LeaderCompleteness);
        let then = place(one, Property::StateMachineSafety);
        assert!(first.is_some() && then > first, "{}: {:?}", one.row.name(), one.falls);
    }
}

#[test]
fn the_table_says_what_else_a_recording_depends_on() {
    let parts = |options: &Options| -> BTreeMap<String, serde_json::Value> {
        serde_json::from_value(serde_json::to_value(options).unwrap()).unwrap()
    };
    let usual = parts(&Options::default());
    for row in TABLE.iter().filter(|row| row.falls.is_some()) {
        let setup = recording(row).setup;
        let off: Vec<Rule> = [row.rule].iter().chain(row.besides).copied().collect();
        assert_eq!(setup.rules_off, Rules::without(&off), "{}", row.name());
        let unusual =
            parts(&setup.options).into_iter().filter(|(name, value)| usual.get(name) != Some(value));
        assert_eq!(unusual.map(|(name, _)| name).collect::<Vec<_>>(), row.options, "{}", row.name());
    }
}

#[test]
fn what_is_off_besides_breaks_nothing_by_itself_and_hides_the_rest() {
    let rows: Vec<_> = TABLE.iter().filter(|row| !row.besides.is_empty()).collect();
    assert!(!rows.is_empty());
    for row in rows {
        // With the others off and the rule on nothing falls: that is judged for every row.
        let alone = replay(&recording(row), Rules::without(&[row.rule]));
        assert_eq!(fallen(row, &alone), [], "{}: the others are not needed", row.name());
    }
}

#[test]
fn every_recording_that_ships_is_in_the_table() {
    let listed: BTreeSet<String> = RECORDINGS.iter().map(|(name, _)| format!("{name}.json")).collect();
    let folder = std::path::Path::new(INDEX).parent().unwrap();
    let mut there: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(there.remove("index.json"));
    assert_eq!(there, listed);
    let table = TABLE.iter().filter(|row| row.falls.is_some());
    assert_eq!(listed, table.map(|row| format!("{}.json", row.name())).collect());
}

#[test]
fn the_index_is_what_was_found() {
    compare(INDEX, &kill::index(judged()));
}

#[test]
fn the_page_is_what_was_found() {
    compare(PAGE, &page(judged()));
}

#[track_caller]
fn compare(file: &str, now: &str) {
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(file, now).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(file).unwrap_or_default();
    for (line, (golden, now)) in (1..).zip(golden.lines().zip(now.lines())) {
        assert_eq!(golden, now, "{file}:{line}");
    }
    assert!(golden == now, "{file} ends too early or too late");
}

const INTRODUCTION: &str = "\
# Broken rules

Made by `WAVETANK_GOLDEN=write cargo test --test kill_matrix`; the same test compares it.

Every rule can be switched off. For each a recording ships (`static/broken`) in which a promise falls
without it. In the same recording with the rule on a visible step refuses, and no promise falls.

The numbers say in which order promises fall; the bold one is the promise that the rule is there for.

";

/// `docs/broken-rules.md`.
fn page(judged: &[Judged]) -> String {
    let mut page = INTRODUCTION.to_string();
    matrix(&mut page, judged).expect("text can be written");
    for one in judged {
        about(&mut page, one).expect("text can be written");
    }
    page
}

/// Where that a rule is harmless is shown.
const HARMLESS: &str = "That nothing falls within small bounds is shown by exhaustive search, in \
    `tests/explore.rs`: `a_vote_for_an_old_term_does_no_harm_within_small_bounds`.";

/// Rule × property.
fn matrix(page: &mut String, judged: &[Judged]) -> std::fmt::Result {
    let fall =
        |property: &Property| judged.iter().flat_map(|one| &one.falls).any(|fall| fall.property == *property);
    let columns: Vec<Property> = Property::ALL.into_iter().filter(fall).collect();
    let heads: String = columns.iter().map(|property| format!(" {property} |")).collect();
    writeln!(page, "| rule off | where |{heads}")?;
    writeln!(page, "|---|---|{}", "---|".repeat(columns.len()))?;
    for Judged { row, falls, .. } in judged {
        write!(page, "| `{}` | {} |", row.name(), row.rule.section())?;
        for property in &columns {
            let place = falls.iter().position(|fall| fall.property == *property);
            match place.map(|place| place + 1) {
                Some(place) if row.falls == Some(*property) => write!(page, " **{place}** |")?,
                Some(place) => write!(page, " {place} |")?,
                None if row.falls.is_none() && columns.first() == Some(property) => {
                    write!(page, " harmless |")?;
                }
                None => write!(page, " |")?,
            }
        }
        writeln!(page)?;
    }
    Ok(())
}

/// What one recording shows.
fn about(page: &mut String, Judged { row, falls, refusal }: &Judged) -> std::fmt::Result {
    writeln!(page, "\n## {}\n", row.name())?;
    writeln!(page, "The rule: {} ({}).\n", row.rule.title(), row.rule.section())?;
    writeln!(page, "{}", row.story)?;
    for (what, names) in [
        ("Off as well", row.besides.iter().map(Rule::to_string).collect()),
        ("Options", row.options.iter().map(ToString::to_string).collect::<Vec<_>>()),
    ] {
        if !names.is_empty() {
            writeln!(page, "\n{what}: {}.", names.join(", "))?;
        }
    }
    for Fall { property, event, sentence } in falls {
        let when = event.map(|event| format!(" at event {}", event.0)).unwrap_or_default();
        writeln!(page, "\n- {property} falls{when}: {sentence}")?;
    }
    if falls.is_empty() {
        writeln!(page, "\nThere is nothing to record. {HARMLESS}")?;
    }
    if let Some(refusal) = refusal {
        writeln!(page, "\nWith the rule, event {}: {}", refusal.event.0, refusal.sentence)?;
        writeln!(page, "(What the rule compared: {}.)", refusal.because)?;
    }
    Ok(())
}
