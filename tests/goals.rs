//! The language of goals: its manual is right, it says where something is wrong, and it remembers what
//! it has to and no more.

use std::collections::BTreeSet;
use wavetank::check::goal::{Goal, GoalError, Lookout, Memory, Scene, words};
use wavetank::check::{Checker, Property};
use wavetank::kv::Op;
use wavetank::raft::{Index, Node, Rule, Rules, ServerId, Term};
use wavetank::sim::{Action, Setup, World, notation};
use wavetank::timeline::Run;

/// Moments of a run, each given by its whole state.
#[derive(Default)]
struct Story(Vec<(World, Checker)>);

impl Story {
    fn then(&mut self, state: &str, rules_off: Rules) {
        let states = notation::parse(state).unwrap_or_else(|why| panic!("{state}: {why}"));
        let setup = Setup { rules_off, ..Setup::new(states.len() as u8, 1) };
        let world = World::in_state(&setup, &states).unwrap();
        let checker = Checker::new(&world);
        self.0.push((world, checker));
    }

    /// What a lookout that saw all moments says at the last.
    fn says(&self, goal: &Goal) -> bool {
        let mut lookout = Lookout::new(goal.clone());
        (1..=self.0.len()).map(|upto| lookout.look(&Seen(&self.0[..upto]))).last().expect("there is a moment")
    }
}

/// The moments so far; the last one is the present.
struct Seen<'a>(&'a [(World, Checker)]);

impl Seen<'_> {
    fn now(&self) -> (&World, &Checker) {
        let (world, checker) = self.0.last().expect("there is a moment");
        (world, checker)
    }
}

impl Scene for Seen<'_> {
    fn servers(&self) -> u8 {
        self.now().servers()
    }

    fn node(&self, id: ServerId) -> Option<&Node> {
        self.now().0.server(id).map(|server| &server.node)
    }

    fn up(&self, id: ServerId) -> bool {
        self.now().up(id)
    }

    fn rules(&self) -> Rules {
        self.now().rules()
    }

    fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.0.iter().find_map(|(_, checker)| checker.leader_of(term))
    }

    fn committed(&self, index: Index) -> Option<(Term, Term)> {
        self.0.iter().find_map(|(_, checker)| checker.committed_at(index))
    }

    fn violated(&self, property: Property) -> bool {
        self.0.iter().any(|(world, checker)| (world, checker).violated(property))
    }
}

fn goal(text: &str) -> Goal {
    text.parse().unwrap_or_else(|why| panic!("‘{text}’, {why}"))
}

fn error(text: &str) -> GoalError {
    text.parse::<Goal>().map_or_else(|why| why, |goal| panic!("‘{text}’ is a goal: {goal}"))
}

/// The lines of the manual's examples: a goal, whether it holds, and what came before.
fn manual(mut each: impl FnMut(&str, bool, &Story)) {
    let manual = include_str!("../docs/goals.md");
    let (mut story, mut inside) = (Story::default(), false);
    for line in manual.lines() {
        match line {
            "```goals" => (story, inside) = (Story::default(), true),
            "```" => inside = false,
            _ if !inside => {}
            _ => match line.split_once(' ').expect("an example has several words") {
                ("state" | "then", state) => story.then(state, Rules::ALL_ON),
                _ => {
                    let (text, answer) = line.rsplit_once(' ').expect("an example ends with its answer");
                    let answer = match answer {
                        "yes" => true,
                        "no" => false,
                        other => panic!("‘{other}’ is no answer: {line}"),
                    };
                    each(text.trim(), answer, &story);
                }
            },
        }
    }
}

#[test]
fn every_example_of_the_manual_says_what_the_manual_says() {
    let mut count = 0;
    let mut wrong = Vec::new();
    manual(|text, answer, story| {
        count += 1;
        if story.says(&goal(text)) != answer {
            wrong.push(format!("{text}: not {answer}"));
        }
    });
    assert_eq!(wrong, [] as [String; 0]);
    assert!(count >= 80, "{count} examples");
}

