//! What clients are told in storms in which reads are not confirmed: some of it is stale. Clients have no
//! sessions; so what is asked again counts as asked twice, the first time without an answer.

use wavetank::check::history::{Done, History, Operation};
use wavetank::kv::Op;
use wavetank::raft::{Guard, Observer, ReadMode, Rule, Rules};
use wavetank::sim::{Action, Client, Event, Outcome, Seed, Stepped, Watch, World, chaos};

/// How long a run lasts.
const RUN_US: u64 = 20_000_000;

/// One who writes down what clients ask and are told.
#[derive(Default)]
struct Clerk {
    history: History,
    /// By client: the number of what it was told last, when it asked what it waits for, and how often nobody
    /// had answered.
    known: [(Option<u32>, u64, u32); 2],
}

impl Observer for Clerk {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Clerk {
    fn happened(&mut self, world: &World, step: &Stepped, _: Option<Event>) {
        let client = step.client.and_then(|id| world.clients().iter().find(|client| client.id == id));
        if let Some(client) = client {
            self.hear(client);
        }
    }
}

impl Clerk {
    fn hear(&mut self, client: &Client) {
        let number = u32::from(client.id.0);
        let (told, called_us, unanswered) = &mut self.known[number as usize - 1];
        let operations = &mut self.history.0;
        if let Some(finished) = client.finished.back()
            && *told != Some(finished.serial)
        {
            *told = Some(finished.serial);
            let done = match &finished.outcome {
                Outcome::Done(output) => {
                    Some(Done { at_us: finished.returned_us, answer: output.clone().into() })
                }
                Outcome::Unknown | Outcome::Failed => None,
            };
            if finished.outcome != Outcome::Failed && finished.op.key().is_some() {
                let (op, call_us) = (finished.op.clone(), finished.called_us);
                operations.push(Operation { client: number, op, call_us, done });
            }
        }
        let Some(call) = &client.call else { return };
        if *called_us != call.called_us {
            (*called_us, *unanswered) = (call.called_us, 0);
        }
        if *unanswered < call.unanswered && call.op.key().is_some() {
            operations.push(Operation {
                client: 0,
                op: call.op.clone(),
                call_us: call.called_us,
                done: None,
            });
        }
        *unanswered = call.unanswered;
    }
}

/// The history of the storm of that seed.
pub fn history(seed: u64) -> History {
    let (mut setup, actions) = chaos::plan(Seed(seed), 3 + (seed % 3) as u8, RUN_US);
    let off = [Rule::ReadConfirmed, Rule::ReadAfterOwnTermCommit, Rule::LeaseBoundedByDrift];
    setup.rules_off = Rules::without(&off);
    let mut world = World::new(&setup);
    let mut clerk = Clerk::default();
    for (at_us, action) in actions {
        world.run_until(at_us, &mut clerk);
        let action = match action {
            // Nobody's proposals would be unanswered operations, hundreds of them.
            Action::Propose { op, .. } => Action::Submit { op, to: None, mode: None },
            action => action,
        };
        if matches!(action, Action::Submit { op: Op::Put { .. }, .. }) {
            let op = Op::Get { key: "k1".into() };
            let _ = world.act(&Action::Submit { op, to: None, mode: Some(ReadMode::ReadIndex) }, &mut clerk);
        }
        let _ = world.act(&action, &mut clerk);
    }
    world.run_until(RUN_US, &mut clerk);
    clerk.history
}
