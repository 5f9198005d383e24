//! Runs as links: what is read back, how long they get, and what is said of one that came to harm.

#[path = "common/sessions.rs"]
mod sessions;

use miniz_oxide::deflate::compress_to_vec_zlib;
use proptest::prelude::*;
use sessions::session;
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Seed, Setup, chaos};
use wavetank::timeline::link::{LINK_JSON_MAX, LINK_MAX, TooLong, is_link, link_of};
use wavetank::timeline::{BranchData, Document, Opening, Recording, Run, Stamp, Stamped, Start};

/// A small document.
fn small() -> Document {
    let mut recording =
        Recording::new(Setup::new(3, 7), Start::State("S1:L2 12 c1 / S2:F1 1 / S3:x1".into()));
    recording.end.at_us = 250_000;
    let mut document = Document::of(recording);
    document.name = "Zwei Führer “<b>” 🦀".into();
    document.open = Opening { events: Some(12), playing: true };
    document
}

/// Why a text can't be opened.
fn trouble(text: &str) -> String {
    let why = Document::from_text(text).expect_err(text).to_string();
    assert!(why.ends_with(['.', '?']) && why.len() < 600, "{why}");
    why
}

#[test]
fn a_link_reads_back_to_the_document_it_was_made_of() {
    for document in [small(), session(1, 40, false).for_link(), session(2, 40, true).for_link()] {
        let link = document.to_link().unwrap();
        assert!(link.starts_with("w1."));
        assert!(link[3..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{link}");
        assert_eq!(Document::from_text(&link), Ok(document.clone()));
    }
}

#[test]
fn a_link_is_found_in_an_address_and_without_what_the_text_around_it_left_on_it() {
    let link = small().to_link().unwrap();
    for text in [
        format!("#{link}"),
        format!("https://wavetank.example/app/?servers=5&seed=7#{link}"),
        format!("  http://localhost:8080/#{link}\n"),
        format!("<https://wavetank.example/#{link}>."),
        format!("“#{link}”"),
        format!("{link}#{link}"),
    ] {
        assert!(is_link(&text), "{text}");
        assert_eq!(Document::from_text(&text), Ok(small()), "{text}");
    }
    for text in ["", "#", "#main", "#w", "w", "wavetank", "https://wavetank.example/#feed", "{\"w\":1}"] {
        assert!(!is_link(text), "{text}");
    }
}

#[test]
fn a_link_carries_the_branch_that_is_shown_and_no_other() {
    let mut document = session(3, 60, false);
    let shown = BranchData {
        name: "Repaired".into(),
        parent: Some(0),
        fork: 9,
        ..session(4, 20, false).branches.remove(0)
    };
    document.branches.push(shown.clone());
    document.current = 1;
    let opened = Document::from_text(&document.to_link().unwrap()).unwrap();
    assert_eq!(opened.branches.len(), 1);
    let branch = opened.branch().unwrap();
    assert_eq!((&branch.name, branch.parent, branch.fork), (&"Repaired".to_string(), None, 0));
    assert_eq!(branch.recording, shown.recording);
    // Of the digests some are left, and always the last.
    assert!((2..=16).contains(&branch.marks.len()), "{}", branch.marks.len());
    assert_eq!(branch.marks.last(), shown.marks.last());
}

#[test]
fn a_run_that_was_opened_from_a_link_comes_to_the_digests_that_it_has_with_it() {
    let document = Document::from_text(&session(5, 100, true).to_link().unwrap()).unwrap();
    let branch = document.branch().unwrap();
    let run = Run::replay(&branch.recording).unwrap();
    let last = branch.marks.last().unwrap();
    assert_eq!((run.world().events(), run.digest()), (last.events, last.digest));
}

#[test]
fn a_session_of_five_hundred_actions_fits_into_a_link() {
    for of_all in [false, true] {
        for actions in [0, 10, 100, 500] {
            let document = session(1, actions, of_all);
            assert_eq!(document.branches[0].recording.actions.len(), actions);
            let link = document.to_link().unwrap();
            println!(
                "{actions} actions{}: {} characters",
                if of_all { " over all of Raft" } else { "" },
                link.len()
            );
            assert!(link.len() < LINK_MAX, "{actions}: {}", link.len());
        }
    }
}

#[test]
fn what_is_too_long_says_so_and_offers_a_file() {
    let long = session(1, 4000, true);
    let why = long.to_link().unwrap_err();
    assert!(matches!(why, TooLong::Characters(count) if count > LINK_MAX), "{why}");
    assert!(why.to_string().contains("Save it as a file instead"), "{why}");
    // Chance can't be packed: the longest that fits, and one byte more.
    let fits = vec![7; (LINK_MAX - 3) / 4 * 3];
    assert!(link_of(&fits).unwrap().len() > LINK_MAX - 4);
    assert!(matches!(link_of(&[&fits[..], &[7, 7, 7]].concat()), Err(TooLong::Characters(_))));
    // And so much alike that it would pack well.
    let mut alike = small();
    let stamped = session(1, 1, false).branches[0].recording.actions[0].clone();
    alike.branches[0].recording.actions = vec![stamped; 90_000];
    let why = alike.to_link().unwrap_err();
    assert!(matches!(why, TooLong::Bytes(bytes) if bytes > LINK_JSON_MAX), "{why}");
    assert!(why.to_string().contains("Save it as a file instead"), "{why}");
}

#[test]
fn a_link_that_was_cut_off_anywhere_says_so() {
    let link = small().to_link().unwrap();
    for length in 2..link.len() {
        let why = trouble(&link[..length]);
        assert!(why.contains("was cut off: its end is missing"), "{length}: {why}");
    }
}

#[test]
fn a_link_with_another_letter_anywhere_is_not_opened() {
    let link = small().to_link().unwrap();
    for place in 3..link.len() {
        let other = if &link[place..=place] == "A" { "B" } else { "A" };
        let text = format!("{}{other}{}", &link[..place], &link[place + 1..]);
        // A letter more or less at the end may pack the same: then it is the same run.
        match Document::from_text(&text) {
            Ok(document) => assert_eq!(document, small(), "{place}"),
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
}

#[test]
fn a_broken_link_says_what_is_wrong_with_it() {
    let link = small().to_link().unwrap();
    let packed = |text: &[u8]| link_of(&compress_to_vec_zlib(text, 9)).unwrap();
    let mut damaged = compress_to_vec_zlib(small().link_json().unwrap().as_bytes(), 9);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let bomb = compress_to_vec_zlib(&vec![b' '; LINK_JSON_MAX + 1], 9);
    assert!(bomb.len() < 5000);
    let long = "A".repeat(LINK_MAX);
    let table = [
        (link.replacen("w1", "w2", 1), "version 2, which is newer than this page's 1"),
        (link.replacen("w1", "w99999999999999999999", 1), "newer than this page's 1"),
        (link.replacen("w1", "w0", 1), "never a version 0"),
        (link.replacen("w1.", "w1:", 1), "Character 3 of the link is ‘:’"),
        (format!("{}%20{}", &link[..40], &link[40..]), "Character 41 of the link is ‘%’"),
        (format!("{}\n{}", &link[..40], &link[40..]), "Character 41 of the link is ‘\\n’"),
        (format!("{link}{link}"), "of the link is ‘.’"),
        (link_of(&damaged).unwrap(), "its checksum does not fit"),
        (link_of(b"not packed at all").unwrap(), "its checksum does not fit"),
        (link_of(&bomb).unwrap(), "unfolds into more than 4194304 bytes"),
        (format!("w1.{long}"), "The link has 32003 characters; 32000 are the most"),
        (packed(b""), "This is not a whole Wavetank run"),
        (packed(b"{\"wavetank\":7}"), "saved in version 7"),
        (packed(b"{\"wavetank\":1,\"branches\":[]}"), "there is no branch"),
        (packed(b"\xff\xfe"), "its checksum does not fit"),
        (packed(&[b'['; 10_000]), "not a valid Wavetank run"),
        (packed(b"{\"a\":1}"), "This is no Wavetank run"),
    ];
    for (text, expected) in table {
        let why = trouble(&text);
        assert!(why.contains(expected), "{}: {why}", &text[..text.len().min(60)]);
    }
}

#[test]
fn any_setup_survives_the_way_through_a_link() {
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }, |(
        seed: u64, off in proptest::collection::vec(any::<bool>(), 64), name in "\\PC{0,40}", playing: bool,
    )| {
        let (mut setup, actions) = chaos::plan_of_all(Seed(seed), 0, 2_000_000);
        let off: Vec<Rule> = Rule::ALL.iter().zip(&off).filter(|(_, off)| **off).map(|(rule, _)| *rule).collect();
        setup.rules_off = Rules::without(&off);
        let stamp = |at_us| Stamp { at_us, k: 0 };
        let mut recording = Recording::new(setup, Start::Empty);
        recording.actions =
            actions.into_iter().map(|(at_us, action)| Stamped { when: stamp(at_us), action }).collect();
        recording.end = stamp(3_000_000);
        let mut document = Document::of(recording);
        document.name = name;
        document.open.playing = playing;
        let link = document.to_link().unwrap();
        prop_assert_eq!(Document::from_text(&link).unwrap(), document);
    });
}
