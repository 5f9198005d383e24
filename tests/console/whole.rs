//! Commands for what the dissertation adds: members, leadership, snapshots, reads, disks, clocks, options.

use super::{answer, ask, cluster, in_state, later, leader, role, s, say, table};
use std::collections::BTreeSet;
use wavetank::console::{COMMANDS, Command, Line, Shell, complete, parse};
use wavetank::kv::Op;
use wavetank::raft::{Change, ReadMode, RoleName, Rule, ServerId, ServerSet, Timer, TimerRange};
use wavetank::sim::{Action, LinkPreset, Options};
use wavetank::timeline::Run;

fn set(numbers: &[u8]) -> ServerSet {
    numbers.iter().map(|&n| s(n)).collect()
}

/// Five servers whose leader has committed an entry of its own term, and whom nobody disturbs who was
/// removed.
fn settled() -> (Run, ServerId, Vec<ServerId>) {
    let mut run = cluster();
    for option in ["preVote", "stickiness"] {
        texts(&mut run, &format!("set {option} on"));
    }
    ask(&mut run, "put x 1");
    let leader = leader(&run).unwrap();
    let others = run.world().ids().filter(|&id| id != leader).collect();
    (run, leader, others)
}

fn texts(run: &mut Run, line: &str) -> Vec<String> {
    let lines = say(run, line).into_iter().map(|said| match said {
        Line::Text(text) => text,
        other => panic!("{line}: {other:?}"),
    });
    lines.collect()
}

fn voters(run: &Run, id: ServerId) -> ServerSet {
    run.world().server(id).unwrap().node.configuration().voters
}

#[test]
fn a_server_that_is_added_is_started_first() {
    let (mut run, leader, _) = settled();
    let said = texts(&mut run, "add s6");
    assert!(said[0].starts_with("S6 starts, with an empty disk"), "{said:?}");
    assert!(
        said[1]
            .starts_with(&format!("{leader} appends the configuration S1, S2, S3, S4, S5 and S6 as entry 2")),
        "{said:?}"
    );
    assert_eq!(voters(&run, leader), ServerSet::first(6));
    let why = answer(&mut run, "add S7").unwrap_err();
    assert!(why.contains("not committed yet. Wait until that is committed."), "{why}");
    assert!(run.world().server(s(7)).is_none(), "nothing is begun that is not done");
    later(&mut run, 1000);
    assert_eq!(voters(&run, s(6)), ServerSet::first(6), "the new one has heard of it");
    assert_eq!(
        answer(&mut run, "add S6").unwrap_err(),
        format!("Nothing was done: {leader} declines: the configuration already looks like that.")
    );
    assert!(answer(&mut run, "add S9").unwrap_err().contains("S7 is the next name that nobody has had"));
    assert!(answer(&mut run, "remove s6").unwrap().contains("S1, S2, S3, S4 and S5 as entry 3"));
    later(&mut run, 500);
    assert!(answer(&mut run, "learner S6").unwrap().contains("(learning: S6)"));
    later(&mut run, 500);
    assert_eq!(run.world().server(leader).unwrap().node.configuration().learners, set(&[6]));
    assert_eq!(run.violations(), []);
}

#[test]
fn nobody_can_be_added_while_nobody_leads_or_may_decide() {
    let mut run = in_state("S1:F2 11 / S2:F2 11 / S3:F2 11");
    assert_eq!(
        answer(&mut run, "add S4").unwrap_err(),
        "Nothing was done: nobody leads, so there is nobody to ask: wait for an election."
    );
    assert_eq!(run.world().servers().len(), 3);
    let mut run = in_state("S1:L2 11 c2 / S2:F2 11 / S3:F2 11");
    let why = answer(&mut run, "add S4").unwrap_err();
    assert!(why.ends_with("(the no-op option gives it one at once). ‘put x 1’ gives it one."), "{why}");
    assert_eq!(run.world().servers().len(), 3);
    let why = answer(&mut run, "add S4 S5").unwrap_err();
    assert!(why.starts_with("Servers come and go one at a time (D4.1)"), "{why}");
}

