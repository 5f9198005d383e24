//! One storm: a cluster, its options, and what is done to it, all from the name of the cell and a number.

use crate::deeds::{self, Deeds};
use crate::features::{Cell, Dice, Feature, options};
use crate::watcher::{Held, Watcher};
use std::collections::BTreeMap;
use wavetank::sim::{Action, Options, Setup, World};
use wavetank::timeline::{Recording, Stamped, Start, moment};

/// Trouble begins when there has been time for a first leader, and ends here.
const TROUBLE_US: (u64, u64) = (600_000, 3_000_000);
/// How long the cluster is then left alone: long enough for five election timeouts, and now and then for all
/// that the checker promises.
const PEACE_US: [u64; 4] = [2_500_000, 2_500_000, 2_500_000, 7_000_000];

/// What a storm has told.
pub struct Told {
    pub held: Held,
    /// What went wrong first, with where its recording is.
    pub wrong: Option<String>,
}

/// Something that is planned.
enum Step {
    Act(Action),
    Use(Feature),
    Fault,
    Request,
    LoseTimeoutNow,
    Repair,
}

/// What is planned, in the order in which it is done.
#[derive(Default)]
struct Agenda {
    steps: BTreeMap<(u64, u32), Step>,
    planned: u32,
}

impl Agenda {
    fn add(&mut self, at_us: u64, step: Step) {
        self.steps.insert((at_us, self.planned), step);
        self.planned += 1;
    }

    fn add_deeds(&mut self, now_us: u64, deeds: Deeds) {
        for (in_us, action) in deeds {
            // What begins in the trouble ends with it.
            let at_us = (now_us + in_us).min(TROUBLE_US.1.max(now_us));
            self.add(at_us, Step::Act(action));
        }
    }
}

/// Lets that storm happen.
pub fn weather(cell: Cell, storm: u64) -> Told {
    let dice = &mut Dice::of(cell, storm);
    let (mut early, mut late) = options(cell, dice);
    let servers = dice.pick(&[1, 2, 3, 3, 3, 4, 5, 5, 7]);
    // In some storms nothing is written, so that a leader may have nothing of its own term.
    let reads_only = dice.one_in(4);
    if reads_only {
        (early.workload_every_us, late.workload_every_us) = (0, 0);
    }
    let setup = Setup { options: early, ..Setup::new(servers, dice.seed()) };
    let end_us = TROUBLE_US.1 + dice.pick(&PEACE_US);
    let mut agenda = agenda(cell, late, end_us, dice);

    let mut world = World::new(&setup);
    let mut watcher = Watcher::new(&world);
    let mut actions = Vec::new();
    while let Some(((at_us, _), step)) = agenda.steps.pop_first() {
        world.run_until(at_us, &mut watcher);
        let now_us = world.now_us();
        match step {
            Step::Act(action) => {
                actions.push(Stamped { when: moment(&world), action: action.clone() });
                // What can't be done is an event that says so.
                let _ = world.act(&action, &mut watcher);
            }
            Step::Use(feature) => agenda.add_deeds(now_us, deeds::use_of(feature, &world, dice)),
            Step::Fault => agenda.add_deeds(now_us, deeds::fault(&world, dice)),
            Step::Request => agenda.add(now_us, Step::Act(deeds::request(reads_only, dice))),
            Step::LoseTimeoutNow => agenda.add_deeds(now_us, deeds::lose_timeout_now(&world)),
            Step::Repair => agenda.add_deeds(now_us, deeds::repair(&world)),
        }
        if watcher.wrong().is_some() {
            break;
        }
    }
    world.run_until(end_us, &mut watcher);
    let wrong = watcher.wrong().map(|wrong| {
        let mut recording = Recording::new(setup, Start::Empty);
        (recording.actions, recording.end) = (actions, moment(&world));
        format!("{wrong}\n    {}", kept(cell, storm, &recording))
    });
    Told { held: watcher.held(), wrong }
}

/// What is done when. At each encounter both features are used at nearly the same moment.
fn agenda(cell: Cell, late: Options, end_us: u64, dice: &mut Dice) -> Agenda {
    let (from_us, to_us) = TROUBLE_US;
    let mut agenda = Agenda::default();
    let switch_us = cell.later().map(|_| dice.between(900_000, 1_800_000));
    let mut encounters: Vec<u64> =
        (0..dice.between(2, 4)).map(|_| dice.between(from_us, to_us - 300_000)).collect();
    if let Some(switch_us) = switch_us {
        agenda.add(switch_us, Step::Act(Action::SetOptions { options: late }));
        encounters.push(switch_us);
    }
    for at_us in encounters {
        for feature in cell.features() {
            let apart_ms = dice.pick(&[0, 0, 5, 30, 100, 300]);
            let early_us = dice.between(0, 60_000);
            let at_us = match switch_us {
                // The other one is in use when this one is switched on.
                Some(switch_us) if cell.later() == Some(feature) => switch_us.max(at_us),
                Some(switch_us) if switch_us == at_us => at_us - early_us,
                _ => at_us,
            };
            let at_us = at_us + dice.between(0, apart_ms * 1000);
            agenda.add(at_us, Step::Use(feature));
            if feature == Feature::Transfer && dice.one_in(4) {
                // As soon as it has left.
                agenda.add(at_us + 1, Step::LoseTimeoutNow);
            }
        }
    }
    for _ in 0..dice.between(0, 2) {
        agenda.add(dice.between(from_us, to_us - 500_000), Step::Fault);
    }
    for _ in 0..dice.between(4, 10) {
        agenda.add(dice.between(300_000, end_us), Step::Request);
    }
    agenda.add(to_us, Step::Repair);
    agenda
}

/// Where the recording of a storm was left, so that it can be opened.
fn kept(cell: Cell, storm: u64, recording: &Recording) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = cell.to_string().replace(" × ", "-").chars().map(plain).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/seams");
    let file = folder.join(format!("{name}-{storm}.json"));
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, recording.to_json())) {
        Ok(()) => format!("the recording: {}", file.display()),
        Err(why) => format!("the recording could not be written: {why}"),
    }
}
