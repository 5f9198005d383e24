//! What the dissertation adds, in sentences: little stories that are told word by word.

use super::{s, sentences};
use wavetank::kv::Op;
use wavetank::raft::{Change, ReadMode, Rule, Rules, ServerSet, Timer, TimerRange};
use wavetank::sim::{Action, Options, Setup};
use wavetank::timeline::{Run, Start};

pub(super) fn set(numbers: &[u8]) -> ServerSet {
    numbers.iter().map(|&n| s(n)).collect()
}

pub(super) fn later(run: &mut Run, ms: u64) {
    run.run_until(run.world().now_us() + ms * 1000);
}

pub(super) fn act(run: &mut Run, action: Action) {
    run.act(action.clone()).unwrap_or_else(|refusal| panic!("{action:?}: {refusal}"));
}

fn submit(run: &mut Run, op: Op, mode: Option<ReadMode>) {
    act(run, Action::Submit { op, to: Some(s(1)), mode });
}

pub(super) fn put(run: &mut Run) {
    submit(run, Op::Put { key: "x".into(), value: "1".into() }, None);
}

fn get(run: &mut Run, mode: ReadMode) {
    submit(run, Op::Get { key: "x".into() }, Some(mode));
}

pub(super) fn change(run: &mut Run, change: Change) {
    act(run, Action::Change { change, at: None });
}

/// A short run from a state in which S1 leads, and what is said in it.
struct Story {
    name: &'static str,
    state: &'static str,
    options: fn(&mut Options),
    off: &'static [Rule],
    script: fn(&mut Run),
    says: &'static [&'static str],
}

pub(super) const THREE: &str = "S1:L2 11 c2 / S2:F2 11 c2 / S3:F2 11 c2";
const LONG: &str = "S1:L2 1111 c4 / S2:F2 1111 c4 / S3:F1";

fn plain_options(_: &mut Options) {}