#[test]
fn a_joint_change_is_begun_and_left() {
    let (mut run, leader, _) = settled();
    let said = texts(&mut run, &format!("joint {leader}, S6 s7 learners S8 manual"));
    assert_eq!(said.len(), 4, "three servers start, then they join: {said:?}");
    assert!(said[3].contains("until somebody asks to leave it"), "{said:?}");
    later(&mut run, 500);
    let (_, rows) = table(&mut run, "members");
    let row = &rows[leader.slot()];
    let expected = ["2", "with S1, S2, S3, S4 and S5, until ‘leave’", "S8", "2 of 3 and 3 of 5"];
    assert_eq!(row[2..], expected.map(String::from));
    let why = answer(&mut run, "remove S6").unwrap_err();
    assert!(why.ends_with("leave it first. Write ‘leave’."), "{why}");
    assert!(answer(&mut run, "leave").unwrap().contains("appends the configuration"));
    later(&mut run, 500);
    let (head, rows) = table(&mut run, "config");
    assert_eq!(head, ["Server", "Configuration in force", "Since entry", "Joint", "Learners", "Needed"]);
    assert_eq!(rows[leader.slot()][2..], ["3", "no", "S8", "2 of 3"].map(String::from));
    let states =
        |run: &mut Run| table(run, "status").1.into_iter().map(|row| row[1].clone()).collect::<Vec<_>>();
    let now = states(&mut run);
    assert_eq!(
        (now[leader.slot()].as_str(), now[5].as_str(), now[7].as_str()),
        ("leader", "follower", "learner")
    );
    assert_eq!(now.iter().filter(|state| state.ends_with("removed")).count(), 4, "{now:?}");
    assert!(answer(&mut run, "boot").unwrap().starts_with("S9 starts"));
    assert_eq!(states(&mut run)[8], "new");
    assert!(answer(&mut run, "boot").unwrap_err().contains("names for no more"));
    assert!(answer(&mut run, "leave").unwrap_err().contains("in no joint configuration"));
    assert_eq!(run.violations(), []);
}

#[test]
fn leadership_is_handed_over() {
    let (mut run, leader, others) = settled();
    let text = answer(&mut run, &format!("transfer {}", others[1])).unwrap();
    assert!(text.contains("hand its leadership over"), "{text}");
    later(&mut run, 300);
    assert_eq!(super::leader(&run), Some(others[1]));
    let why = answer(&mut run, &format!("transfer {}", others[1])).unwrap_err();
    assert!(why.contains("it leads already"), "{why}");
    assert!(answer(&mut run, "transfer S9").unwrap_err().contains("there is no S9"));
    later(&mut run, 200);
    let why = answer(&mut run, &format!("state {leader} leader")).unwrap_err();
    assert!(why.ends_with(&format!("‘transfer {leader}’ has the leader hand over.")), "{why}");
    texts(&mut run, &format!("kill {}", others[1]));
    run.run_until(run.world().now_us() + 160_000);
    if super::leader(&run).is_none() && role(&run, leader) == RoleName::Follower {
        let text = answer(&mut run, &format!("state {leader} leader")).unwrap();
        assert!(text.contains("leads in term"), "{text}");
    }
}

