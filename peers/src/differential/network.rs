//! The network of one side: links that are up or not, and rounds that go on until nothing is under way.
//!
//! Single messages cannot be compared, since the cores send different ones: raft-rs has heartbeats of
//! their own, tells a commit at once, and probes before it streams. What a round comes to can be.

use super::schedule::{Happening, MOST, Passes, Round};
use super::side::{Event, Kind, Route, Side, Slot};
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
        for &Happening { slot, event } in &round.happenings {
            if matches!(event, Event::Transfer(_)) {
                self.happen(&Happening { slot, event: Event::EndTransfer });
            }
        }
        if round.passes == Passes::Everything { self.synchronise(round) } else { Ok(()) }
    }

    /// Every leader beats until all that it reaches have its log and know its commit. Twice: a beat
    /// brings the entries, and the next the commit that follows from them. The latest term goes first, and
    /// one after the other: our heartbeats carry entries at once, raft-rs's only after an answer, and a
    /// leader can be deposed in between. So one that can be deposed is told first.
    fn synchronise(&mut self, passes: &Round) -> Result<(), String> {
        for _ in 0..2 {
            let mut slots: Vec<Slot> = (0..self.servers).collect();
            slots.sort_by_key(|&slot| std::cmp::Reverse(self.side.term(slot)));
            for slot in slots {
                let term = self.side.term(slot);
                let later: [bool; MOST] =
                    std::array::from_fn(|peer| peer < self.servers && self.side.term(peer) > term);
                self.beat(slot, &passes.between(slot, &later))?;
                self.beat(slot, passes)?;
            }
        }
        Ok(())
    }

    fn beat(&mut self, slot: Slot, passes: &Round) -> Result<(), String> {
        if self.side.leads(slot) {
            self.happen(&Happening { slot, event: Event::Beat });
            self.settle(passes)?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: &Happening) {
        let needs = match happening.event {
            // Asked for these, a follower of ours says who leads, and one of theirs passes it on.
            Event::Propose(_) | Event::Transfer(_) => Some(true),
            // A leader hears itself.
            Event::Silence => Some(false),
            _ => None,
        };
        if needs.is_some_and(|leads| leads != self.side.leads(happening.slot)) {
            return;
        }
        self.side.happen(happening.slot, happening.event, &mut self.out);
        self.queue.extend(self.out.drain(..));
    }

    /// Of several candidates at once, whose request arrives where first is up to the schedule.
    fn mix(&mut self, round: &Round) {
        let order = |message: &S::Message| {
            let route = S::route(message);
            (
                !matches!(route.kind, Kind::VoteRequest | Kind::PreVoteRequest),
                round.order[route.from][route.to],
            )
        };
        self.queue.make_contiguous().sort_by_key(order);
    }

    /// Asked about the very term that it is in, a server of raft-rs may say yes, and one of ours says no
    /// and names the term: both are safe. The question gets lost.
    fn is_doubtful(&self, route: Route) -> bool {
        route.about == Some(self.side.term(route.to))
    }

    fn settle(&mut self, round: &Round) -> Result<(), String> {
        for _ in 0..RESTLESS {
            let Some(message) = self.queue.pop_front() else { return Ok(()) };
            let route = S::route(&message);
            if round.delays(route) {
                self.held.push(message);
            } else if round.lets_pass(route) && !self.is_doubtful(route) {
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
