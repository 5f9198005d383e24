//! ShiViz's log, read back: whatever its clocks say of two events is what happened before what.

use super::{recordings, storms};
use std::collections::BTreeMap;
use wavetank::sim::{Action, Endpoint, Event, PacketName, What};
use wavetank::timeline::export::{shiviz::Shiviz, tell};
use wavetank::timeline::{Recording, Run};

type Clock = BTreeMap<String, u64>;

/// One event of the log.
struct Entry {
    host: String,
    clock: Clock,
    words: String,
}

/// Reads the log as the regular expression in its first line says: `host clock`, and a line of words.
fn read(text: &str) -> Vec<Entry> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)"));
    assert_eq!(lines.next(), Some(""), "there is one execution, so nothing parts several");
    let mut entries = Vec::new();
    while let Some(line) = lines.next() {
        let (host, clock) = line.split_once(' ').expect("a host and its clock");
        let clock = serde_json::from_str(clock).expect("a clock is JSON");
        let words = lines.next().expect("words follow");
        entries.push(Entry { host: host.into(), clock, words: words.into() });
    }
    entries
}

/// The log, with the number of the event for words.
fn log_of(recording: &Recording) -> Vec<Entry> {
    let mut text = Vec::new();
    tell(recording, &mut Shiviz::new(&mut text, |moment| moment.event.id.0.to_string())).unwrap();
    read(&String::from_utf8(text).unwrap())
}

#[test]
fn each_host_counts_its_events_from_one_and_knows_nothing_of_the_future() {
    let mut events = 0;
    for recording in recordings() {
        let mut latest: BTreeMap<String, Clock> = BTreeMap::new();
        let entries = log_of(recording);
        events += entries.len();
        for Entry { host, clock, .. } in entries {
            let before = latest.get(&host).and_then(|clock| clock.get(&host)).copied().unwrap_or(0);
            assert_eq!(clock[&host], before + 1, "{host} counts one by one, through crashes too");
            for (other, count) in clock.iter().filter(|(other, _)| **other != host) {
                let reached = latest.get(other).map_or(0, |clock| clock[other]);
                assert!(*count <= reached, "{host} knows {count} events of {other}, which had {reached}");
            }
            if let Some(mine) = latest.get(&host) {
                assert!(mine.iter().all(|(other, count)| clock[other] >= *count), "{host} forgets nothing");
            }
            latest.insert(host, clock);
        }
    }
    assert!(events > 20_000, "{events}");
}

/// Whose event it is, by a reading of the trace that is not the exporter's.
fn host(event: &Event) -> Option<String> {
    match &event.what {
        What::Delivered { message, .. } => Some(message.to.to_string()),
        What::Woke { client, .. } | What::Ticked { client } => Some(client.to_string()),
        What::Acted { action: Action::Submit { .. }, .. } => Some("C1".into()),
        _ => event.server.map(|id| id.to_string()),
    }
}

/// For each event of a host which others happened before it: the one before on the same host, the one in
/// which what it received was sent, and whatever happened before those.
fn happened_before(run: &Run) -> BTreeMap<u64, Vec<bool>> {
    let events: Vec<&Event> = run.events().iter().map(|event| &**event).collect();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut sent: BTreeMap<(Endpoint, Endpoint, u64, u32), u64> = BTreeMap::new();
    let mut before: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    let key = |name: &PacketName| (name.from, name.to, name.sent_us, name.k);
    for event in events {
        let Some(host) = host(event) else { continue };
        let mut parents: Vec<u64> = last.insert(host, event.id.0).into_iter().collect();
        if let What::Delivered { message, .. } = &event.what {
            parents.extend(sent.get(&key(message)));
        }
        let mut mine = vec![false; run.events().len()];
        for parent in parents {
            mine[parent as usize] = true;
            for (place, known) in before[&parent].iter().enumerate() {
                mine[place] |= known;
            }
        }
        before.insert(event.id.0, mine);
        sent.extend(event.sent.iter().map(|name| (key(name), event.id.0)));
    }
    before
}

#[test]
fn one_clock_is_below_another_exactly_when_one_event_happened_before_the_other() {
    let (mut ordered, mut concurrent) = (0, 0);
    for seed in [1, 2, 5] {
        let recording = super::cut(storms::storm_of_all(seed).recording(), 1_000_000);
        let run = Run::replay(&recording).unwrap();
        let before = happened_before(&run);
        let entries = log_of(&recording);
        assert_eq!(entries.len(), before.len());
        for one in entries.iter() {
            let one_id: usize = one.words.parse().unwrap();
            for other in entries.iter().filter(|other| other.words != one.words) {
                let other_id: u64 = other.words.parse().unwrap();
                let below = one.clock.iter().all(|(host, count)| other.clock.get(host) >= Some(count));
                assert_eq!(below, before[&other_id][one_id], "seed {seed}: {one_id} and {other_id}");
                if below { ordered += 1 } else { concurrent += 1 }
            }
        }
    }
    println!("{ordered} pairs in order, {concurrent} not");
    assert!(ordered > 100_000 && concurrent > ordered);
}

#[test]
fn words_stand_on_one_line() {
    let recording = storms::storm(1).recording();
    let mut text = Vec::new();
    tell(&recording, &mut Shiviz::new(&mut text, |_| "x ← \"a\nb\r\u{0}\"".into())).unwrap();
    let entries = read(&String::from_utf8(text).unwrap());
    assert!(entries.iter().all(|entry| entry.words == "x ← \"a b  \""));
    assert!(entries.iter().any(|entry| entry.host == "C1"));
}