#[test]
fn snapshots_torn_writes_lost_disks_clocks_and_lies() {
    let (mut run, leader, others) = settled();
    let [a, b, c, ..] = others[..] else { panic!("five servers") };
    assert!(
        answer(&mut run, &format!("snapshot {leader}"))
            .unwrap()
            .contains("takes a snapshot of its state machine up to entry 1")
    );
    later(&mut run, 50);
    assert_eq!(
        answer(&mut run, &format!("show_log {leader}")).unwrap(),
        format!("The log of {leader} is all in a snapshot up to entry 1.")
    );
    ask(&mut run, "put y 2");
    let lines = say(&mut run, &format!("log {leader}"));
    assert_eq!(lines[0], Line::Text("A snapshot covers the log up to entry 1.".into()));
    assert!(
        matches!(&lines[1], Line::Table { rows, .. } if rows.len() == 1 && rows[0][0] == "2"),
        "{lines:?}"
    );
    let why = answer(&mut run, &format!("tear {a}")).unwrap_err();
    assert!(
        why.ends_with("is not writing entries just now. A write lasts ‘fsync’, now 500 µs to 1.5 ms: make it longer by ‘option fsync 50ms’, or step until it writes entries."),
        "{why}"
    );
    run.act(Action::Propose { server: leader, op: Op::Set { value: "1".into() } }).unwrap();
    assert!(
        answer(&mut run, &format!("tear {leader}")).unwrap().contains("crashes in the middle of a write")
    );
    answer(&mut run, &format!("restart {leader}")).unwrap();
    assert!(answer(&mut run, &format!("wipe {a}")).unwrap().contains("nobody of that name comes back"));
    assert_eq!(
        (run.world().servers().len(), table(&mut run, "status").1[a.slot()][1].as_str()),
        (6, "its disk is lost")
    );
    for (rate, ppm) in [("+10%", 100_000), ("-10%", -100_000), ("250ppm", 250), ("0.5%", 5000), ("0", 0)] {
        assert!(answer(&mut run, &format!("clock {b} {rate}")).unwrap().contains("clock runs"), "{rate}");
        assert_eq!(run.world().server(b).unwrap().clock_ppm, ppm);
    }
    assert!(
        answer(&mut run, &format!("clock {b} fast")).unwrap_err().contains("‘fast’ is no rate: write +10%")
    );
    assert!(
        answer(&mut run, &format!("clock {b} 0"))
            .unwrap_err()
            .contains("nothing to do: that is already the case")
    );
    assert!(answer(&mut run, &format!("clock {b} -99%")).unwrap_err().contains("a clock can run by"));
    assert!(answer(&mut run, &format!("disk {c} LIES")).unwrap().contains("outside of Raft's fault model"));
    assert!(run.world().server(c).unwrap().disk.lies);
    assert!(
        answer(&mut run, &format!("disk {c} 1-5ms")).unwrap().contains("takes 1 ms to 5 ms for each write")
    );
    let disk = |run: &Run| run.world().server(c).unwrap().disk.clone();
    let own = |min_us, max_us| Some(TimerRange { min_us, max_us });
    assert_eq!((disk(&run).lies, disk(&run).fsync), (true, own(1000, 5000)), "one thing changes at a time");
    assert!(answer(&mut run, &format!("disk {c} honest")).unwrap().contains("is honest again"));
    assert_eq!((disk(&run).lies, disk(&run).fsync), (false, own(1000, 5000)));
    let slow = texts(&mut run, &format!("disk {c} 3s"));
    assert!(slow[0].contains("takes 3 s for each write") && slow[1].contains("election timeout"), "{slow:?}");
    assert_eq!(disk(&run).fsync, own(3_000_000, 3_000_000));
    assert!(answer(&mut run, &format!("disk {c} stall 2s")).unwrap().contains("disk stalls for 2 s"));
    assert_eq!(disk(&run).stalls_until_us, run.world().now_us() + 2_000_000);
    for wrong in ["stall", "stall soon"] {
        let why = answer(&mut run, &format!("disk {c} {wrong}")).unwrap_err();
        assert!(why.ends_with(&format!("write how long it stalls, as in ‘disk {c} stall 2s’.")), "{why}");
    }
    assert!(answer(&mut run, &format!("disk {c} 5-1ms")).unwrap_err().contains("upside down"));
    assert!(answer(&mut run, &format!("disk {c} Common")).unwrap().contains("as the others' again"));
    assert_eq!(disk(&run).fsync, None);
    assert!(answer(&mut run, "disk S9 3s").unwrap_err().contains("there is no S9"));
    assert!(answer(&mut run, &format!("disk {c} maybe")).unwrap_err().contains("lies or is honest"));
}

#[test]
fn reads_of_every_kind_are_answered() {
    let (mut run, _, others) = settled();
    texts(&mut run, "set lease on");
    later(&mut run, 500);
    for line in
        ["read x", "get x --mode readindex", "get --mode=lease x", "read x --mode local", "get x --MODE log"]
    {
        assert!(ask(&mut run, line).ends_with(": 1"), "{line}");
    }
    let old = others[0];
    texts(&mut run, &format!("pause {old}"));
    texts(&mut run, &format!("resume {old}"));
    assert!(ask(&mut run, &format!("get x --mode local --at {old}")).ends_with(": 1"));
    assert_eq!(
        parse("read k --at s2 --mode Lease"),
        Ok(Command::Ask(Op::Get { key: "k".into() }, Some(s(2)), Some(ReadMode::Lease)))
    );
    assert!(
        matches!(parse("get \"--mode\""), Ok(Command::Ask(Op::Get { key }, None, None)) if key == "--mode")
    );
    for (line, says) in [
        ("get", "Write ‘get KEY"),
        ("get a b", "Text with spaces goes in quotes."),
        ("get a --mode", "is no way to read: write log, readIndex, lease or local."),
        ("get a --mode fast", "‘fast’ is no way to read"),
        ("get a --at x", "‘x’ is not a server"),
        ("get a --from S1", "Write ‘get KEY"),
    ] {
        assert!(parse(line).unwrap_err().contains(says), "{line}: {:?}", parse(line));
    }
    assert!(ask(&mut run, "increment n").ends_with(": 1"));
    assert!(ask(&mut run, "incr n").ends_with(": 2"));
}

