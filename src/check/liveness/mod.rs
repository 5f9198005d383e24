//! Liveness (§5.2, §5.6, D9): when everything is well again, there is a leader that stays, logs converge,
//! and requests are served, in time. A majority that is well is enough. To whom that is promised, and how
//! soon, stands in `promise`; what a leader owes, in `serving`.
//!
//! What is in the way of a cluster changes only by actions, and with its configuration. So from the last of
//! these on, the world is looked at now and then: four times within the bound for a leader that stays. A step
//! in between costs a comparison.

mod lines;
mod promise;
mod serving;

use super::history::Ms;
use super::violation::Finding;
use crate::raft::{MAX_SERVERS, ServerId, ServerSet, Term, quorum};
use crate::sim::{Server, World};
use lines::Lines;
use promise::{Promise, aftermath_us, patience_us};
use serving::{Court, Due, behind, following, is_found, unserved};

/// So often the world is looked at within the bound.
const LOOKS: u32 = 4;
/// So many times in a row there has to be no leader, or another one than the time before.
const UNLED: u32 = 3;

/// A leader, and its term.
type Reign = (ServerId, Term);

#[derive(Clone, Debug)]
pub(super) struct Liveness {
    /// To whom it is promised that there will be a leader. None: to nobody.
    promise: Option<Promise>,
    /// From when on nothing has been in the way.
    since_us: u64,
    /// When the world is looked at next.
    next_us: u64,
    /// How often it was looked at since the last action.
    looks: u32,
    /// How often, since nothing has been in the way.
    undisturbed: u32,
    /// How many times in a row there was no leader, or another one.
    unled: u32,
    last: Option<Seen>,
    /// What the members should have committed by now, or soon.
    due: Option<Due>,
    /// How many times it was due that there was a leader.
    judged: u64,
}

/// What was seen the last time.
#[derive(Clone, Debug)]
struct Seen {
    terms: [Term; MAX_SERVERS as usize],
    leader: Option<Reign>,
    /// The majority that the leader reaches.
    court: Option<Court>,
    /// When it was first seen to lead.
    led_since_us: u64,
    /// Since when clients find it, and it reaches that majority; [`u64::MAX`] if that is not so.
    found_since_us: u64,
    /// Since when an entry of its own term is committed; [`u64::MAX`] if none is.
    reads_since_us: u64,
    at_us: u64,
}

impl Seen {
    fn now(world: &World, lines: &Lines, leader: Option<&Server>, before: Option<&Seen>) -> Seen {
        let now_us = world.now_us();
        let reign = leader.map(|server| (server.node.id(), server.node.term()));
        let court = leader.and_then(|leader| Court::of(world, lines, leader));
        let before = before.filter(|before| before.leader == reign);
        let since = |holds: bool, known: Option<u64>| match known {
            _ if !holds => u64::MAX,
            Some(since_us) if since_us < u64::MAX => since_us,
            _ => now_us,
        };
        let found = court.is_some() && leader.is_some_and(|leader| is_found(world, lines, leader));
        let found_before = before.filter(|before| before.court == court).map(|before| before.found_since_us);
        let own = |node: &crate::raft::Node| node.log().term_at(node.commit()) == Some(node.term());
        let reads = leader.is_some_and(|leader| own(&leader.node));
        Seen {
            terms: std::array::from_fn(|slot| world.servers().get(slot).map_or(Term(0), |s| s.node.term())),
            leader: reign,
            court,
            led_since_us: before.map_or(now_us, |before| before.led_since_us),
            found_since_us: since(found, found_before),
            reads_since_us: since(reads, before.map(|before| before.reads_since_us)),
            at_us: now_us,
        }
    }
}

/// The server that leads and is followed by a majority; of the members of the promised majority first.
fn leader<'a>(world: &'a World, lines: &Lines, promise: Option<Promise>) -> Option<&'a Server> {
    let leads = |server: &&Server| {
        server.is_active()
            && server.node.is_leader()
            && quorum::is_quorum(server.node.configuration(), following(world, lines, server))
    };
    let member = |id| promise.is_some_and(|promise| promise.majority.contains(id));
    world.servers().iter().filter(leads).max_by_key(|s| (member(s.node.id()), s.node.term()))
}