const STORIES: &[Story] = &[
    Story {
        name: "PreVote: a server asks before it stands",
        state: "S1:x1 11 / S2:F1 11 / S3:F1 11",
        options: |o| o.pre_vote = true,
        off: &[],
        script: |run| later(run, 1000),
        says: &[
            "has heard nothing from a leader for its election timeout and asks whether it would be elected in term 2 (§5.2, D9.6).",
            "in term 2 and says so; nothing changes at S",
            "has the word of S2 and S3, a majority of three: it stands for election in term 2; it asks for votes when that is on its disk (D9.6, §5.2).",
        ],
    },
    Story {
        name: "PreVote: nobody is deposed that is heard",
        state: THREE,
        options: |o| o.pre_vote = true,
        off: &[],
        script: |run| {
            later(run, 100);
            act(run, Action::Cut { from: s(1), to: s(2) });
            act(run, Action::Fire { server: s(2), timer: Timer::Election });
            later(run, 100);
        },
        says: &[
            "S2's election timer is made to fire: it asks whether it would be elected in term 3 (§5.2, D9.6).",
            "S3 would not vote for S2 in term 3: it hears from a leader, so nobody need be elected (D9.6).",
            "S1 would not vote for S2 in term 3: it leads itself (D9.6).",
            "S2 hears that S3 would not vote for it in term 3 (D9.6).",
        ],
    },
    Story {
        name: "PreVote off by its rule",
        state: THREE,
        options: |o| o.pre_vote = true,
        off: &[Rule::PreVote],
        script: |run| act(run, Action::Fire { server: s(2), timer: Timer::Election }),
        says: &[
            "S2's election timer is made to fire: it stands for election in term 3; it asks for votes when that is on its disk; a rule is off here: nobody starts an election before a majority has said",
        ],
    },
    Story {
        name: "CheckQuorum: heard, and not heard",
        state: THREE,
        options: |o| o.check_quorum = true,
        off: &[],
        script: |run| {
            later(run, 500);
            act(run, Action::Partition { groups: vec![set(&[1]), set(&[2, 3])] });
            later(run, 700);
        },
        says: &[
            "S1 counts S1, S2 and S3 as heard since its last check, a majority of S1, S2 and S3, and leads on (D6.2).",
            "S1 counts only S1 as heard since its last check, no majority of S1, S2 and S3, and steps down (D6.2).",
        ],
    },
    Story {
        name: "stickiness: a vote request is ignored, and the term with it",
        state: THREE,
        options: |o| o.stickiness = true,
        off: &[],
        script: |run| {
            later(run, 100);
            act(run, Action::Fire { server: s(2), timer: Timer::Election });
            later(run, 30);
            act(run, Action::Crash { server: s(1) });
            later(run, 600);
        },
        says: &[
            "S3 ignores S2's request for a vote in term 3: it hears from a leader, so nobody need be elected, and its term stays as it is (D4.2.3).",
            "S1 ignores S2's request for a vote in term 3: it leads itself, and its term stays as it is (D4.2.3).",
            "S3 has heard from no leader for the shortest election timeout and heeds those who ask for its vote from now on (D4.2.3, D9.6).",
        ],
    },
    Story {
        name: "transfer to a server that has everything",
        state: THREE,
        options: |o| o.stickiness = true,
        off: &[],
        script: |run| {
            put(run);
            later(run, 300);
            act(run, Action::Transfer { to: s(3), at: None });
            put(run);
            later(run, 400);
        },
        says: &[
            "S1 is to hand its leadership over to S3, takes no more commands, and asks S3 to stand at once (D3.10).",
            "S1 hands its leadership over to S3, and keeps C1's x←1 waiting until that is over (D3.10).",
            "S1 asks S3 to take over: it stands for election in term 3 at once, and asks nobody before; it asks for votes when that is on its disk (D3.10).",
            "that a leader is there is no matter, since a leader has asked for this election",
            "C1, whose commands it had kept waiting, hears that it no longer leads",
        ],
    },
    Story {
        name: "transfer to a server that lags, and one that is given up",
        state: LONG,
        options: |o| o.noop = true,
        off: &[],
        script: |run| {
            act(run, Action::Transfer { to: s(3), at: None });
            later(run, 300);
            let leader = run.world().servers().iter().find(|server| server.node.is_leader()).unwrap();
            assert_eq!(leader.node.id(), s(3));
            act(run, Action::Crash { server: s(2) });
            act(run, Action::Transfer { to: s(2), at: None });
            later(run, 400);
        },
        says: &[
            "S1 is to hand its leadership over to S3, takes no more commands, and sends S3 first what it lacks (D3.10).",
            "S3 has what it needs now, and is asked to take over (§5.3, D3.10).",
            "S3 has waited an election timeout for S2 to take over and gives the transfer up: it leads on and takes commands again (D3.10).",
        ],
    },
    Story {
        name: "a server is added, then removed",
        state: THREE,
        options: plain_options,
        off: &[],
        script: |run| {
            put(run);
            later(run, 200);
            act(run, Action::Boot { server: s(4) });
            change(run, Change::Add(s(4)));
            run.act(Action::Change { change: Change::Remove(s(2)), at: None }).unwrap_err();
            later(run, 300);
            change(run, Change::Remove(s(1)));
            later(run, 100);
        },
        says: &[
            "S4 starts, with an empty disk and no idea of a cluster: it waits to be added (D4.2.1).",
            "S1 appends the configuration S1, S2, S3 and S4 as entry 4, and sends it to S2, S3 and S4; it is in force at once (D4.1).",
            "Nothing comes of “remove S2”: S1 declines: the change of the configuration at index 4 is not committed yet (D4.1).",
            "the configuration S1, S2, S3 and S4 is in force at S2 at once",
            "a majority of four: committed; with that the configuration S1, S2, S3 and S4 is committed (§5.3, §5.4.2, §6).",
            "S1 appends the configuration S2, S3 and S4 as entry 5, and sends it to S2, S3 and S4; it is in force at once: the leader does not count itself any more, and leads until that is committed",
            "the configuration in which it has no place is committed, and it steps down (§5.3, §5.4.2, §6).",
        ],
    },
    Story {
        name: "no change before an entry of the leader's own term",
        state: THREE,
        options: plain_options,
        off: &[],
        script: |run| {
            run.act(Action::Change { change: Change::Remove(s(3)), at: None }).unwrap_err();
            later(run, 50);
        },
        says: &[
            "Nothing comes of “remove S3”: S1 declines: it has not committed an entry of its own term yet (the no-op option gives it one at once) (D4.1 (2015)).",
        ],
    },
    Story {
        name: "a new server catches up before it votes",
        state: THREE,
        options: |o| o.catch_up_rounds = 10,
        off: &[],
        script: |run| {
            put(run);
            later(run, 200);
            act(run, Action::Boot { server: s(4) });
            act(run, Action::Fire { server: s(4), timer: Timer::Election });
            change(run, Change::Add(s(4)));
            act(run, Action::Cut { from: s(1), to: s(4) });
            later(run, 200);
            act(run, Action::Heal);
            later(run, 400);
        },
        says: &[
            "S4's election timer runs out, but it knows of no cluster: it waits to be added (D4.2.1).",
            "S1 appends the configuration S1, S2 and S3 (learning: S4) as entry 4, and sends it to S2, S3 and S4; it is in force at once: S4 receives the log, and becomes a voter when it has caught up",
            "The round in which S4 catches up with S1 takes longer than an election timeout, which is not fast enough for a voter: another round follows (D4.2.1).",
            "S4 has caught up and becomes a voter: S1, S2, S3 and S4, at once in force",
        ],
    },
    Story {
        name: "joint consensus",
        state: THREE,
        options: plain_options,
        off: &[],
        script: |run| {
            put(run);
            later(run, 200);
            act(run, Action::Boot { server: s(4) });
            act(run, Action::Boot { server: s(5) });
            let joint = Change::Joint { voters: set(&[1, 4, 5]), learners: set(&[2]), manual: false };
            change(run, joint);
            later(run, 300);
        },
        says: &[
            "S1 appends the configuration S1, S4 and S5 together with the old S1, S2 and S3 (learning: S2) as entry 4, and sends it to S2, S3, S4 and S5; it is in force at once: until it is committed, majorities of the old and of the new voters are needed",
            "a majority of the three new and of the three old voters: committed; the joint configuration is committed, so it goes on to the new one: S1, S4 and S5 (learning: S2), at once in force (§5.3, §5.4.2, §6).",
            "a majority of three: committed; with that the configuration S1, S4 and S5 (learning: S2) is committed",
        ],
    },
    Story {
        name: "a configuration goes with its entry",
        state: THREE,
        options: plain_options,
        off: &[],
        script: |run| {
            put(run);
            later(run, 200);
            act(run, Action::Partition { groups: vec![set(&[1]), set(&[2, 3])] });
            change(run, Change::Remove(s(3)));
            later(run, 700);
            act(run, Action::Submit { op: Op::Set { value: "7".into() }, to: Some(s(2)), mode: None });
            later(run, 1500);
            act(run, Action::Heal);
            later(run, 700);
        },
        says: &["the entry that had changed the configuration is gone, so S1, S2 and S3 is in force again"],
    },
    Story {
        name: "snapshots are taken, sent in pieces and installed",
        state: LONG,
        options: |o| o.snapshot_chunk = 20,
        off: &[],
        script: |run| {
            act(run, Action::Partition { groups: vec![set(&[1, 2]), set(&[3])] });
            put(run);
            later(run, 100);
            act(run, Action::Snapshot { server: s(1) });
            run.act(Action::Snapshot { server: s(1) }).unwrap_err();
            act(run, Action::Snapshot { server: s(2) });
            later(run, 50);
            act(run, Action::Crash { server: s(1) });
            act(run, Action::Restart { server: s(1) });
            later(run, 1500);
            act(run, Action::Heal);
            later(run, 2000);
        },
        says: &[
            "S1 takes a snapshot of its state machine up to entry 5; when that is on its disk, the log gives up what it covers (§7).",
            "Nothing comes of “snapshot of S1”: S1 declines: nothing was applied since the last snapshot, or one is being written.",
            "S1's own snapshot up to entry 5 is on its disk: its log gives up what that covers (§7, D3.8).",
            "a snapshot up to entry 5 with 0 entries behind it",
            "'s snapshot up to entry 5 reach S3: S3 asks for what it lacks",
            "S3 has the snapshot up to byte 20: S",
            "'s snapshot up to entry 5 in the place of its state machine; the log does not have that entry, so all of it goes; its answer leaves when that is on its disk (§7).",
            "'s snapshot up to entry 5 is on its disk; its answer to S",
        ],
    },
    Story {
        name: "snapshots are taken by themselves",
        state: THREE,
        options: |o| o.snapshot_every = 3,
        off: &[],
        script: |run| {
            put(run);
            later(run, 200);
        },
        says: &["committed; it takes a snapshot up to entry 3, which goes to its disk (§5.3, §5.4.2, §7)."],
    },
    Story {
        name: "reads: by a round, by a lease, by whoever is asked",
        state: THREE,
        options: |o| {
            (o.lease, o.stickiness, o.drift_ppm) = (true, true, 100_000);
        },
        off: &[],
        script: |run| {
            get(run, ReadMode::ReadIndex);
            act(run, Action::Propose { server: s(1), op: Op::Set { value: "7".into() } });
            later(run, 5);
            act(run, Action::Partition { groups: vec![set(&[1]), set(&[2, 3])] });
            later(run, 50);
            act(run, Action::Heal);
            later(run, 500);
            get(run, ReadMode::ReadIndex);
            later(run, 200);
            get(run, ReadMode::Lease);
            later(run, 200);
            get(run, ReadMode::Local);
            later(run, 200);
            act(run, Action::Crash { server: s(2) });
            act(run, Action::Restart { server: s(2) });
            act(run, Action::Fire { server: s(3), timer: Timer::Election });
        },
        says: &[
            "S3's election timer is made to fire, but it hears from a leader, and a lease may count on its silence: it does not stand (D6.4.1).",
            "C1 asks S1 to read x by ReadIndex (D6.4).",
            "C1 asks S1 to read x by the leader's lease (D6.4).",
            "S1 keeps C1's x? until it has committed an entry of its own term (D6.4).",
            "S1 notes commitIndex 3 for C1's x?, and asks S2 and S3 whether it still leads (D6.4).",
            "a majority has answered since C1 asked, so it still leads and answers the read",
            "S1 holds a lease and answers C1's x? at once, without asking whether it still leads (D6.4.1).",
            "S1 answers C1's x? at once from what it has applied, up to entry 3: that may be old (D6.4).",
            "The time of S1's lease, or of its attempt at one, is over: whenever it has none, it answers reads by ReadIndex (D6.4.1).",
            "S2 restarts from its disk: it knows term 2, a vote for nobody and 3 entries; its commitIndex begins at 0 again; it withholds its vote for an election timeout, as a lease may count on it (D3.8, D6.4.1).",
        ],
    },
    Story {
        name: "sessions: opened, ended, and a command that comes twice",
        state: THREE,
        options: |o| {
            (o.sessions, o.client_timeout_us) = (true, 100_000);
        },
        off: &[],
        script: |run| {
            submit(run, Op::Increment { key: "n".into() }, None);
            later(run, 300);
            submit(run, Op::Increment { key: "n".into() }, None);
            act(run, Action::Partition { groups: vec![set(&[1]), set(&[2, 3])] });
            later(run, 140);
            act(run, Action::Heal);
            later(run, 500);
        },
        says: &[
            "S1 takes C1's request for a session into its log as entry 3 of term 2",
            "C1 has a session at S1 now, and asks S1 for what it wanted (D6.3).",
            "a command that was applied before is not applied again: its answer comes from memory",
        ],
    },
    Story {
        name: "a session ends",
        state: THREE,
        options: |o| {
            (o.sessions, o.session_life) = (true, 2);
        },
        off: &[],
        script: |run| {
            put(run);
            later(run, 300);
            for _ in 0..4 {
                act(run, Action::Propose { server: s(1), op: Op::Set { value: "1".into() } });
            }
            later(run, 300);
            put(run);
            later(run, 300);
        },
        says: &[
            "a command without a session is not applied",
            "C1 hears from S1 that its session has ended, and asks S1 for a new one (D6.3).",
        ],
    },
    Story {
        name: "disks and clocks",
        state: "S1:L2 11 c2 / S2:F2 11 c2 / S3:F2 11 c2 / S4:F2 11 c2",
        options: plain_options,
        off: &[],
        script: |run| {
            act(run, Action::Propose { server: s(1), op: Op::Set { value: "7".into() } });
            act(run, Action::Tear { server: s(1) });
            act(run, Action::Restart { server: s(1) });
            act(run, Action::SetClock { server: s(2), ppm: -105_000 });
            act(run, Action::SetClock { server: s(2), ppm: 0 });
            act(run, Action::SetDisk { server: s(3), lies: true, fsync: None });
            act(run, Action::SetDisk { server: s(3), lies: false, fsync: None });
            let fsync = Some(TimerRange { min_us: 100_000, max_us: 200_000 });
            act(run, Action::SetDisk { server: s(3), lies: false, fsync });
            run.act(Action::SetDisk { server: s(3), lies: false, fsync }).unwrap_err();
            act(run, Action::SetDisk { server: s(3), lies: true, fsync: None });
            act(run, Action::StallDisk { server: s(3), for_us: 1_500_000 });
            act(run, Action::Wipe { server: s(4) });
            run.act(Action::Restart { server: s(4) }).unwrap_err();
            act(run, Action::Wipe { server: s(5) });
        },
        says: &[
            "S1 crashes in the middle of a write: its disk has whole entries up to 2, and behind them a piece of one (D3.8).",
            "a torn entry behind that was known by its checksum, and is cut off (D3.8).",
            "S2's clock runs 10.5 % slow from now on: Raft's safety does not depend on clocks, but leases do (D6.4.1).",
            "S2's clock runs right from now on (D6.4.1).",
            "S3's disk says from now on that a write is done before it is: that is outside of Raft's fault model, and no promise holds any more (D3.8).",
            "S3's disk is honest again: what it says is written is written (D3.8).",
            "S3's disk takes 100 ms to 200 ms for each write from now on: whatever has to be on it first waits that long, while a leader can commit by the disks of the others (D10.2.1).",
            "Nothing comes of “S3's disk takes 100 ms to 200 ms for a write”: nothing to do: that is already the case.",
            "S3's disk takes as long for each write as the others' again and says from now on that a write is done before it is",
            "S3's disk stalls for 1.5 s: what waits for a write waits until then, and a crash before then loses it (D3.8, D10.2.1).",
            "S4 loses its disk, and nobody of that name comes back; another server starts empty, under a new name, and waits to be added (D3.8, D4.1).",
            "Nothing comes of “restart S4”: S4 has lost its disk",
            "S5 loses its disk, and nobody of that name comes back; another server starts empty, under a new name, and waits to be added (D3.8, D4.1).",
        ],
    },
    Story {
        name: "a candidate that everybody has refused; one entry lost in a crash",
        state: "S1:F2 1 c1 / S2:F2 11 c1 / S3:F2 11 c1",
        options: plain_options,
        off: &[],
        script: |run| {
            act(run, Action::Fire { server: s(1), timer: Timer::Election });
            later(run, 100);
            act(run, Action::Fire { server: s(2), timer: Timer::Election });
            later(run, 100);
            act(run, Action::Propose { server: s(2), op: Op::Set { value: "7".into() } });
            act(run, Action::Crash { server: s(2) });
        },
        says: &[
            "S1 has had every other server's answer and no majority in term 3 yet: it asks nobody again (§5.2).",
            "S2 crashes: entry 3 had not reached its disk and is lost (§5.5, D3.8).",
        ],
    },
    Story {
        name: "a wiped server that comes back under its old name; term and vote written apart",
        state: THREE,
        options: plain_options,
        off: &[Rule::FreshIdentity, Rule::TermAndVoteTogether],
        script: |run| {
            act(run, Action::Wipe { server: s(3) });
            act(run, Action::Fire { server: s(2), timer: Timer::Election });
            later(run, 100);
        },
        says: &[
            "S3 loses its disk and comes back under its old name, having forgotten what it promised: that is outside of Raft's fault model; a rule is off here",
            "S2's new term 3, still without its vote, is on its disk; its requests for votes leave",
        ],
    },
];

#[test]
fn little_stories_are_told_word_by_word() {
    let mut missing = Vec::new();
    for story in STORIES {
        let servers = story.state.split('/').count() as u8;
        let mut setup = Setup { rules_off: Rules::without(story.off), ..Setup::new(servers, 7) };
        (story.options)(&mut setup.options);
        let mut run = Run::from_start(&setup, Start::State(story.state.into())).unwrap();
        (story.script)(&mut run);
        let all: Vec<String> = sentences(&run).iter().map(ToString::to_string).collect();
        for expected in story.says.iter().filter(|says| !all.iter().any(|text| text.contains(**says))) {
            missing.push(format!("{}: missing: {expected}\n{}", story.name, all.join("\n")));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n\n"));
}
