//! Random histories: operations that take effect one after the other on one store, each at a moment between
//! its call and its return; and the same with something in them that is not so.

use wavetank::check::history::{Answer, Done, History, Operation};
use wavetank::kv::{Op, Output, Store};
use wavetank::sim::{Purpose, Seed, draw};

/// Draws by name, as in the simulator: the same on every machine.
pub struct Dice {
    seed: Seed,
    drawn: u64,
}

/// What a history is like.
struct Kind {
    operations: u64,
    clients: u64,
    keys: u64,
    values: u64,
    /// How long an operation takes at most.
    span: u64,
    /// Of a hundred operations, so many are not answered.
    unanswered: u64,
    /// Whether all values are appended, so that nothing is ever overwritten; or put.
    append: bool,
    put: bool,
}

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice { seed: Seed(seed), drawn: 0 }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.drawn += 1;
        draw(self.seed, Purpose::Latency, 0, self.drawn, 0) % n
    }

    fn op(&mut self, kind: &Kind) -> Op {
        let key = format!("k{}", self.below(kind.keys));
        let value = self.below(kind.values).to_string();
        match self.below(8) {
            0 | 1 if kind.put => Op::Put { key, value },
            2 | 0 if kind.append => Op::Append { key, value },
            3 => {
                let expect = (self.below(3) > 0).then(|| self.below(kind.values).to_string());
                Op::Cas { key, expect, value }
            }
            4 if kind.put && kind.append => Op::Delete { key },
            5 if kind.put && kind.append => Op::Increment { key },
            _ => Op::Get { key },
        }
    }

    /// Small ones, of all operations, on one key or on two.
    fn small(&mut self) -> Kind {
        Kind {
            operations: 20 + self.below(20),
            clients: 2 + self.below(4),
            keys: 1 + self.below(2),
            values: 4,
            span: 10 + self.below(60),
            unanswered: [0, 10, 30][self.below(3) as usize],
            append: true,
            put: true,
        }
    }

    /// As large as 200 operations on one key, many of them at the same time.
    fn large(&mut self) -> Kind {
        let clients = 2 + self.below(20);
        let which = self.below(3);
        Kind {
            operations: 60 + self.below(140),
            clients,
            keys: 1,
            values: [3, 10, 1000][self.below(3) as usize],
            span: 10 * (1 + self.below(2 * clients)),
            unanswered: [0, 5, 20, 40][self.below(4) as usize],
            append: which != 0,
            put: which != 1,
        }
    }
}

/// A history that is linearizable, since it was made so.
pub fn good(seed: u64) -> History {
    let dice = &mut Dice::new(seed);
    let kind = dice.small();
    make(&kind, dice)
}

/// A history of which that is not known.
pub fn spoiled(seed: u64) -> History {
    let dice = &mut Dice::new(seed ^ 0x5bad_5eed);
    let kind = dice.small();
    let mut history = make(&kind, dice);
    for _ in 0..=dice.below(3) {
        spoil(&mut history.0, dice);
    }
    history
}

/// A large one; half of them are linearizable, of the others that is not known.
pub fn large(seed: u64) -> History {
    let dice = &mut Dice::new(seed ^ 0x1a49_e000_0000);
    let kind = dice.large();
    let mut history = make(&kind, dice);
    if seed % 2 == 1 {
        spoil(&mut history.0, dice);
    }
    history
}

fn make(kind: &Kind, dice: &mut Dice) -> History {
    let mut free_us = vec![0; kind.clients as usize];
    let mut store = Store::default();
    let mut history = History::default();
    for moment_us in (1..=kind.operations).map(|n| 10 * n) {
        let client = dice.below(kind.clients);
        let free_us = &mut free_us[client as usize];
        let call_us = (*free_us).max(moment_us - dice.below(kind.span).min(moment_us));
        if call_us > moment_us {
            continue;
        }
        let (op, client) = (dice.op(kind), client as u32 + 1);
        let done = if dice.below(100) < kind.unanswered {
            // Nobody answers; it takes effect or does not.
            if dice.below(2) == 0 {
                store.carry_out(&op);
            }
            None
        } else {
            let at_us = moment_us + dice.below(kind.span);
            *free_us = at_us;
            let output = store.carry_out(&op);
            let hides = matches!(output, Output::Cas { swapped: false, .. }) && dice.below(2) == 0;
            Some(Done { at_us, answer: if hides { Answer::Mismatch } else { output.into() } })
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
        (Some(Done { answer: Answer::Output(Output::Value(was)), .. }), 0 | 1) => *was = value,
        (Some(Done { answer: Answer::Output(Output::Cas { swapped, was }), .. }), 0 | 1) => {
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
