//! A storm: a random plan of [`chaos`], done to a world, and messages meddled with by the way.

use crate::check::Checker;
use crate::kv::Op;
use crate::raft::{Observer, Rules, ServerSet};
use crate::sim::chaos::{self, Calm};
use crate::sim::{Action, Options, Seed, Setup, Watch, World};
use crate::timeline::{Stamped, moment};
use serde::{Deserialize, Serialize};

/// How long a storm lasts where nothing else is said, in microseconds: a minute.
pub const STORM_US: u64 = 60_000_000;

/// How long a run goes on after its storm, in microseconds: long enough to see more than once whether those
/// for whom it has ended have a leader when one is due.
pub const ENDING_US: u64 = 20_000_000;

/// A setup, and what is done when, in order.
pub type Script = (Setup, Vec<(u64, Action)>);

/// What befalls a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Plan {
    /// Everything that Figure 2 has to survive ([`chaos::plan`]).
    #[default]
    Figure2,
    /// That, with everything that the dissertation adds ([`chaos::plan_of_all`]).
    All,
}

impl Plan {
    /// The plan of a seed, with these rules off, for so many servers (0: as many as are drawn) and so
    /// long. `adjust` has the last word on the options, also where they are switched by the way.
    #[must_use]
    pub fn draw(
        self,
        seed: u64,
        servers: u8,
        until_us: u64,
        off: Rules,
        adjust: impl Fn(&mut Options),
    ) -> Script {
        let (mut setup, mut actions) = match self {
            Plan::Figure2 => chaos::plan(Seed(seed), servers, until_us),
            Plan::All => chaos::plan_of_all(Seed(seed), servers, until_us),
        };
        setup.rules_off = off;
        adjust(&mut setup.options);
        for (_, action) in &mut actions {
            if let Action::SetOptions { options } = action {
                adjust(options);
            }
        }
        (setup, actions)
    }
}

/// How a storm ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// In one of the two ways in which storms end, drawn from the seed.
    #[default]
    Drawn,
    /// Everything heals ([`chaos::calm`]).
    Healed,
    /// Only a random majority heals, and all other faults stay ([`chaos::calm_majority`]); where there is no
    /// majority without everyone, everything heals.
    Majority,
    /// Not at all: the run is over with its plan.
    Never,
}

/// How a storm has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calmed {
    /// Everything has healed.
    Everyone,
    /// Only this majority has.
    Majority {
        /// Its servers.
        majority: ServerSet,
        /// Whether somebody else is still heard there.
        disturbed: bool,
    },
}

/// One who watches, and whose checker can be asked.
pub trait Judge: Watch {
    /// The checker.
    fn checker(&self) -> &Checker;

    /// Whether it has seen enough: by default, that a promise is broken.
    fn is_over(&self) -> bool {
        !self.checker().violations().is_empty()
    }
}

impl Judge for Checker {
    fn checker(&self) -> &Checker {
        self
    }
}

/// Does what is planned, and after every third action something with a message that happens to be on its
/// way, until then; or until the judge has seen enough, as it is asked after each action. Returns
/// everything that was done: with the setup, the recording of the run.
pub fn weather<J: Judge>(
    world: &mut World,
    actions: Vec<(u64, Action)>,
    until_us: u64,
    judge: &mut J,
) -> Vec<Stamped> {
    let mut done = Vec::new();
    for (number, (at_us, action)) in actions.into_iter().enumerate() {
        world.run_until(at_us, judge);
        act(world, action, judge, &mut done);
        if number % 3 == 0
            && let Some(action) = chaos::meddle(world)
        {
            act(world, action, judge, &mut done);
        }
        if judge.is_over() {
            return done;
        }
    }
    world.run_until(until_us, judge);
    done
}

/// Ends the storm, and lets the run go on for [`ENDING_US`], in which a client asks for something now and then.
/// What is done is added to what was. None where it does not end.
pub fn subside<J: Judge>(
    world: &mut World,
    ending: Ending,
    judge: &mut J,
    done: &mut Vec<Stamped>,
) -> Option<Calmed> {
    let of_majority = match ending {
        Ending::Never => return None,
        Ending::Healed => false,
        Ending::Majority => true,
        Ending::Drawn => chaos::heals_a_majority_only(world.setup().seed),
    };
    let calm = of_majority.then(|| chaos::calm_majority(world)).flatten();
    let (ended, actions) = match calm {
        Some(Calm { majority, disturbed, actions }) => (Calmed::Majority { majority, disturbed }, actions),
        None => (Calmed::Everyone, chaos::calm(world)),
    };
    actions.into_iter().for_each(|action| act(world, action, judge, done));
    let (begin_us, until_us) = (world.now_us(), world.now_us() + ENDING_US);
    let key = || "after the storm".to_string();
    for at_us in (begin_us + 1_000_000..until_us).step_by(6_000_000) {
        world.run_until(at_us, judge);
        let put = Op::Put { key: key(), value: at_us.to_string() };
        for op in [put, Op::Get { key: key() }] {
            act(world, Action::Submit { op, to: None, mode: None }, judge, done);
        }
        if judge.is_over() {
            return Some(ended);
        }
    }
    world.run_until(until_us, judge);
    Some(ended)
}

fn act<W: Watch + Observer>(world: &mut World, action: Action, watch: &mut W, done: &mut Vec<Stamped>) {
    let when = moment(world);
    // What can't be done is an event that says so, in a recording as well.
    let _ = world.act(&action, watch);
    done.push(Stamped { when, action });
}
