//! The term tape beside the world itself, over random storms.

mod common;

use common::{cluster, groups, s, state, submit};
use wavetank::check::Checker;
use wavetank::explore::{Judge, Plan, weather};
use wavetank::kv::Op;
use wavetank::raft::{Guard, Index, Observer, RoleName, Rule, Rules, ServerId, Term};
use wavetank::sim::{Action, Event, Options, Outcome, Setup, Stepped, Watch, World};
use wavetank::timeline::tape::{Class, Life, MarkKind, Standing, Tape};
use wavetank::timeline::{Point, Run};

/// What a server of the world is, as the tape would have it.
fn standing(world: &World, id: ServerId) -> Standing {
    let server = world.server(id).unwrap();
    let life = match server {
        server if server.retired => Life::Retired,
        server if !server.up => Life::Down,
        server if server.paused => Life::Paused,
        _ => Life::Up,
    };
    Standing { life, role: server.node.role().name(), term: server.node.term() }
}

/// What a plain look at a world and an event shows.
#[derive(Default)]
struct Plain {
    roles: Vec<(bool, RoleName, Term, Index)>,
    committed: Index,
    marks: Vec<(u64, MarkKind)>,
}

impl Plain {
    fn look(&mut self, world: &World, event: Option<&Event>) {
        let after = world.events();
        for (slot, server) in world.servers().iter().enumerate() {
            let node = &server.node;
            let now = (server.up, node.role().name(), node.term(), node.log().base_index());
            let before = self.roles.get(slot).copied();
            if slot == self.roles.len() {
                self.roles.push(now)
            } else {
                self.roles[slot] = now
            }
            if now.1 == RoleName::Leader && before.is_some_and(|old| (old.1, old.2) != (now.1, now.2)) {
                self.marks.push((after, MarkKind::Leader { server: node.id(), term: node.term() }));
            }
            if now.0 && before.is_some_and(|old| old.0 && old.3 < now.3) {
                self.marks.push((after, MarkKind::Snapshot { server: node.id(), index: now.3 }));
            }
            if node.commit() > self.committed {
                self.committed = node.commit();
                let kind = MarkKind::Commit { server: node.id(), index: node.commit() };
                self.marks.extend(event.map(|_| (after, kind)));
            }
        }
        let Some(event) = event else { return };
        if let Some(finished) = event.finished.as_ref().filter(|f| !matches!(f.outcome, Outcome::Done(_))) {
            let failed = finished.outcome == Outcome::Failed;
            let kind = MarkKind::Unserved { client: finished.client, serial: finished.serial, failed };
            self.marks.push((after, kind));
        }
    }
}

/// A checker, a tape, and the plain record that it is compared with after each event.
struct Beside {
    checker: Checker,
    tape: Tape,
    plain: Plain,
    /// The tape as it was after so many events.
    kept: Vec<Tape>,
    every: u64,
}

impl Beside {
    fn new(world: &World, every: u64) -> Beside {
        let mut plain = Plain::default();
        plain.look(world, None);
        let tape = Tape::begin(world);
        let checker = Checker::new(world);
        Beside { kept: vec![tape.clone()], tape, plain, checker, every }
    }
}

impl Observer for Beside {
    const WATCHES: bool = true;
    fn decided(&mut self, _: Guard) {}
}

impl Watch for Beside {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        let known = self.checker.violations().len();
        self.checker.look(world, step);
        let event = event.unwrap();
        self.tape.note(&event);
        for violation in &self.checker.violations()[known..] {
            self.tape.note_violation(violation);
        }
        self.plain.look(world, Some(&event));
        assert_eq!(self.tape.events(), world.events());
        assert_eq!(self.tape.lanes().len(), world.servers().len());
        for (id, lane) in world.ids().zip(self.tape.lanes()) {
            let last = lane.last().unwrap();
            assert_eq!(last.what, standing(world, id), "{id} after {:?}", event.what);
        }
        let cuts = self.tape.cuts().last().map_or_else(Default::default, |last| last.what);
        assert_eq!(cuts, *world.network().cuts(), "after {:?}", event.what);
        if world.events().is_multiple_of(self.every) {
            self.kept.push(self.tape.clone());
        }
    }
}

