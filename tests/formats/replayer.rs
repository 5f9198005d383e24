//! An outside checker in small: it rebuilds every server from the trace alone, by Figure 2's rules for
//! what is on disk, and what it rebuilds has to agree with the states in the trace; and those with the
//! world.

use super::{recordings, trace_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use wavetank::raft::ServerId;
use wavetank::sim::World;
use wavetank::timeline::Recording;
use wavetank::timeline::export::{Listener, Moment};

/// The states of all servers after each event, as the world has them.
#[derive(Default)]
struct Truth(Vec<BTreeMap<String, Value>>);

impl Truth {
    fn note(&mut self, world: &World) {
        self.0
            .push(world.servers().iter().map(|server| (server.node.id().to_string(), of(server))).collect());
    }
}

/// A server's state, taken from the world directly.
fn of(server: &wavetank::sim::Server) -> Value {
    let node = &server.node;
    let terms: Vec<u64> = node.log().iter().map(|entry| entry.term.0).collect();
    let peers: BTreeMap<ServerId, _> =
        node.configuration().members().iter().filter_map(|peer| Some((peer, node.progress(peer)?))).collect();
    let next: BTreeMap<_, _> = peers.iter().map(|(peer, far)| (peer, far.next)).collect();
    let matched: BTreeMap<_, _> = peers.iter().map(|(peer, far)| (peer, far.matched)).collect();
    json!({
        "up": server.up, "paused": server.paused, "role": node.role().name(), "term": node.term(),
        "votedFor": node.voted_for(), "first": node.log().first_index(), "terms": terms,
        "commitIndex": node.commit(), "lastApplied": node.applied(),
        "nextIndex": node.is_leader().then_some(next), "matchIndex": node.is_leader().then_some(matched),
    })
}

impl Listener for Truth {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, world: &World) -> io::Result<()> {
        self.note(world);
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        self.note(moment.world);
        Ok(())
    }
}

/// The terms of a log, one for each entry.
pub fn terms(state: &Value) -> Vec<u64> {
    let runs = state["log"]["terms"].as_array().expect("a log has terms").iter();
    runs.flat_map(|run| {
        let count = run[1].as_u64().expect("how many in a row");
        assert!(count > 0);
        std::iter::repeat_n(run[0].as_u64().expect("a term"), count as usize)
    })
    .collect()
}

/// The same shape as [`of`].
fn plain(state: &Value) -> Value {
    json!({
        "up": state["up"], "paused": state["paused"], "role": state["role"], "term": state["term"],
        "votedFor": state["votedFor"], "first": state["log"]["first"], "terms": terms(state),
        "commitIndex": state["commitIndex"], "lastApplied": state["lastApplied"],
        "nextIndex": state["nextIndex"], "matchIndex": state["matchIndex"],
    })
}

