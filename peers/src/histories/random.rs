//! Random histories: operations that take effect one after the other on one store, each at a moment between
//! its call and its return; and the same with something in them that is not so.

use wavetank::check::history::{Done, History, Operation};
use wavetank::kv::{Op, Output, Store};
use wavetank::sim::{Purpose, Seed, draw};

/// Draws by name, as in the simulator: the same on every machine.
struct Dice {
    seed: Seed,
    drawn: u64,
}

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice { seed: Seed(seed), drawn: 0 }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.drawn += 1;
        draw(self.seed, Purpose::Latency, 0, self.drawn, 0) % n
    }

    fn op(&mut self) -> Op {
        let key = format!("k{}", self.below(2));
        let value = self.below(4).to_string();
        match self.below(8) {
            0 | 1 => Op::Put { key, value },
            2 => Op::Append { key, value },
            3 => Op::Cas { key, expect: (self.below(3) > 0).then(|| self.below(4).to_string()), value },
            4 => Op::Delete { key },
            5 => Op::Increment { key },
            _ => Op::Get { key },
        }
    }
}

/// A history that is linearizable, since it was made so.
pub fn good(seed: u64) -> History {
    make(&mut Dice::new(seed))
}

/// A history of which that is not known.
pub fn spoiled(seed: u64) -> History {
    let dice = &mut Dice::new(seed ^ 0x5bad_5eed);
    let mut history = make(dice);
    for _ in 0..=dice.below(3) {
        spoil(&mut history.0, dice);
    }
    history
}

fn make(dice: &mut Dice) -> History {
    let clients = 2 + dice.below(4);
    let span = 10 + dice.below(60);
    let mut free_us = vec![0; clients as usize];
    let mut store = Store::default();
    let mut history = History::default();
    for moment_us in (1..=20 + dice.below(20)).map(|n| 10 * n) {
        let client = dice.below(clients);
        let free_us = &mut free_us[client as usize];
        let call_us = (*free_us).max(moment_us - dice.below(span).min(moment_us));
        if call_us > moment_us {
            continue;
        }
        let (op, client) = (dice.op(), client as u32 + 1);
        let done = if dice.below(10) == 0 {
            // Nobody answers; it takes effect or does not.
            if dice.below(2) == 0 {
                store.carry_out(&op);
            }
            None
        } else {
            let at_us = moment_us + dice.below(span);
            *free_us = at_us;
            Some(Done { at_us, output: store.carry_out(&op) })
        };
        history.0.push(Operation { client, op, call_us, done });
    }
    history
}

/// Another answer, or another time.
fn spoil(operations: &mut [Operation], dice: &mut Dice) {
    let which = dice.below(operations.len() as u64) as usize;
    let Operation { call_us, done, .. } = &mut operations[which];
    let value = (dice.below(3) > 0).then(|| dice.below(4).to_string());
    match (done, dice.below(3)) {
        (Some(Done { output: Output::Value(was), .. }), 0 | 1) => *was = value,
        (Some(Done { output: Output::Cas { swapped, was }, .. }), 0 | 1) => {
            (*swapped, *was) = (dice.below(2) == 0, value);
        }
        (Some(done), _) => {
            let length = done.at_us - *call_us;
            *call_us = call_us.saturating_sub(dice.below(120));
            done.at_us = *call_us + length;
        }
        (None, _) => *call_us += dice.below(120),
    }
}
