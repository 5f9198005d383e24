//! The console drives real runs: every command does what its help says, and nothing typed can hurt.

use std::sync::OnceLock;
use wavetank::console::{COMMANDS, Command, LINE_MAX, Line, Shell, complete, parse};
use wavetank::kv::Op;
use wavetank::raft::{RoleName, Rule, ServerId};
use wavetank::sim::{Endpoint, Setup, What};
use wavetank::timeline::{Run, Start};

#[path = "console/fuzz.rs"]
mod fuzz;
#[path = "console/whole.rs"]
mod whole;

fn s(n: u8) -> ServerId {
    ServerId::new(n).unwrap()
}

/// Five servers that have a leader.
fn cluster() -> Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let mut run = Run::new(&Setup::new(5, 7)).unwrap();
        run.run_until(1_000_000);
        assert!(leader(&run).is_some());
        run
    })
    .clone()
}

fn in_state(state: &str) -> Run {
    let servers = state.split('/').count() as u8;
    Run::from_start(&Setup::new(servers, 3), Start::State(state.into())).unwrap()
}

fn leader(run: &Run) -> Option<ServerId> {
    let leads = run.world().servers().iter().filter(|server| server.up && server.node.is_leader());
    leads.max_by_key(|server| server.node.term()).map(|server| server.node.id())
}

fn role(run: &Run, id: ServerId) -> RoleName {
    run.world().server(id).unwrap().node.role().name()
}

fn later(run: &mut Run, ms: u64) {
    run.run_until(run.world().now_us() + ms * 1000);
}

fn say(run: &mut Run, line: &str) -> Vec<Line> {
    Shell::new().execute(line, run)
}

/// The one sentence that a line is answered with, done or not.
fn answer(run: &mut Run, line: &str) -> Result<String, String> {
    match say(run, line).as_slice() {
        [Line::Text(text)] => Ok(text.clone()),
        [Line::Error(text)] => Err(text.clone()),
        other => panic!("{line}: one sentence was expected, not {other:?}"),
    }
}

fn table(run: &mut Run, line: &str) -> (Vec<String>, Vec<Vec<String>>) {
    match say(run, line).pop() {
        Some(Line::Table { head, rows }) => {
            assert!(
                rows.iter().all(|row| row.len() == head.len()),
                "{line}: every row is as long as the head"
            );
            (head, rows)
        }
        other => panic!("{line}: a table was expected, not {other:?}"),
    }
}

/// Types a line and waits for what comes of it.
fn ask(run: &mut Run, line: &str) -> String {
    let mut shell = Shell::new();
    shell.attach(run);
    assert!(matches!(shell.execute(line, run).as_slice(), [Line::Text(_)]), "{line}");
    assert_eq!(shell.poll(run), [], "{line}: the answer takes its time");
    later(run, 2000);
    match shell.poll(run).as_slice() {
        [Line::Text(text) | Line::Error(text)] => text.clone(),
        other => panic!("{line}: one answer was expected, not {other:?}"),
    }
}

#[test]
fn status_shows_every_server_in_a_row() {
    let mut run = cluster();
    let leader = leader(&run).unwrap();
    let down = run.world().ids().find(|&id| id != leader).unwrap();
    say(&mut run, &format!("kill {down}"));
    let (head, rows) = table(&mut run, "STATUS");
    assert_eq!(head, ["Server", "State", "Term", "Active", "Last heard from", "Current leader"]);
    assert_eq!(rows.len(), 5);
    let row = |id: ServerId| &rows[id.slot()];
    assert_eq!(row(leader)[1], "leader");
    assert_eq!(row(leader)[5], format!("{leader} (itself)"));
    assert_eq!(row(down)[3], "down");
    let follower = run.world().ids().find(|&id| id != leader && id != down).unwrap();
    assert_eq!((row(follower)[1].as_str(), row(follower)[3].as_str()), ("follower", "active"));
    assert!(row(follower)[4].starts_with(&format!("{leader}, ")), "{:?}", row(follower));
    assert_eq!(row(follower)[5], leader.to_string());
}