#[test]
fn after_each_event_the_trace_knows_the_state_of_every_server() {
    for recording in recordings() {
        let (lines, truth, _) = trace_of(recording, Truth::default());
        let mut known: BTreeMap<String, Value> = lines[0]["servers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(id, state)| (id.clone(), plain(state)))
            .collect();
        assert_eq!(known, truth.0[0]);
        for (line, truth) in lines[1..].iter().zip(&truth.0[1..]) {
            if let Some(id) = line["server"].as_str() {
                known.insert(id.into(), plain(&line["state"]));
            }
            for (id, state) in line["others"].as_object().into_iter().flatten() {
                known.insert(id.clone(), plain(state));
            }
            assert_eq!(&known, truth, "after {line}");
        }
    }
}

/// What Figure 2 keeps on disk.
#[derive(Clone, Debug, Default, PartialEq)]
struct Disk {
    term: u64,
    voted_for: Value,
    /// The index before the first entry.
    base: u64,
    terms: Vec<u64>,
}

impl Disk {
    fn of(state: &Value) -> Disk {
        Disk {
            term: state["term"].as_u64().unwrap(),
            voted_for: state["votedFor"].clone(),
            base: state["log"]["first"].as_u64().unwrap() - 1,
            terms: terms(state),
        }
    }

    fn write(&mut self, write: &Value) {
        if let Some(hard) = write.get("hard") {
            self.term = hard["term"].as_u64().unwrap();
            self.voted_for = hard["votedFor"].clone();
        }
        if let Some(snapshot) = write.get("snapshot") {
            let upto = snapshot["lastIndex"].as_u64().unwrap();
            let covered = (upto - self.base).min(self.terms.len() as u64) as usize;
            self.terms.drain(..covered);
            if !snapshot["keep"].as_bool().unwrap() {
                self.terms.clear();
            }
            self.base = upto;
        }
        if let Some(log) = write.get("log") {
            let from = log["from"].as_u64().unwrap();
            self.terms.truncate((from - 1 - self.base) as usize);
            let entries = log["entries"].as_array().unwrap();
            self.terms.extend(entries.iter().map(|entry| entry["term"].as_u64().unwrap()));
        }
    }
}

/// A server as the replayer has it: what it holds in memory, what is on its disk, and what is on its way
/// there.
struct Rebuilt {
    memory: Disk,
    disk: Disk,
    queue: Vec<Value>,
}

impl Rebuilt {
    fn new(state: &Value) -> Rebuilt {
        let disk = Disk::of(state);
        Rebuilt { memory: disk.clone(), disk, queue: Vec::new() }
    }

    fn follow(&mut self, line: &Value) {
        if let Some(token) = line["token"].as_u64() {
            let write = self.queue.remove(0);
            assert_eq!(write["token"], token, "writes end in order");
            self.disk.write(&write);
            // What a snapshot of one's own covers goes from memory when the snapshot is on disk.
            if write.get("snapshot").is_some_and(|new| new["lastIndex"].as_u64() > Some(self.memory.base)) {
                self.memory.write(&json!({ "snapshot": write["snapshot"] }));
            }
        }
        let action = line.get("action").filter(|_| line.get("refused").is_none());
        if action.is_some_and(|action| action.get("crash").is_some()) {
            self.queue.clear();
            self.memory = self.disk.clone();
        }
        if action.is_some_and(|action| action.get("tear").is_some() || action.get("wipe").is_some()) {
            // Some of what was being written is there, and its state says how much; or nothing is.
            self.queue.clear();
            self.disk = Disk::of(&line["state"]);
            self.memory = self.disk.clone();
        }
        for write in line["wrote"].as_array().unwrap() {
            let mut now = write.clone();
            if line["message"]["type"] != "installSnapshot" {
                now.as_object_mut().unwrap().remove("snapshot");
            }
            self.memory.write(&now);
            self.queue.push(write.clone());
        }
    }
}

#[test]
fn each_server_can_be_rebuilt_from_what_it_wrote() {
    let (mut crashes, mut lost, mut compacted) = (0, 0, 0);
    for recording in recordings() {
        let (lines, ..) = trace_of(recording, super::nobody());
        let servers = lines[0]["servers"].as_object().unwrap();
        let mut rebuilt: BTreeMap<String, Rebuilt> =
            servers.iter().map(|(id, state)| (id.clone(), Rebuilt::new(state))).collect();
        for line in &lines[1..] {
            // Servers that an event brings into the world.
            for (id, state) in line["others"].as_object().into_iter().flatten() {
                rebuilt.entry(id.clone()).or_insert_with(|| Rebuilt::new(state));
            }
            let Some(id) = line["server"].as_str() else { continue };
            let server = rebuilt.entry(id.into()).or_insert_with(|| Rebuilt::new(&line["state"]));
            let before = server.queue.len();
            server.follow(line);
            let action = &line["action"];
            if action.get("crash").is_some() && line.get("refused").is_none() {
                crashes += 1;
                lost += before;
            }
            compacted += u64::from(server.memory.base > 0);
            assert_eq!(server.memory, Disk::of(&line["state"]), "after {line}");
        }
    }
    println!("{crashes} crashes, {lost} writes lost, {compacted} events after a snapshot");
    assert!(crashes > 20 && lost > 2 && compacted > 1000, "{crashes} {lost} {compacted}");
}

#[test]
fn what_arrives_has_been_sent_and_says_what_it_said_then() {
    let (mut arrived, mut copies) = (0, 0);
    for recording in recordings() {
        let (lines, ..) = trace_of(recording, super::nobody());
        let mut sent: BTreeMap<String, Value> = BTreeMap::new();
        for line in &lines {
            // A message that left and came back at the same instant would be told in this order too.
            if let Some(message) = line.get("message") {
                let name = message["name"].as_str().unwrap();
                let (original, copy) = match name.split('.').collect::<Vec<_>>()[..] {
                    [link, k, copy] if copy != "0" => (format!("{link}.{k}"), true),
                    _ => (name.to_string(), false),
                };
                let original = original.strip_suffix(".0").unwrap_or(&original);
                let known = sent.get(original).unwrap_or_else(|| panic!("nobody sent {message}"));
                let without_name = |message: &Value| {
                    let mut message = message.clone();
                    let fields = message.as_object_mut().unwrap();
                    fields.remove("name");
                    fields.remove("written");
                    message
                };
                assert_eq!(without_name(known), without_name(message));
                arrived += 1;
                copies += u64::from(copy);
            }
            for message in line["sent"].as_array().unwrap() {
                sent.insert(message["name"].as_str().unwrap().into(), message.clone());
            }
        }
    }
    println!("{arrived} messages arrived or were dropped, {copies} of them copies");
    assert!(arrived > 10_000 && copies > 100, "{arrived} {copies}");
}