impl Judge for Beside {
    fn checker(&self) -> &Checker {
        &self.checker
    }

    fn is_over(&self) -> bool {
        false
    }
}

/// A storm of that seed, watched.
fn storm(plan: Plan, seed: u64, off: Rules) -> (World, Beside, usize) {
    let until_us = 20_000_000;
    let (setup, actions) = plan.draw(seed, 0, until_us, off, |_| {});
    let mut world = World::new(&setup);
    let mut beside = Beside::new(&world, 97);
    let done = weather(&mut world, actions, until_us, &mut beside);
    (world, beside, done.len())
}

#[test]
fn the_tape_says_what_the_world_says_after_every_event_of_random_storms() {
    let mut seen = [0; Class::ALL.len()];
    for seed in 0..60 {
        let plan = if seed % 2 == 0 { Plan::All } else { Plan::Figure2 };
        let (_, Beside { tape, plain, .. }, done) = storm(plan, seed, Rules::ALL_ON);
        let of = |class| tape.marks(class).iter().map(|mark| (mark.after, mark.what)).collect::<Vec<_>>();
        let plainly =
            |class| plain.marks.iter().filter(|(_, kind)| kind.class() == class).copied().collect::<Vec<_>>();
        for class in [Class::Leader, Class::Commit, Class::Unserved, Class::Snapshot] {
            assert_eq!(of(class), plainly(class), "seed {seed}");
            seen[class as usize] += of(class).len();
        }
        assert_eq!(of(Class::Action).len(), done, "seed {seed}: a mark an action");
        assert!(of(Class::Violation).is_empty());
        let points = tape.lanes().iter().map(|lane| lane.iter().count()).sum::<usize>();
        let marks = Class::ALL.map(|class| of(class).len()).iter().sum::<usize>();
        let others = tape.cuts().iter().count() + tape.configurations().iter().count();
        assert_eq!(tape.changes(), points + marks + others, "seed {seed}");
    }
    assert!(seen[Class::Leader as usize] > 100 && seen[Class::Commit as usize] > 1000, "{seen:?}");
    assert!(seen[Class::Snapshot as usize] > 20 && seen[Class::Unserved as usize] > 20, "{seen:?}");
}

#[test]
fn until_is_the_tape_that_was_fed_only_so_far() {
    for seed in 0..60 {
        let plan = if seed % 2 == 0 { Plan::All } else { Plan::Figure2 };
        let off = if seed % 3 == 0 { Rules::without(&[Rule::LogUpToDate]) } else { Rules::ALL_ON };
        let (world, beside, _) = storm(plan, seed, off);
        assert!(beside.kept.len() > 3, "seed {seed}");
        for then in &beside.kept {
            assert_eq!(beside.tape.until(then.events()), *then, "seed {seed} at {}", then.events());
        }
        assert_eq!(beside.tape.until(world.events()), beside.tape);
        assert_eq!(beside.tape.until(u64::MAX), beside.tape);
    }
}

/// The tape of a run so far, fed from its trace.
fn tape_of(run: &Run, begin: &World) -> Tape {
    let mut tape = Tape::begin(begin);
    let mut violations = run.violations().iter().peekable();
    for event in run.events() {
        tape.note(event);
        while let Some(violation) = violations.next_if(|violation| violation.event == event.id) {
            tape.note_violation(violation);
        }
    }
    tape
}

#[test]
fn who_joins_later_has_a_lane_from_then_on_and_none_before() {
    let mut run = cluster(3, 5);
    let begin = run.world().clone();
    run.run_until(1_000_000);
    run.act(Action::Boot { server: s(4) }).unwrap();
    let joined = run.world().events();
    run.run_until(2_000_000);
    run.act(Action::Wipe { server: s(2) }).unwrap();
    let wiped = run.world().events();
    let tape = tape_of(&run, &begin);
    let born: Vec<_> = tape.lanes().iter().map(|lane| lane.get(0).unwrap().after).collect();
    assert_eq!(born, [0, 0, 0, joined, wiped]);
    assert_eq!(tape.lanes()[1].last().unwrap().what.life, Life::Retired);
    assert_eq!(tape.until(joined - 1).lanes().len(), 3);
    assert_eq!(tape.until(wiped - 1).lanes().len(), 4);
    assert_eq!(tape.until(wiped - 1).lanes()[1].last().unwrap().what.life, Life::Up);
}