#[test]
fn the_commands_of_the_store_are_redirected_committed_and_answered() {
    let mut run = cluster();
    let table = [
        ("put x 1", "put x 1 – done after ", "OK"),
        ("get x", "get x – done after ", "1"),
        ("APPEND x 23", "append x 23 – done after ", "OK"),
        ("GET x", "get x – done after ", "123"),
        ("cas x 123 9", "cas x 123 9 – done after ", "OK"),
        ("cas x 7 8", "cas x 7 8 – done after ", "not changed, it was 9"),
        ("cas y - 1", "cas y - 1 – done after ", "OK"),
        ("delete x", "delete x – done after ", "OK"),
        ("get x", "get x – done after ", "(nothing)"),
        ("set 5", "set 5 – done after ", "OK"),
        ("SET x=100", "put x 100 – done after ", "OK"),
        ("get x", "get x – done after ", "100"),
        ("put \"two words\" \"a \\\"b\\\"\"", "put two words a \"b\" – done after ", "OK"),
        ("submit \"UPDATE status=active\"", "submit UPDATE status=active – done after ", "OK"),
        ("submit S2 hello", "submit hello – done after ", "OK"),
        ("submit hello   again", "submit hello   again – done after ", "OK"),
    ];
    for (line, begins, ends) in table {
        let answer = ask(&mut run, line);
        assert!(answer.starts_with(begins) && answer.ends_with(&format!(": {ends}")), "{line}: {answer}");
    }
    for server in run.world().servers() {
        assert_eq!(server.store.get("x"), Some("100"), "{}", server.node.id());
        assert_eq!(server.store.get(""), Some("5"));
        assert_eq!(server.store.submitted(), 3);
    }
    assert_eq!(run.violations(), []);
}

#[test]
fn a_command_to_a_follower_is_redirected_where_everyone_can_see_it() {
    let mut run = cluster();
    let leader = leader(&run).unwrap();
    // Not whom the client would ask by itself.
    let other = run.world().ids().filter(|&id| id != leader && id != run.world().clients()[0].target);
    let other = other.last().unwrap();
    ask(&mut run, &format!("submit {other} hello"));
    let went = |to: ServerId| {
        run.events().iter().any(|event| match &event.what {
            What::Delivered { message, .. } => {
                message.from.server().is_none() && message.to == Endpoint::Server(to)
            }
            _ => false,
        })
    };
    assert!(went(other) && went(leader));
}

#[test]
fn what_nobody_answers_is_unknown_and_what_nobody_takes_has_failed() {
    let mut run = cluster();
    let leader = leader(&run).unwrap();
    let others: Vec<String> = run.world().ids().filter(|&id| id != leader).map(|id| id.to_string()).collect();
    let mut shell = Shell::new();
    shell.execute("kill S1 S2 S3 S4 S5", &mut run);
    shell.execute(&format!("restart {leader}"), &mut run);
    shell.execute("put x 1", &mut run);
    later(&mut run, 8000);
    let lines = shell.poll(&run);
    let [Line::Error(text)] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(text.contains("unknown after") || text.contains("failed after"), "{text}");
    assert!(text.contains("it may have been done, may be done later, or never"), "{text}");
    assert_eq!(others.len(), 4);
    assert_eq!(shell.poll(&run), [], "it is told once");
}

#[test]
fn after_a_reset_the_answers_of_the_new_run_are_told() {
    let mut run = cluster();
    let mut shell = Shell::new();
    for line in ["put a 1", "put a 2", "put a 3"] {
        shell.execute(line, &mut run);
        later(&mut run, 300);
    }
    assert_eq!(shell.poll(&run).len(), 3);
    let mut run = cluster();
    shell.attach(&run);
    shell.execute("put b 1", &mut run);
    later(&mut run, 300);
    assert_eq!(shell.poll(&run).len(), 1);
}