/// Every option of the simulator, by the names that files have for them.
fn names_in_files() -> BTreeSet<String> {
    let all = Options {
        window: 1,
        write_before_send: true,
        pre_vote: true,
        check_quorum: true,
        stickiness: true,
        lease: true,
        drift_ppm: 1,
        catch_up_rounds: 1,
        hand_over_on_removal: true,
        snapshot_every: 1,
        snapshot_chunk: 1,
        sessions: true,
        session_life: 1,
        reads: ReadMode::Local,
        paper: true,
        ..Options::default()
    };
    let json = serde_json::to_value(&all).unwrap();
    let link = json["link"].as_object().unwrap().keys();
    json.as_object().unwrap().keys().filter(|key| *key != "link").chain(link).cloned().collect()
}

#[test]
fn every_option_is_listed_and_can_be_set() {
    let mut run = cluster();
    let (head, rows) = table(&mut run, "options");
    assert_eq!(head, ["Option", "Is", "What it says"]);
    assert_eq!(table(&mut run, "option").1, rows);
    let names = names_in_files();
    assert_eq!(rows.len(), names.len(), "{names:?}");
    for name in names {
        let why = parse(&format!("option {name} (")).unwrap_err();
        assert!(why.contains(" takes "), "{name}: {why}");
    }
    for (line, says) in [
        (
            "set preVote on",
            "preVote is on now: whether servers ask if they would be elected before they stand (D9.6).",
        ),
        ("SET PREVOTE OFF", "preVote is off now"),
        ("option checkQuorum=on", "checkQuorum is on now"),
        ("option election 200-400ms", "election is 200 ms to 400 ms now"),
        ("set heartbeat 30", "heartbeat is 30 ms now"),
        ("set heartbeatUs 40000", "heartbeat is 40 ms now"),
        ("set latency 1ms 2ms", "latency is 1 ms to 2 ms now"),
        ("set loss 5%", "loss is 5 % now"),
        ("set lossPpm 2500", "loss is 0.25 % now"),
        ("set duplicate 0.1%", "duplicate is 0.1 % now"),
        ("set shape longtail", "shape is longTail now"),
        ("set backtracking ConflictHints", "backtracking is conflictHints now"),
        ("set reads readindex", "reads is readIndex now"),
        ("set snapshotEvery 8", "snapshotEvery is 8 now"),
        ("set snapshotEvery off", "snapshotEvery is 0 now"),
        ("set workloadEvery 1s", "workloadEvery is 1 s now"),
        ("set driftPpm 1000", "driftPpm is 0.1 % now"),
    ] {
        let said = texts(&mut run, line);
        assert!(said[0].starts_with(says), "{line}: {said:?}");
    }
    let options = run.world().options();
    assert_eq!(
        (options.election.min_us, options.heartbeat_us, options.link.loss_ppm),
        (200_000, 40_000, 2500)
    );
    assert_eq!((options.reads, options.check_quorum, options.pre_vote), (ReadMode::ReadIndex, true, false));
    let said = texts(&mut run, "set lease on");
    assert!(
        said[1].starts_with("Leases need stickiness"),
        "what one may not have thought of is said: {said:?}"
    );
    for (line, says) in [
        ("set lease on", "Nothing was done: nothing to do: that is already the case."),
        (
            "set lease maybe",
            "lease takes on or off, not ‘maybe’: it says whether leaders hold leases (D6.4.1).",
        ),
        ("set election 300-150ms", "Nothing was done: election: the range 300 ms to 150 ms is upside down"),
        ("set heartbeat soon", "heartbeat takes a time such as 50ms or 1.5s"),
        ("set loss 5", "loss takes a share such as 5%"),
        ("set maxEntries 99999999999", "maxEntries takes a number"),
        ("set maxEntries 0", "Nothing was done: maxEntries: 0 is out of bounds"),
        ("set preVote", "preVote is an option: write ‘option preVote VALUE’, or put it in quotes"),
        ("option prevot on", "There is no option ‘prevot’. Did you mean ‘preVote’?"),
        ("option colour red", "There is no option ‘colour’. ‘options’ shows them all."),
        (
            "set prevot on",
            "There is no option ‘prevot’. Did you mean ‘preVote’? To write a key: ‘put prevot on’.",
        ),
        ("set los=5", "There is no option ‘los’. Did you mean ‘loss’? To write a key: ‘put los 5’."),
        (
            "set colour on",
            "There is no option ‘colour’. ‘options’ shows them all. To write a key: ‘put colour on’.",
        ),
        ("lease on", "There is no command ‘lease’. Did you mean ‘option lease on’?"),
        ("prevote=on", "There is no command ‘prevote=on’. Did you mean ‘option preVote on’?"),
        ("prevot off", "There is no command ‘prevot’. Did you mean ‘option preVote off’?"),
        ("election", "There is no command ‘election’. Did you mean ‘option election VALUE’?"),
        ("set loss 200%", "Nothing was done: loss: 200 % is out of bounds; use 0 % to 100 %."),
    ] {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.starts_with(says), "{line}: {why}");
    }
    assert!(matches!(parse("set colour red"), Ok(Command::Ask(Op::Put { .. }, None, None))));
    assert!(matches!(parse("set 'prevot' on"), Ok(Command::Ask(Op::Put { .. }, None, None))));
    assert!(matches!(parse("set colour \"on\""), Ok(Command::Ask(Op::Put { .. }, None, None))));
    assert!(matches!(parse("set prevot"), Ok(Command::Ask(Op::Set { .. }, None, None))));
    assert!(matches!(parse("set 'lease'"), Ok(Command::Ask(Op::Set { .. }, None, None))));
    assert!(matches!(parse("put lease on"), Ok(Command::Ask(Op::Put { .. }, None, None))));
}