impl Liveness {
    pub(super) fn new(world: &World) -> Liveness {
        let mut liveness = Liveness::waiting(None, 0, 0);
        liveness.begin(world, Promise::of(world, None));
        liveness
    }

    /// Nothing was looked at yet.
    fn waiting(promise: Option<Promise>, since_us: u64, judged: u64) -> Liveness {
        Liveness {
            promise,
            since_us,
            next_us: u64::MAX,
            looks: 0,
            undisturbed: 0,
            unled: 0,
            last: None,
            due: None,
            judged,
        }
    }

    /// The waiting begins anew.
    fn begin(&mut self, world: &World, promise: Option<Promise>) {
        let since_us = aftermath_us(world);
        *self = Liveness::waiting(promise, since_us, self.judged);
        self.look_again(world, since_us);
    }

    fn look_again(&mut self, world: &World, now_us: u64) {
        let within_us = self.promise.map_or_else(|| patience_us(world), |promise| promise.bounds.leader_us);
        self.next_us =
            if world.is_manual() { u64::MAX } else { now_us + within_us.div_ceil(u64::from(LOOKS)) };
    }

    /// To whom it is promised now that there will be a leader, as far as was looked.
    pub(super) fn majority(&self) -> Option<ServerSet> {
        let undisturbed = self.looks == 0 || self.undisturbed > 0;
        self.promise.filter(|_| undisturbed).map(|promise| promise.majority)
    }

    /// How many times it was due that there was a leader.
    pub(super) fn judged(&self) -> u64 {
        self.judged
    }

    /// Something has happened, perhaps that somebody acted.
    #[inline]
    pub(super) fn look(&mut self, world: &World, acted: bool) -> Option<Finding> {
        if acted {
            self.begin(world, Promise::of(world, None));
        }
        if world.now_us() < self.next_us { None } else { self.look_closely(world) }
    }

    fn look_closely(&mut self, world: &World) -> Option<Finding> {
        let promise = Promise::of(world, self.promise);
        if promise != self.promise {
            // Another configuration is in force.
            self.begin(world, promise);
            return None;
        }
        self.look_again(world, world.now_us());
        self.looks += 1;
        let lines = &Lines::of(world);
        let leads = leader(world, lines, promise);
        let before = self.last.take();
        let seen = Seen::now(world, lines, leads, before.as_ref());
        self.last = Some(seen.clone());
        let stays = leads.filter(|_| before.as_ref().is_none_or(|before| before.leader == seen.leader));
        self.count(world, before.as_ref(), stays.is_some());
        let before = before.filter(|_| self.looks >= LOOKS)?;
        match stays.zip(seen.court) {
            Some((leader, court)) => {
                behind(&mut self.due, world, leader, court).or_else(|| unserved(world, leader, court, &seen))
            }
            None if stays.is_none() && self.unled >= UNLED => self.unled(promise?, &before, &seen),
            None => None,
        }
    }

    /// Counts how many times in a row nobody led, though nobody outside was in the way.
    fn count(&mut self, world: &World, before: Option<&Seen>, led: bool) {
        self.undisturbed += 1;
        self.unled = if led { 0 } else { self.unled + 1 };
        let disturbed =
            |promise: Promise| before.is_some_and(|before| promise.is_disturbed(world, &before.terms));
        if self.promise.is_none_or(disturbed) {
            (self.since_us, self.undisturbed, self.unled) = (world.now_us(), 0, 0);
        }
        self.judged += u64::from(self.undisturbed >= LOOKS);
    }