#[test]
fn more_answers_than_a_client_remembers_are_counted() {
    let mut run = cluster();
    let mut shell = Shell::new();
    shell.attach(&run);
    for n in 0..12 {
        shell.execute(&format!("put k{n} v"), &mut run);
    }
    later(&mut run, 5000);
    let lines = shell.poll(&run);
    assert_eq!(lines[0], Line::Text("(4 more were over meanwhile.)".into()));
    assert_eq!(lines.len(), 9);
}

#[test]
fn logs_are_shown_side_by_side_and_one_by_one() {
    let mut run = cluster();
    assert_eq!(answer(&mut run, "show_log s3").unwrap(), "The log of S3 is empty.");
    ask(&mut run, "put x 1");
    ask(&mut run, "put x <b>2</b>");
    let (_, rows) = table(&mut run, "show_log");
    let term = run.world().servers()[0].node.term();
    for row in &rows {
        assert_eq!(row[1..], ["2".to_string(), "2".into(), format!("{term}:x←1 · {term}:x←<b>2</b>")]);
    }
    let (head, rows) = table(&mut run, "show_log S3");
    assert_eq!(head, ["Index", "Term", "Command", "State"]);
    assert_eq!(rows[1], ["2".to_string(), term.to_string(), "x←<b>2</b>".into(), "applied".into()]);
    assert!(answer(&mut run, "show_log S9").unwrap_err().contains("this cluster has S1 to S5"));
}

#[test]
fn a_long_log_is_shown_from_its_end() {
    let entries = "1".repeat(250);
    let mut run = in_state(&format!("S1:F1 {entries}"));
    let lines = say(&mut run, "show_log S1");
    assert_eq!(lines[0], Line::Text("The last 100 of 250 entries:".into()));
    let (_, rows) = table(&mut run, "show_log S1");
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[99][0].as_str()), (100, "151", "250"));
}

#[test]
fn servers_crash_restart_pause_and_resume_one_or_several_at_a_time() {
    let mut run = cluster();
    assert!(answer(&mut run, "kill S2").unwrap().starts_with("S2 crashes"));
    assert!(!run.world().server(s(2)).unwrap().up);
    assert_eq!(answer(&mut run, "crash s2").unwrap_err(), "Nothing was done: S2 is down already.");
    assert_eq!(answer(&mut run, "pause 2").unwrap_err(), "Nothing was done: S2 is down: restart it first.");
    assert!(answer(&mut run, "restart S2").unwrap().starts_with("S2 restarts from its disk"));
    assert!(run.world().server(s(2)).unwrap().up);
    assert!(answer(&mut run, "pause S3").unwrap().starts_with("S3 is paused"));
    assert!(run.world().server(s(3)).unwrap().paused);
    assert!(answer(&mut run, "resume S3").unwrap().starts_with("S3 goes on"));
    assert_eq!(answer(&mut run, "resume S3").unwrap_err(), "Nothing was done: S3 is not paused.");
    assert_eq!(say(&mut run, "kill S1, S2 S4").len(), 3);
    assert_eq!(run.world().servers().iter().filter(|server| server.up).count(), 2);
    assert!(answer(&mut run, "kill S7").unwrap_err().contains("there is no S7: this cluster has S1 to S5"));
}