#[test]
fn a_pre_candidate_is_shown_as_one() {
    let (mut run, _, others) = settled();
    answer(&mut run, &format!("partition {}", others[0])).unwrap();
    run.act(Action::Fire { server: others[0], timer: Timer::Election }).unwrap();
    assert_eq!(table(&mut run, "status").1[others[0].slot()][1], "pre-candidate");
}

#[test]
fn what_is_wrong_is_told_with_what_to_write() {
    for (line, says) in [
        ("add", "Write ‘add S6’"),
        ("remove S1 S2", "Servers come and go one at a time"),
        ("add x", "‘x’ is not a server"),
        ("transfer S1 S2", "Write ‘transfer S3’"),
        ("joint", "Write ‘joint S1 S2 S6 [learners S7] [manual]’"),
        ("joint learners S2", "Write ‘joint"),
        ("joint S1 learners S2 learners S3", "Write ‘joint"),
        ("joint S1 x", "‘x’ is not a server"),
        ("leave now", "Write ‘leave’"),
        ("boot S1 S2", "Write ‘boot [S6]’"),
        ("snapshot", "Write ‘snapshot S1 …’"),
        ("wipe", "Write ‘wipe S2 …’"),
        ("clock S1", "Write ‘clock S2"),
        ("clock S1 +-5%", "is no rate"),
        ("clock S1 5", "‘5’ is no rate"),
        ("disk S1", "Write ‘disk S2 3s|1-5ms|common|stall 2s|lies|honest’"),
        ("send S1", "Write ‘send S1 S2 [empty]’"),
        ("send S1 S2 full", "Write ‘send"),
        ("send empty", "Write ‘send"),
        ("send S1 S1", "S1 sends itself nothing"),
        ("config all", "Write ‘config’"),
        ("options all", "Write ‘options’"),
        ("increment", "Write ‘increment KEY’"),
        ("lerner S6", "Did you mean ‘learner’?"),
    ] {
        let why = parse(line).unwrap_err();
        assert!(why.contains(says), "{line}: {why}");
    }
    let change = |line| match parse(line) {
        Ok(Command::Change(change)) => change,
        other => panic!("{line}: {other:?}"),
    };
    let joint = |voters: &[u8], learners: &[u8], manual| Change::Joint {
        voters: set(voters),
        learners: set(learners),
        manual,
    };
    assert_eq!(change("joint S1,S2 S6"), joint(&[1, 2, 6], &[], false));
    assert_eq!(change("JOINT s1 LEARNERS s2 s3 MANUAL"), joint(&[1], &[2, 3], true));
    assert_eq!(change("leave"), Change::Leave);
}