    /// Nobody leads, or always somebody else.
    fn unled(&self, promise: Promise, before: &Seen, now: &Seen) -> Option<Finding> {
        if self.undisturbed < LOOKS {
            return None;
        }
        let able = promise.majority;
        let most = |seen: &Seen| able.iter().map(|id| seen.terms[id.slot()]).max().unwrap_or_default();
        let (was, is) = (most(before), most(now));
        let for_us = Ms(now.at_us - self.since_us);
        let what = if is > was {
            format!("one election follows the other: they were in term {was}, and are in term {is}")
        } else {
            format!("nobody leads them in term {is}")
        };
        let sentence = format!("For {for_us} nothing has been in the way of {able}, and {what}.");
        Some(Finding::new(able.iter(), sentence).value("nothing in the way for", for_us).value("term", is))
    }
}

#[cfg(test)]
mod tests {
    use super::promise::Bounds;
    use super::*;
    use crate::kv::Op;
    use crate::raft::{Guard, Observer, TimerRange};
    use crate::sim::{Action, Event, Options, Setup, Stepped, Watch, notation};

    /// One who is in more of a hurry than a cluster can be.
    #[derive(Default)]
    struct Hurried {
        due: Option<Due>,
        last: Option<Seen>,
        found: Vec<String>,
    }

    impl Observer for Hurried {
        const WATCHES: bool = false;

        fn decided(&mut self, _: Guard) {}
    }

    impl Watch for Hurried {
        fn happened(&mut self, world: &World, _: &Stepped, _: Option<Event>) {
            let lines = Lines::of(world);
            let Some(leader) = leader(world, &lines, None) else { return };
            let seen = Seen::now(world, &lines, Some(leader), self.last.as_ref());
            let court = seen.court.map(|court| Court {
                bounds: Bounds { round_trip_us: 0, heartbeat_us: 0, leader_us: 0 },
                ..court
            });
            self.last = Some(seen.clone());
            let Some(court) = court else { return };
            let found = [behind(&mut self.due, world, leader, court), unserved(world, leader, court, &seen)];
            self.found.extend(found.into_iter().flatten().map(|finding| format!("{finding:?}")));
        }
    }

    /// S1 leads servers whose messages take that long, and at 20 s a client asks for something: what is found in a
    /// second.
    fn found(options: Options, between_servers_us: u64) -> Vec<String> {
        let election = TimerRange { min_us: 60_000_000, max_us: 90_000_000 };
        let setup = Setup { options: Options { election, ..options }, ..Setup::new(3, 1) };
        let states = notation::parse("S1:L2 2 / S2:F2 2 / S3:F2 2").expect("it is shorthand");
        let mut world = World::in_state(&setup, &states).expect("it makes a world");
        let mut hurried = Hurried::default();
        let latency = TimerRange { min_us: between_servers_us, max_us: between_servers_us };
        let link = crate::sim::Link { latency, ..Default::default() };
        for from in world.ids() {
            for to in world.ids().filter(|&to| to != from) {
                let action = Action::SetLink { from: Some(from), to: Some(to), link };
                world.act(&action, &mut hurried).expect("the link is set");
            }
        }
        world.run_until(20_000_000, &mut hurried);
        // It has settled by now.
        hurried.found.clear();
        let op = Op::Put { key: "x".into(), value: "1".into() };
        world.act(&Action::Submit { op, to: None, mode: None }, &mut hurried).expect("it is asked");
        world.run_until(21_000_000, &mut hurried);
        hurried.found
    }

    #[test]
    fn a_member_that_does_not_come_to_commit_what_the_leader_has_is_noticed() {
        let found = found(Options::default(), 15_000);
        let told = "S1 leads, and had its log up to 2 at ";
        assert!(found.iter().any(|found| found.contains(told) && found.contains("only up to 1")));
    }

    #[test]
    fn a_client_that_is_not_answered_is_noticed() {
        let near = TimerRange { min_us: 1000, max_us: 1000 };
        let link = crate::sim::Link { latency: near, ..Default::default() };
        let options =
            Options { link, client_timeout_us: 10_000, client_attempts: 10_000, ..Options::default() };
        let told = "C1 asked x←1 at 20000 ms, and S1 leads a majority";
        // An answer takes two seconds and more.
        assert!(found(options.clone(), 1_000_000).iter().any(|found| found.contains(told)));
        assert!(!found(options, 1000).iter().any(|found| found.contains(told)));
    }
}