#[test]
fn the_network_is_cut_and_healed_as_typed() {
    let mut run = cluster();
    let cut = |run: &Run, from: u8, to: u8| {
        run.world().network().is_cut(Endpoint::Server(s(from)), Endpoint::Server(s(to)))
    };
    assert_eq!(
        answer(&mut run, "partition S1 S2 | S3 S4 S5").unwrap(),
        "The network is cut into {S1, S2} | {S3, S4, S5}."
    );
    assert!(cut(&run, 1, 3) && cut(&run, 3, 1) && !cut(&run, 1, 2) && !cut(&run, 3, 5));
    assert!(answer(&mut run, "heal").unwrap().contains("everyone hears everyone"));
    assert!(!run.world().network().any_cut());
    assert_eq!(
        answer(&mut run, "heal").unwrap_err(),
        "Nothing was done: nothing to do: that is already the case."
    );
    assert_eq!(
        answer(&mut run, "partition s1,s4").unwrap(),
        "The network is cut into {S1, S4} | {S2, S3, S5}.",
        "a single group stands against the others"
    );
    answer(&mut run, "heal").unwrap();
    answer(&mut run, "partition S1|S2|S3 S4 S5").unwrap();
    assert!(cut(&run, 1, 2) && cut(&run, 2, 3));
    answer(&mut run, "heal").unwrap();
    answer(&mut run, "cut S1 S2").unwrap();
    assert!(cut(&run, 1, 2) && !cut(&run, 2, 1));
    answer(&mut run, "mend S1 S2").unwrap();
    assert!(!cut(&run, 1, 2));
    assert!(answer(&mut run, "cut S1 S1").unwrap_err().contains("name two servers"));
}

#[test]
fn a_timeout_starts_an_election() {
    let mut run = cluster();
    let leader = leader(&run).unwrap();
    let other = run.world().ids().find(|&id| id != leader).unwrap();
    let text = answer(&mut run, &format!("timeout {other}")).unwrap();
    assert!(text.contains("stands for election in term"), "{text}");
    assert_eq!(role(&run, other), RoleName::Candidate);
    let why = answer(&mut run, &format!("timeout {leader}")).unwrap_err();
    assert!(why.contains("leaders have none"), "{why}");
}

#[test]
fn a_server_becomes_leader_candidate_or_follower_by_legal_means() {
    let mut run = cluster();
    for id in run.world().ids().collect::<Vec<_>>() {
        let before = leader(&run);
        let text = answer(&mut run, &format!("state {id} leader")).unwrap();
        assert_eq!(leader(&run), Some(id), "{text}");
        assert!(
            before == Some(id) || text.contains("after 1 election") || text.contains("elections"),
            "{text}"
        );
        later(&mut run, 400);
        let text = answer(&mut run, &format!("STATE {id} CANDIDATE")).unwrap();
        assert_eq!(role(&run, id), RoleName::Candidate, "{text}");
        assert!(answer(&mut run, &format!("state {id} follower")).unwrap().contains("steps down"));
        assert_eq!(role(&run, id), RoleName::Follower);
        let why = answer(&mut run, &format!("state {id} follower")).unwrap_err();
        assert!(why.contains("is a follower already"), "{why}");
    }
    assert_eq!(run.violations(), [], "and Raft holds");
}

#[test]
fn who_cannot_lead_is_told_why_with_names() {
    let mut run = in_state("S1:F2 1122 / S2:F2 1122 / S3:F2 11");
    let events = run.world().events();
    let why = answer(&mut run, "state S3 leader").unwrap_err();
    assert!(why.starts_with("S3 can't win now: only S3 would vote for it; S1 would refuse: "), "{why}");
    assert!(why.contains("ends in term 2 at index 4") && why.contains("S2 would refuse"), "{why}");
    assert_eq!(run.world().events(), events, "and nothing was done");

    let mut run = cluster();
    answer(&mut run, "partition S1 S2 | S3 S4 S5").unwrap();
    let why = answer(&mut run, "state S1 leader").unwrap_err();
    assert!(why.contains("S3, S4 and S5 can't be reached"), "{why}");
    answer(&mut run, "kill S4").unwrap();
    assert!(answer(&mut run, "state S4 leader").unwrap_err().contains("S4 is down: restart it first"));
    answer(&mut run, "pause S5").unwrap();
    assert!(answer(&mut run, "state S5 leader").unwrap_err().contains("S5 is paused"));
}