#[test]
fn tab_completes_the_new_commands_too() {
    let run = cluster();
    let table: &[(&str, &[&str])] = &[
        ("tra", &["transfer"]),
        ("add S6", &[]),
        ("add S", &["add S1", "add S2", "add S3", "add S4", "add S5", "add S6"]),
        ("boot ", &["boot S6"]),
        ("joint S1 l", &["joint S1 learners"]),
        ("set prev", &["set preVote"]),
        ("set preVote o", &["set preVote on", "set preVote off"]),
        ("option reads re", &["option reads readIndex"]),
        ("get k --m", &["get k --mode"]),
        ("get k --mode le", &["get k --mode lease"]),
        ("get k --at S1", &[]),
        ("disk S1 l", &["disk S1 lies"]),
        ("disk S1 s", &["disk S1 stall"]),
        ("send S1 S2 ", &["send S1 S2 empty"]),
        ("disk S1 stall ", &["disk S1 stall 2s"]),
        ("clock S1 +", &["clock S1 +10%"]),
        ("rea", &["read"]),
        ("links qu", &["links quorumLoss"]),
        ("schedule cr", &["schedule crash", "schedule crashLeader"]),
        ("schedule links b", &["schedule links bridge"]),
        ("schedule pause 5s f", &["schedule pause 5s for"]),
    ];
    for (prefix, expected) in table {
        assert_eq!(complete(prefix, &run), *expected, "{prefix}");
    }
}

#[test]
fn links_fail_in_ways_that_have_names() {
    let mut run = in_state("S1:L1 1 / S2 1 / S3 1");
    let told = answer(&mut run, "links ONEWAY").unwrap();
    assert_eq!(told, "The network is cut as ‘one way’: what is left is S1→S2, S1→S3, S2–S3 (D6.2).");
    let (_, rows) = table(&mut run, "links");
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, LinkPreset::ALL.map(LinkPreset::name));
    for (line, words) in [
        ("links brigde", "Links do not fail as ‘brigde’. Did you mean ‘bridge’?"),
        ("links ring", "it takes 4 at least"),
        ("links oneWay", "nothing to do: that is already the case"),
        ("links S1 S2", "Write ‘links [PRESET]’"),
    ] {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.contains(words), "{line}: {why}");
    }
}

#[test]
fn faults_are_scheduled_shown_and_ended() {
    let mut run = in_state("S1:L1 1 / S2 1 / S3 1");
    assert_eq!(
        answer(&mut run, "schedule").unwrap(),
        "No schedule is in force: ‘schedule crash 5s for 1s’ sets one."
    );
    let told = answer(&mut run, "schedule crash 5s for 1s").unwrap();
    assert_eq!(told, "From now on, every 5 s, a random server crashes, for 1 s.");
    answer(&mut run, "every LINKS bridge 250").unwrap();
    later(&mut run, 100);
    let (_, rows) = table(&mut run, "schedule");
    assert_eq!(rows, [["crash", "5 s", "1 s", "4.9 s"], ["links bridge", "250 ms", "good", "150 ms"]]);
    answer(&mut run, "schedule links stop").unwrap();
    answer(&mut run, "schedule pause 1s").unwrap();
    assert_eq!(
        answer(&mut run, "schedule stop").unwrap(),
        "All schedules end; what they have begun still ends in its time."
    );
    assert!(run.world().schedules().running().is_empty());
    for (line, words) in [
        ("schedule explode 5s", "‘explode’ can't be scheduled: write crash, crashLeader, pause"),
        ("schedule crash", "Write ‘schedule crash|crashLeader"),
        ("schedule crash 5 s", "Write ‘schedule crash|crashLeader"),
        ("schedule crash often", "‘often’ is no time: write 5s, 250ms or 800us."),
        ("schedule crash 0", "‘0’ is no time"),
        ("schedule crash 5s for ever", "‘ever’ is no time"),
        ("schedule links 5s", "Links do not fail as ‘5s’."),
        ("schedule crash 999us", "a schedule does something every 1 ms to 600 s"),
        ("schedule crash stop", "no schedule of ‘crash’ is in force"),
    ] {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.contains(words), "{line}: {why}");
    }
}

