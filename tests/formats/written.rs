//! When a message was written that waits for the disk, and what causes that it is received or lost.

use super::{nobody, recordings, trace_of};
use serde_json::Value;
use std::collections::BTreeMap;

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn a_message_that_waited_for_the_disk_names_the_event_that_wrote_it() {
    let (mut waited, mut older, mut moved_on) = (0, 0, 0);
    for recording in recordings() {
        let (lines, ..) = trace_of(recording, nobody());
        let lines = &lines[1..];
        let mut written_by: BTreeMap<u64, u64> = BTreeMap::new();
        for line in lines {
            let id = number(&line["id"]);
            // Copies that somebody makes have been written long ago, and waited for nothing.
            let sent = if line["kind"] == "acted" { &[] } else { list(&line["sent"]) };
            for message in sent {
                let Some(written) = message.get("written").map(number) else { continue };
                let writer = &lines[written as usize];
                assert!(written < id && line["kind"] == "synced", "{line}");
                assert_eq!((&writer["server"], &message["from"]), (&line["server"], &line["server"]));
                *written_by.entry(written).or_default() += 1;
                waited += 1;
                // What it says was so then. What is told after the event may be a little later than within it.
                let (then, now) = (&writer["state"], &line["state"]);
                let commit = message.get("leaderCommit").map(number);
                assert!(number(&message["term"]) <= number(&then["term"]), "{message}: {then}");
                assert!(
                    commit.is_none_or(|commit| commit <= number(&then["commitIndex"])),
                    "{message}: {then}"
                );
                older += usize::from(writer["atUs"] != line["atUs"]);
                moved_on += usize::from(commit.is_some_and(|commit| commit < number(&now["commitIndex"])));
            }
        }
        // Of those that were counted, the others never left: their writes were lost in a crash, or are under way.
        for (written, count) in written_by {
            assert!(count <= number(&lines[written as usize]["waiting"]), "event {written}");
        }
    }
    assert!(waited > 1000 && older > 1000 && moved_on > 0, "{waited} {older} {moved_on}");
}

#[test]
fn what_causes_that_a_message_is_received_or_lost_is_what_wrote_it_and_what_let_it_leave() {
    let (mut by_itself, mut by_hand) = (0, 0);
    for recording in recordings() {
        let (lines, ..) = trace_of(recording, nobody());
        let lines = &lines[1..];
        // By the name of a message: what wrote it, and with what it left.
        let mut sent: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for line in lines {
            let id = number(&line["id"]);
            let copied = line["kind"] == "acted";
            for message in list(&line["sent"]).iter().filter(|_| !copied) {
                let written = message.get("written").map_or(id, number);
                sent.insert(message["name"].as_str().expect("a name").into(), (written, id));
            }
            let Some(name) = line["message"]["name"].as_str() else { continue };
            // What was on its way at the start, and the copies that somebody makes, are in no such list.
            let Some(&(written, left)) = sent.get(name) else { continue };
            let causes: Vec<u64> = list(&line["causes"]).iter().map(number).collect();
            let acted =
                causes.last().filter(|cause| lines[**cause as usize]["kind"] == "acted" && **cause > left);
            let expected = match (acted, written == left) {
                (Some(&acted), _) => vec![written, acted],
                (None, true) => vec![written],
                (None, false) => vec![written, left],
            };
            assert_eq!(causes, expected, "{line}");
            by_itself += usize::from(acted.is_none() && written != left);
            by_hand += usize::from(acted.is_some());
        }
    }
    assert!(by_itself > 1000 && by_hand > 10, "{by_itself} {by_hand}");
}