#[test]
fn rules_are_listed_and_switched() {
    let mut run = cluster();
    let (_, rows) = table(&mut run, "rules");
    assert_eq!(rows.len(), Rule::ALL.len());
    assert!(rows.iter().all(|row| row[1] == "on"));
    let text = answer(&mut run, "rule oneVotePerTerm off").unwrap();
    assert!(text.contains("off: a server votes at most once in a term"), "{text}");
    assert!(!run.world().rules().is_on(Rule::OneVotePerTerm));
    answer(&mut run, "RULE onevoteperterm ON").unwrap();
    assert!(run.world().rules().is_on(Rule::OneVotePerTerm));
    let why = answer(&mut run, "rule oneVotePerTrem off").unwrap_err();
    assert_eq!(why, "There is no rule ‘oneVotePerTrem’. Did you mean ‘oneVotePerTerm’?");
    assert!(answer(&mut run, "rule oneVotePerTerm maybe").unwrap_err().contains("on or off"));
}

#[test]
fn help_names_every_command_and_explains_each() {
    let mut run = cluster();
    let (_, rows) = table(&mut run, "help");
    assert_eq!(rows.len(), COMMANDS.len());
    for help in COMMANDS {
        for name in std::iter::once(&help.name).chain(help.aliases) {
            assert!(
                matches!(parse(&format!("help {name}")), Ok(Command::Help(Some(found))) if found == help)
            );
        }
    }
    assert!(answer(&mut run, "help sttaus").unwrap_err().contains("Did you mean ‘status’?"));
    assert_eq!(say(&mut run, "clear"), [Line::Clear]);
    assert_eq!(say(&mut run, "   "), []);
}

#[test]
fn what_is_no_command_is_refused_with_a_sentence_that_helps_and_nothing_happens() {
    let table = [
        ("stauts", "There is no command ‘stauts’. Did you mean ‘status’?"),
        ("KIL S1", "There is no command ‘KIL’. Did you mean ‘kill’?"),
        ("frobnicate", "There is no command ‘frobnicate’. ‘help’ shows them all."),
        ("<script>alert(1)</script>", "There is no command ‘<script>alert(1)</script>’."),
        ("kill", "Write ‘kill S1 …’"),
        ("kill Sx", "‘Sx’ is not a server: write S1 to S9."),
        ("kill S12", "‘S12’ is not a server"),
        ("kill SS1", "‘SS1’ is not a server"),
        ("kill S0", "‘S0’ is not a server"),
        ("timeout", "Write ‘timeout S1 …’"),
        ("put x", "Write ‘put KEY VALUE’"),
        ("put x hello world", "Text with spaces goes in quotes."),
        ("put x \"open", "A quote is opened and never closed"),
        ("state S1 king", "‘king’ is no state"),
        ("partition", "Write ‘partition S1 S2 | S3 S4 S5’"),
        ("partition | |", "Write ‘partition"),
        ("status now", "Write ‘status’"),
        ("submit", "Write ‘submit"),
        ("\"status\"", "There is no command ‘status’"),
    ];
    let mut run = cluster();
    let digest = run.digest();
    for (line, expected) in table {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.contains(expected), "{line}: {why}");
    }
    let why = answer(&mut run, &"x".repeat(LINE_MAX + 1)).unwrap_err();
    assert!(why.contains("are the most") && why.len() < 100, "{why}");
    assert!(
        answer(&mut run, &"x".repeat(500)).unwrap_err().len() < 200,
        "a wrong word is not repeated at length"
    );
    assert_eq!(run.digest(), digest);
    let why = answer(&mut run, &format!("put x {}", "v".repeat(5000))).unwrap_err();
    assert!(why.contains("4096 are the most"), "{why}");
}

