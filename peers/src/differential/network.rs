//! The network of one side: links that are up or not, and rounds that go on until nothing is under way.
//!
//! Single messages cannot be compared, since the cores send different ones: raft-rs has heartbeats of
//! their own, tells a commit at once, and probes before it streams. What a round comes to can be.

use super::schedule::{Happening, Passes, Round};
use super::side::{Event, Kind, Side, Slot};
use std::collections::VecDeque;

/// More deliveries than any round needs: then something goes on for ever.
const RESTLESS: usize = 20_000;

pub struct Network<S: Side> {
    pub side: S,
    servers: Slot,
    queue: VecDeque<S::Message>,
    /// Votes that were slow, for the beginning of the next round.
    held: Vec<S::Message>,
    out: Vec<S::Message>,
}

impl<S: Side> Network<S> {
    pub fn new(side: S, servers: Slot) -> Network<S> {
        Network { side, servers, queue: VecDeque::new(), held: Vec::new(), out: Vec::new() }
    }

    /// A round: late votes, and everyone up to date over the links; then what happens, over fewer of them
    /// perhaps.
    pub fn round(&mut self, round: &Round) -> Result<(), String> {
        let before = round.before();
        self.queue.extend(self.held.drain(..));
        self.settle(&before)?;
        self.synchronise(&before)?;
        for happening in &round.happenings {
            self.happen(happening);
        }
        self.mix(round);
        self.settle(round)?;
        if round.passes == Passes::Everything { self.synchronise(round) } else { Ok(()) }
    }

    /// Every leader beats until all that it reaches have its log and know its commit. Twice: a beat
    /// brings the entries, and the next the commit that follows from them. The latest term goes first, and
    /// one after the other: our heartbeats carry entries at once, raft-rs's only after an answer, and a
    /// leader can be deposed in between.
    fn synchronise(&mut self, passes: &Round) -> Result<(), String> {
        for _ in 0..2 {
            let mut slots: Vec<Slot> = (0..self.servers).collect();
            slots.sort_by_key(|&slot| std::cmp::Reverse(self.side.term(slot)));
            for slot in slots {
                if self.side.leads(slot) {
                    self.happen(&Happening { slot, event: Event::Beat });
                    self.settle(passes)?;
                }
            }
        }
        Ok(())
    }

    fn happen(&mut self, happening: &Happening) {
        // Asked to take a command, a follower of ours says who leads, and one of theirs sends it there.
        if matches!(happening.event, Event::Propose(_)) && !self.side.leads(happening.slot) {
            return;
        }
        self.side.happen(happening.slot, happening.event, &mut self.out);
        self.queue.extend(self.out.drain(..));
    }

    /// Of several candidates at once, whose request arrives where first is up to the schedule.
    fn mix(&mut self, round: &Round) {
        let order = |message: &S::Message| {
            let route = S::route(message);
            (route.kind != Kind::VoteRequest, round.order[route.from][route.to])
        };
        self.queue.make_contiguous().sort_by_key(order);
    }

    fn settle(&mut self, round: &Round) -> Result<(), String> {
        for _ in 0..RESTLESS {
            let Some(message) = self.queue.pop_front() else { return Ok(()) };
            let route = S::route(&message);
            if round.delays(route) {
                self.held.push(message);
            } else if round.lets_pass(route) {
                let bare = round.passes == Passes::Old && route.fresh;
                let message = if bare { S::without_entries(message) } else { message };
                self.side.deliver(message, &mut self.out);
                self.queue.extend(self.out.drain(..));
            }
        }
        self.queue.clear();
        Err("it does not come to rest".into())
    }
}