#[test]
fn every_word_has_an_example() {
    let mut used = BTreeSet::new();
    manual(|text, _, _| used.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_string)));
    let unused: Vec<&str> = words().filter(|&word| !used.contains(word)).collect();
    assert_eq!(unused, [] as [&str; 0], "words without an example in docs/goals.md");
    assert!(words().count() > 35);
    let manual = include_str!("../docs/goals.md");
    for property in Property::ALL {
        let name: String = property.name().chars().filter(char::is_ascii_alphanumeric).collect();
        assert!(manual.contains(&format!("`{name}`")), "{name} is not in the manual");
        goal(&format!("violated({name})"));
    }
}

#[test]
fn a_goal_is_written_as_it_is_read() {
    manual(|text, _, _| {
        let read = goal(text);
        let written = read.to_string();
        assert_eq!(goal(&written), read, "{text} is written {written}");
        assert_eq!(goal(&text.to_uppercase()), read, "large letters mean the same as small ones");
    });
    let table = [
        ("CANWIN(s2)AND(not up(S1))", "canWin(S2) and not up(S1)"),
        ("not(not violated or leaders≥2)", "not (not violated or leaders >= 2)"),
        ("any S:role(S)==LEADER", "any s: role(s) = leader"),
        ("not role(S1)<>leader", "not (role(S1) != leader)"),
        ("(any s: up(s)) and violated", "(any s: up(s)) and violated"),
        ("violated and any s: up(s) or leaders = 1", "violated and (any s: up(s) or leaders = 1)"),
        ("last(S1)-(1+1)=2", "last(S1) - (1 + 1) = 2"),
        ("log(S1) = 1.10.12", "log(S1) = 1.10.12"),
        ("10. = log(S1)", "10. = log(S1)"),
        ("(up(S1) implies up(S2)) implies up(S3)", "(up(S1) implies up(S2)) implies up(S3)"),
        ("up(S1) implies (up(S2) implies up(S3))", "up(S1) implies up(S2) implies up(S3)"),
        ("0012 = last(S1)", "12 = last(S1)"),
    ];
    for (text, written) in table {
        assert_eq!(goal(text).to_string(), written);
        assert_eq!(goal(written), goal(text));
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_write() {
    let table = [
        ("", 1, "a condition is missing"),
        ("   ", 4, "a condition is missing"),
        ("leaders", 1, "compare it"),
        ("leaders >=", 11, "is missing here"),
        ("leaders >= 2 and", 17, "is missing here"),
        ("leaders >= 2 leaders", 14, "‘leaders’ is one too many"),
        ("leeders >= 2", 1, "did you mean ‘leaders’?"),
        ("rol(S1) = leader", 1, "did you mean ‘role’?"),
        ("role(S1) = leadr", 12, "did you mean ‘leader’?"),
        ("any x: up(y)", 11, "did you mean ‘x’?"),
        ("leaders = 1 and up(y)", 20, "‘any y: …’"),
        ("any s up(s)", 7, "a ‘:’ is missing"),
        ("any S1: up(S1)", 5, "has a meaning of its own"),
        ("any term: up(S1)", 5, "has a meaning of its own"),
        ("any s, s: up(s)", 8, "already"),
        ("any i in 3..1: committed(i)", 10, "upside down"),
        ("any i in 1: committed(i)", 11, "a ‘..’ is missing"),
        ("any a,b,c,d,e,f,g,h,i: up(a)", 21, "8 variables"),
        ("any a,b,c,d,e,f: up(a)", 1, "too many values"),
        ("any i in 1..99999999999: committed(i)", 1, "too many values"),
        ("any s, i in 1..9: once(commit(s) = i)", 24, "81 facts"),
        ("(leaders = 1", 13, "a ‘)’ is missing"),
        ("leaders = 1)", 12, "closes nothing"),
        ("1 < leaders < 3", 13, "two things"),
        ("role(S1) < leader", 1, "order"),
        ("role(S1) = S2", 12, "a role belongs here, and this is a server"),
        ("log(S1) = 101", 11, "is no log"),
        ("log(S1) = 1..2", 12, "‘..’ is one too many"),
        ("term(1) = 2", 6, "write S1 for server 1"),
        ("term S1 = 2", 6, "write term(S1)"),
        ("termAt(S1) = 2", 10, "write termAt(S1, 2)"),
        ("up(S1) = up(S2)", 1, "is not compared"),
        ("up(S10)", 4, "‘S10’ is not a server"),
        ("up(S0)", 4, "‘S0’ is not a server"),
        ("violated(Safety)", 10, "is no promise"),
        ("violated(ElectionSafty)", 10, "did you mean ‘ElectionSafety’?"),
        ("lost(2)", 7, "lost(2 of term 1)"),
        ("committed(2 of 1)", 16, "‘2 of term 1’"),
        ("term(S1) = 1234567890123456", 12, "15 digits"),
        ("leaders = 1 & up(S1)", 13, "‘&’ has no meaning"),
        ("αβγ leaders", 1, "‘α’ has no meaning"),
        ("leaders = 1 … 2", 13, "‘…’ has no meaning"),
        ("leaders ≥ 2 leaders", 13, "one too many"),
        ("not not", 8, "is missing here"),
        ("count s: up(s) = 1", 7, "a ‘(’ is missing"),
        ("2 + up(S1) = 3", 5, "a number belongs here"),
        ("leaders = 1 or 2", 16, "a condition belongs here"),
    ];
    for (text, column, what) in table {
        let why = error(text);
        assert!(why.what.contains(what), "‘{text}’: {why}");
        assert_eq!(why.column, column, "‘{text}’: {why}");
        assert!(why.to_string().starts_with(&format!("column {column}: ")));
    }
    assert!(error(&"(".repeat(3000)).what.contains("32 levels"));
    assert!(error(&"not ".repeat(900)).what.contains("32 levels"));
    assert!(error(&"x".repeat(5000)).what.contains("too long"));
    goal(&format!("1{} = 999", " + 1".repeat(900)));
}

#[test]
fn a_goal_says_what_it_has_to_remember_and_whether_it_tells_servers_apart() {
    // goal | bits | whether it names servers
    let table = [
        ("leaders >= 2", 0, false),
        ("any s: role(s) = leader and canWin(s)", 0, false),
        ("role(S1) = leader", 0, true),
        ("once(leaders >= 2)", 1, false),
        ("any s: once(role(s) = leader)", 9, true),
        ("any s, i in 1..3: up(s) and once(leaders = i)", 3, false),
        ("once(any s: role(s) = leader)", 1, false),
        ("any i in 1..3, t in 1..4: lost(i of term t)", 12, false),
        ("once(violated) and once(once(leaders = 2) and leaders = 1)", 3, false),
        ("once(up(S1))", 1, true),
    ];
    for (text, bits, names) in table {
        let goal = goal(text);
        assert_eq!((goal.remembers(), goal.names_servers()), (bits, names), "{text}");
    }
    assert!(goal("up(S3) and up(S2)").fits(3).is_ok());
    assert_eq!(goal("up(S4)").fits(3), Err("there is no S4: this cluster has S1 to S3".into()));
}

#[test]
fn what_is_remembered_of_one_value_is_not_remembered_of_another() {
    let mut story = Story::default();
    story.then("S1:L1 1 / S2:F1 / S3:F1", Rules::ALL_ON);
    story.then("S1:F2 / S2:L2 2 / S3:F1", Rules::ALL_ON);
    story.then("S1:F2 / S2:F2 / S3:F2", Rules::ALL_ON);
    let table = [
        ("count(s: once(role(s) = leader)) = 2", true),
        ("any s: once(role(s) = leader) and s = S3", false),
        ("any s: once(role(s) = leader) and s = S2", true),
        ("count(i in 1..3, t in 1..4: lost(i of term t)) = 2", true),
        ("lost(1 of term 1) and lost(1 of term 2) and not lost(1 of term 3) and not lost(2 of term 1)", true),
        // An order of two moments: first S1 led, and S2 later.
        ("once(role(S2) = leader and once(role(S1) = leader))", true),
        ("once(role(S1) = leader and once(role(S2) = leader))", false),
        ("any i in 5..7: once(leaders + 4 = i)", true),
        ("any i in 6..7: once(leaders + 4 = i)", false),
    ];
    for (text, answer) in table {
        assert_eq!(story.says(&goal(text)), answer, "{text}");
    }
    let forgetful = goal("once(role(S1) = leader)");
    assert!(!forgetful.holds(&Seen(&story.0), Memory::default()), "without its memory it knows the present");
}

#[test]
fn who_can_win_is_decided_by_the_rules_in_force() {
    let says = |state: &str, text: &str, off: &[Rule]| {
        let mut story = Story::default();
        story.then(state, Rules::without(off));
        story.says(&goal(text))
    };
    let lesson = "S1:x4 1122224 / S2 1113 / S3 11222 / S4 1 / S5 112222";
    assert!(says(lesson, "all s: canWin(s) implies s = S2 or s = S5", &[]));
    assert!(says(lesson, "canWin(S4)", &[Rule::LogUpToDate]));
    assert!(!says(lesson, "canWin(S1)", &[Rule::LogUpToDate]), "it is down");
    // A minority is up.
    assert!(!says("S1:F1 1 / S2:x1 / S3:x1", "canWin(S1)", &[]));
    assert!(says("S1:F1 1 / S2:x1 / S3:x1", "canWin(S1)", &[Rule::QuorumOfAll]));
    // The term of the others does not matter: it stands again, in a later one.
    assert!(says("S1:F1 1 / S2:L9 1 / S3:C7 1", "all s: canWin(s)", &[]));
    assert!(says("S1:F0", "canWin(S1)", &[]), "alone it needs nobody");
}

#[test]
fn a_timed_run_is_a_scene_with_servers_that_ask_before_they_stand_and_with_snapshots() {
    let mut setup = Setup::new(5, 3);
    setup.options.pre_vote = true;
    let mut run = Run::new(&Setup { servers: 3, ..setup.clone() }).unwrap();
    run.act(Action::Crash { server: ServerId::first(3).next().unwrap() }).unwrap();
    let can_win = goal("count(s: canWin(s)) = 2");
    assert!(
        can_win.holds(&(run.world(), run.checker()), Memory::default()),
        "two of three ask each other twice"
    );
    let mut run = Run::new(&setup).unwrap();
    assert!(goal("all s: canWin(s)").holds(&(run.world(), run.checker()), Memory::default()));
    run.run_until(2_000_000);
    let scene = |run: &Run, text: &str| goal(text).holds(&(run.world(), run.checker()), Memory::default());
    assert!(
        scene(&run, "leaders = 1 and any t in 1..9: leaderOf(t) != none"),
        "{}",
        notation::write(run.world())
    );
    assert!(scene(&run, "not any s: role(s) = follower and canWin(s)"), "they hear from a leader");
    let leader = run.world().servers().iter().find(|server| server.node.is_leader()).unwrap().node.id();
    let op = Op::Submit { text: "x".into() };
    for _ in 0..3 {
        run.act(Action::Propose { server: leader, op: op.clone() }).unwrap();
    }
    run.run_until(3_000_000);
    let before =
        format!("log({leader}) = 111 and committed(2 of term 1 in term 1) and termAt({leader}, 2) = 1");
    assert!(scene(&run, &before), "{}", notation::write(run.world()));
    run.act(Action::Snapshot { server: leader }).unwrap();
    run.run_until(4_000_000);
    assert!(scene(&run, &format!("snapshot({leader}) = 3")));
    assert!(scene(&run, &before), "what the snapshot covers still counts");
    assert!(!scene(&run, &format!("committed(2 of term 2) or termAt({leader}, 0) > 0 or committed(0)")));
    assert!(scene(&run, "any a, b: agree(a, b) = 3 and snapshot(a) > snapshot(b)"));
}