#[test]
fn quotes_keep_text_together_and_text_stays_text() {
    let put = |line: &str| match parse(line) {
        Ok(Command::Ask(Op::Put { key, value }, None, None)) => (key, value),
        other => panic!("{line}: {other:?}"),
    };
    let own = |key: &str, value: &str| (key.to_string(), value.to_string());
    assert_eq!(put("put x 'two words'"), own("x", "two words"));
    assert_eq!(put("put x \"\""), own("x", ""));
    assert_eq!(put("put x don't"), own("x", "don't"));
    assert_eq!(put(r#"put x "a\\b\n""#), own("x", r"a\b\n"));
    assert_eq!(put("set a=b=c"), own("a", "b=c"));
    assert_eq!(put("put <img> &amp;"), own("<img>", "&amp;"));
    assert_eq!(parse("set 'x=1'"), Ok(Command::Ask(Op::Set { value: "x=1".into() }, None, None)));
}

#[test]
fn lines_are_remembered_and_walked_through_with_what_was_being_typed_at_the_end() {
    let mut run = cluster();
    let mut shell = Shell::new();
    assert_eq!((shell.older("x"), shell.newer()), (None, None));
    for line in ["status", "status", "heal", "nonsense", ""] {
        shell.execute(line, &mut run);
    }
    assert_eq!(shell.older("put x"), Some("nonsense".into()));
    assert_eq!(shell.older("nonsense"), Some("heal".into()));
    assert_eq!(shell.older("heal"), Some("status".into()));
    assert_eq!(shell.older("status"), None);
    assert_eq!(shell.newer(), Some("heal".into()));
    assert_eq!(shell.newer(), Some("nonsense".into()));
    assert_eq!(shell.newer(), Some("put x".into()));
    assert_eq!(shell.newer(), None);
    assert_eq!(shell.execute("history", &mut run).len(), 4);
}

#[test]
fn tab_completes_commands_servers_rules_and_keys() {
    let mut run = cluster();
    ask(&mut run, "put colour red");
    ask(&mut run, "put \"my key\" 1");
    let table: &[(&str, &[&str])] = &[
        ("sta", &["status", "state"]),
        ("STA", &["status", "state"]),
        ("cra", &["crash"]),
        ("kill S", &["kill S1", "kill S2", "kill S3", "kill S4", "kill S5"]),
        ("state S2 l", &["state S2 leader"]),
        ("rule onev", &["rule oneVotePerTerm"]),
        ("rule oneVotePerTerm o", &["rule oneVotePerTerm on", "rule oneVotePerTerm off"]),
        ("get c", &["get colour"]),
        ("get ", &["get colour", "get \"my key\""]),
        ("help heal", &[]),
        ("get \"my", &[]),
        ("nonsense S", &[]),
    ];
    for (prefix, expected) in table {
        assert_eq!(complete(prefix, &run), *expected, "{prefix}");
    }
    assert_eq!(complete("", &run).len(), COMMANDS.len());
}

#[test]
fn every_action_is_announced_before_it_is_done() {
    let mut run = cluster();
    let mut noted = Vec::new();
    for line in ["put x 1", "state S3 leader", "kill S9", "status", "partition S1"] {
        Shell::new().execute_noting(line, &mut run, &mut |when, action| noted.push((when, action.clone())));
    }
    let recorded: Vec<_> =
        run.recording().actions.iter().map(|stamped| (stamped.when, stamped.action.clone())).collect();
    assert_eq!(noted, recorded);
    assert!(noted.len() >= 4);
}

#[test]
fn a_whole_state_is_shown_in_shorthand_and_asks_for_a_new_run() {
    let text = "S1:L2 12 c1 / S2:F2 12 / S3:x1 1";
    let mut run = in_state(text);
    assert_eq!(answer(&mut run, "state").unwrap(), text);
    assert_eq!(say(&mut run, &format!("state {text}")), [Line::Begin(text.into())]);
    assert_eq!(say(&mut run, "state S1:L1"), [Line::Begin("S1:L1".into())]);
    // One that is impossible opens as well; one that is none does not.
    assert_eq!(say(&mut run, "state S1:L2 / S2:L2"), [Line::Begin("S1:L2 / S2:L2".into())]);
    for (line, expected) in [
        ("state S1:Q2 / S2", "F, P, C, L or x"),
        ("state S1 21 / S2", "never fall"),
        ("state S2:F1", "S1 is next"),
        ("state S1 follower now", "Write ‘state S1"),
    ] {
        let why = answer(&mut run, line).unwrap_err();
        assert!(why.contains(expected), "{line}: {why}");
    }
}
