//! A storm: a random plan of [`chaos`], done to a world, and messages meddled with by the way.

use crate::check::Checker;
use crate::raft::{Observer, Rules};
use crate::sim::{Action, Options, Seed, Setup, Watch, World, chaos};
use crate::timeline::{Stamped, moment};
use serde::{Deserialize, Serialize};

/// How long a storm lasts where nothing else is said, in microseconds: a minute.
pub const STORM_US: u64 = 60_000_000;

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

fn act<W: Watch + Observer>(world: &mut World, action: Action, watch: &mut W, done: &mut Vec<Stamped>) {
    let when = moment(world);
    // What can't be done is an event that says so, in a recording as well.
    let _ = world.act(&action, watch);
    done.push(Stamped { when, action });
}