#[test]
fn the_configuration_is_that_of_the_leader_of_the_latest_term() {
    let mut run = cluster(3, 5);
    let begin = run.world().clone();
    run.run_until(1_000_000);
    submit(&mut run, Op::Submit { text: "first".into() });
    run.run_until(1_500_000);
    let change = wavetank::raft::Change::Remove(s(3));
    run.act(Action::Change { change, at: None }).unwrap();
    let changed = run.world().events();
    run.run_until(3_000_000);
    let tape = tape_of(&run, &begin);
    let known = tape.configurations();
    assert_eq!(known.get(0).unwrap().what.configuration.voters, common::set("123"));
    let now = known.at(changed).unwrap();
    assert_eq!((now.after, now.what.configuration.voters), (changed, common::set("12")));
    assert_eq!(known.at(changed - 1).unwrap().what.configuration.voters, common::set("123"));
}

#[test]
fn a_broken_promise_is_marked_where_it_comes_to_light() {
    let off = Rules::without(&[Rule::LogUpToDate, Rule::OneVotePerTerm]);
    let mut seen = 0;
    for seed in 0..10 {
        let (world, beside, _) = storm(Plan::Figure2, seed, off);
        let tape = &beside.tape;
        let marked: Vec<_> = tape.marks(Class::Violation).iter().copied().collect();
        let known = beside.checker.violations();
        assert_eq!(marked.len(), known.len());
        for (Point { after, at_us, what }, violation) in marked.iter().zip(known) {
            assert_eq!((*after, *at_us), (violation.event.0 + 1, violation.at_us));
            let server = violation.servers.iter().next();
            assert_eq!(*what, MarkKind::Violation { property: violation.property, server });
            assert_eq!(tape.find(Class::Violation, *after - 1, true).unwrap().after, *after);
            assert_eq!(tape.find(Class::Violation, *after + 1, false).unwrap().after, *after);
        }
        assert_eq!(tape.find(Class::Violation, world.events(), true), None);
        assert_eq!(tape.find(Class::Violation, 0, false), None);
        seen += marked.len();
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn cuts_begin_and_end() {
    let mut run = state("S1:L4 1122 / S2:F4 1122 / S3:F4 1122");
    let begin = run.world().clone();
    run.act(groups("1 23")).unwrap();
    run.run_until(10_000);
    run.act(groups("1 23")).unwrap_err();
    run.act(Action::Heal).unwrap();
    let tape = tape_of(&run, &begin);
    assert_eq!(tape.lanes()[0].get(0).unwrap().what.role, RoleName::Leader);
    let cuts: Vec<_> = tape.cuts().iter().map(|cut| (cut.at_us, cut.what[0], cut.what[1])).collect();
    assert_eq!(cuts, [(0, common::set("23"), common::set("1")), (10_000, common::set(""), common::set(""))]);
    let refused = |mark: &Point<MarkKind>| matches!(mark.what, MarkKind::Action { refused: true, .. });
    assert_eq!(tape.marks(Class::Action).iter().map(refused).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn an_hour_of_five_busy_servers_takes_little_more_than_a_megabyte() {
    // Six minutes of it: what grows, grows evenly.
    let setup = Setup::new(5, 3);
    let options = Options { workload_every_us: 100_000, ..setup.options.clone() };
    let setup = Setup { options, ..setup };
    let mut world = World::new(&setup);
    let mut taping = Taping(Tape::begin(&world));
    world.run_until(360_000_000, &mut taping);
    let tape = taping.0;
    assert!(tape.marks(Class::Commit).len() > 3_000, "{}", tape.marks(Class::Commit).len());
    assert!(tape.bytes() < 150_000, "{} bytes for {} events", tape.bytes(), tape.events());
}

struct Taping(Tape);

impl Observer for Taping {
    const WATCHES: bool = true;
    fn decided(&mut self, _: Guard) {}
}

impl Watch for Taping {
    fn happened(&mut self, _: &World, _: &Stepped, event: Option<Event>) {
        self.0.note(&event.unwrap());
    }
}
