//! Random lines: none panics, and none is lost by being completed.

use super::{cluster, later};
use proptest::prelude::*;
use wavetank::console::{COMMANDS, Shell, complete};
use wavetank::raft::Rule;

/// Pieces of lines, so that random lines get past the first word.
fn line() -> impl Strategy<Value = String> {
    let names: Vec<String> = COMMANDS.iter().map(|help| help.name.to_string()).collect();
    let others = [
        "S1",
        "s2",
        "S5",
        "S9",
        "S10",
        "|",
        ",",
        "\"",
        "'",
        "\\",
        "=",
        "x",
        "leader",
        "candidate",
        "follower",
        "on",
        "off",
        "%",
        "x%",
        "+%",
        "-ppm",
        "1.2.3ms",
        "-",
        "99999999999999999999s",
        "5-",
        "=on",
        "--at",
        "--",
        "oneVotePerTerm",
        "logUpToDate",
        "preVote",
        "election",
        "150-300ms",
        "loss=5%",
        "--mode",
        "--at=S2",
        "lease",
        "learners",
        "manual",
        "S6",
        "S7",
        "+10%",
        "-900000ppm",
        "lies",
        "é",
        "-",
        "",
        "\u{0}",
        "9999999999999999999999",
    ];
    let piece = prop_oneof![proptest::sample::select(others.map(String::from).to_vec()), "\\PC{0,5}",];
    let first = ["S1", "S2", "S6", "preVote", "election", "loss", "window", "reads", "heartbeatUs", "x"];
    let shaped =
        (proptest::sample::select(names.clone()), proptest::sample::select(first.to_vec()), piece.clone())
            .prop_map(|(name, first, piece)| format!("{name} {first} {piece}"));
    let loose =
        (proptest::sample::select(names), proptest::collection::vec(piece, 0..5), proptest::bool::ANY)
            .prop_map(|(name, pieces, tight)| {
                format!("{name} {}", pieces.join(if tight { "" } else { " " }))
            });
    prop_oneof![shaped, loose]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_line_panics(lines in proptest::collection::vec(prop_oneof![line(), ".{0,40}"], 1..6)) {
        let mut run = cluster();
        let mut shell = Shell::new();
        for line in &lines {
            shell.execute(line, &mut run);
            let _ = complete(line, &run);
            later(&mut run, 20);
            shell.poll(&run);
            shell.older(line);
        }
        prop_assert!(run.world().rules().is_on(Rule::CommitOnlyCurrentTerm));
    }

    #[test]
    fn a_completed_line_keeps_what_was_typed(prefix in prop_oneof![line(), ".{0,20}"]) {
        for offer in complete(&prefix, &cluster()) {
            prop_assert!(offer.to_lowercase().starts_with(&prefix.to_lowercase()), "{} from {}", offer, prefix);
        }
    }
}