#[test]
fn background_clients_are_set_to_work_shown_and_stopped() {
    let mut run = in_state("S1:L1 1 / S2 1 / S3 1");
    let nothing =
        "No background client asks for anything: ‘workload 3 clients 50ms reads 50%’ sets some to work.";
    assert_eq!(answer(&mut run, "workload").unwrap(), nothing);
    let line = "workload 3 clients 50ms reads 50% increments 12.5% hot 80% mode readIndex";
    let told = "From now on each of C2 to C4 asks something every 50 ms: 50 % reads and 12.5 % increments, the others writes, of 5 keys, 80 % of them to k0; reads by ReadIndex.";
    assert_eq!(answer(&mut run, line).unwrap(), told);
    assert_eq!(answer(&mut run, "workload").unwrap(), told);
    assert_eq!(
        answer(&mut run, "load 1 client 1s keys 1").unwrap(),
        "From now on C2 asks something every 1 s: writes, of 1 key."
    );
    answer(&mut run, "workload stop").unwrap();
    assert_eq!(answer(&mut run, "workload").unwrap(), nothing);
    for (line, words) in [
        ("workload 3", "Write ‘workload N clients 50ms"),
        ("workload three clients 5ms", "Write ‘workload N clients 50ms"),
        ("workload 3 clients 5ms reads", "Write ‘workload N clients 50ms"),
        ("workload 3 clients 5ms reads half", "‘half’ is no share"),
        ("workload 3 clients soon", "‘soon’ is no time"),
        ("workload 3 clients 5ms mode now", "‘now’ is no way to read"),
        ("workload 300 clients 5ms", "there can be 5 background clients, C2 to C6"),
    ] {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.contains(words), "{line}: {why}");
    }
}

#[test]
fn every_action_of_a_command_is_announced_in_order() {
    let (mut run, ..) = settled();
    let before = run.recording().actions.len();
    let mut noted = Vec::new();
    for line in ["joint S1 S6 S7", "set preVote off", "wipe S2 S3", "add S9 S8", "read x --mode local"] {
        Shell::new().execute_noting(line, &mut run, &mut |when, action| noted.push((when, action.clone())));
    }
    let recorded = run.recording().actions.into_iter().skip(before);
    assert_eq!(noted, recorded.map(|stamped| (stamped.when, stamped.action)).collect::<Vec<_>>());
    let boots = noted.iter().filter(|(_, action)| matches!(action, Action::Boot { .. })).count();
    assert_eq!((boots, noted.len()), (2, 7));
}

#[test]
fn every_command_has_a_line_that_does_it() {
    let lines = [
        "status",
        "show_log",
        "set 5",
        "put x 1",
        "get x",
        "delete x",
        "append x 1",
        "cas x - 1",
        "increment n",
        "submit hello",
        "kill S5",
        "restart S5",
        "pause S4",
        "resume S4",
        "timeout S3",
        "state S3 follower",
        "partition S1",
        "links bridge",
        "schedule crash 5s for 1s",
        "workload 2 clients 50ms",
        "heal",
        "cut S1 S2",
        "mend S1 S2",
        "config",
        "add S6",
        "learner S6",
        "remove S6",
        "joint S1 S2 S3 manual",
        "leave",
        "boot",
        "transfer S2",
        "snapshot S1",
        "tear S1",
        "wipe S4",
        "clock S1 +10%",
        "disk S1 lies",
        "disk S1 1-5ms",
        "send S1 S2",
        "send S1 S2 empty",
        "disk S1 stall 2s",
        "option preVote on",
        "options",
        "rule oneVotePerTerm off",
        "rules",
        "history",
        "help",
        "clear",
    ];
    let names: BTreeSet<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, COMMANDS.iter().map(|help| help.name).collect());
    let mut run = cluster();
    let mut shell = Shell::new();
    for line in lines {
        assert!(parse(line).is_ok(), "{line}");
        let before = run.world().events();
        let said = shell.execute(line, &mut run);
        assert!(!said.is_empty() || line == "history", "{line} says what it did");
        let asks = matches!(said.first(), Some(Line::Table { .. } | Line::Clear))
            || matches!(line, "history" | "help");
        let refused = matches!(said.first(), Some(Line::Error(_)));
        assert!(asks || refused || run.world().events() > before, "{line} does something: {said:?}");
        later(&mut run, 400);
    }
    assert!(!run.world().rules().is_on(Rule::OneVotePerTerm));
}
