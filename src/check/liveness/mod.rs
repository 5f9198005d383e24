//! Liveness (§5.2, §5.6, D9): when everything is well again, there is a leader that stays, logs converge,
//! and requests are served, in time. When that is promised, and how soon, stands in `promise`.
//!
//! What is in the way of a cluster changes only by actions. So from the last action on that is more than a
//! question, the world is looked at now and then: four times within the bound for a leader that stays. A
//! step in between costs a comparison.

mod promise;

use super::history::Ms;
use super::violation::Finding;
use crate::raft::{Index, MAX_SERVERS, ReadMode, ServerId, ServerSet, Term};
use crate::sim::{Client, Server, World};
use promise::{Bounds, able, aftermath_us, following, leader};

/// So often the world is looked at within the bound.
const LOOKS: u32 = 4;
/// So many times in a row there has to be no leader, or another one than the time before.
const UNLED: u32 = 3;

#[derive(Clone, Debug)]
pub(super) struct Liveness {
    /// How long things may take since the last action. None: nothing is promised.
    bounds: Option<Bounds>,
    since_us: u64,
    /// When the world is looked at next.
    next_us: u64,
    looks: u32,
    /// How many times in a row there was no leader, or another one.
    unled: u32,
    last: Option<Seen>,
    /// What the members should have committed by now, or soon.
    due: Option<Due>,
}

/// What was seen the last time.
#[derive(Clone, Debug)]
struct Seen {
    terms: [Term; MAX_SERVERS as usize],
    leader: Option<(ServerId, Term)>,
    /// When it was first seen to lead.
    led_since_us: u64,
    at_us: u64,
}

/// What a leader had in its log, and since when.
#[derive(Clone, Debug)]
struct Due {
    leader: (ServerId, Term),
    index: Index,
    since_us: u64,
    /// How long each member may take.
    within_us: [u64; MAX_SERVERS as usize],
}

impl Liveness {
    pub(super) fn new(world: &World) -> Liveness {
        let bounds = Bounds::of(world);
        let since_us = if bounds.is_some() { aftermath_us(world) } else { 0 };
        let mut liveness =
            Liveness { bounds, since_us, next_us: u64::MAX, looks: 0, unled: 0, last: None, due: None };
        liveness.look_again(since_us);
        liveness
    }

    fn look_again(&mut self, now_us: u64) {
        self.next_us =
            self.bounds.map_or(u64::MAX, |bounds| now_us + bounds.leader_us.div_ceil(u64::from(LOOKS)));
    }

    /// Something has happened, perhaps that somebody acted.
    #[inline]
    pub(super) fn look(&mut self, world: &World, acted: bool) -> Option<Finding> {
        if acted {
            *self = Liveness::new(world);
        }
        if world.now_us() < self.next_us { None } else { self.look_closely(world, self.bounds?) }
    }

    fn look_closely(&mut self, world: &World, bounds: Bounds) -> Option<Finding> {
        self.look_again(world.now_us());
        self.looks += 1;
        let leads = leader(world);
        let mut seen = Seen {
            terms: std::array::from_fn(|slot| world.servers().get(slot).map_or(Term(0), |s| s.node.term())),
            leader: leads.map(|server| (server.node.id(), server.node.term())),
            led_since_us: world.now_us(),
            at_us: world.now_us(),
        };
        let before = self.last.take();
        let same = before.as_ref().filter(|before| before.leader == seen.leader);
        seen.led_since_us = same.map_or(seen.at_us, |before| before.led_since_us);
        self.last = Some(seen.clone());
        let stays = leads.filter(|_| same.is_some() || before.is_none());
        self.unled = if stays.is_some() { 0 } else { self.unled + 1 };
        let before = before.filter(|_| self.looks >= LOOKS)?;
        match stays {
            Some(leader) => self
                .behind(world, leader, bounds)
                .or_else(|| unserved(world, leader, bounds, seen.led_since_us)),
            None if self.unled >= UNLED => self.unled(world, &before, &seen),
            None => None,
        }
    }

    /// Nobody leads, or always somebody else.
    fn unled(&self, world: &World, before: &Seen, now: &Seen) -> Option<Finding> {
        let able = able(world, &before.terms)?;
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

    /// A member has not come to commit what the leader had long ago.
    fn behind(&mut self, world: &World, leader: &Server, bounds: Bounds) -> Option<Finding> {
        let node = &leader.node;
        let (id, term) = (node.id(), node.term());
        let due = self.due.take().filter(|due| due.leader == (id, term));
        let late = |server: &&Server| due.as_ref().is_some_and(|due| server.node.commit() < due.index);
        let members: ServerSet = following(world, leader).and(node.configuration().members());
        let waits = members.iter().filter_map(|id| world.server(id)).find(late);
        let (Some(due), Some(server)) = (&due, waits) else {
            // Entries of earlier terms are committed with one of its own only (§5.4.2).
            let index = node.log().last_index();
            let own = node.log().term_at(index) == Some(term);
            // Nobody commits before a majority has it.
            let majority_us = all_caught_up_us(world, leader, bounds);
            self.due = own.then(|| Due {
                leader: (id, term),
                index,
                since_us: world.now_us(),
                within_us: std::array::from_fn(|slot| {
                    catching_up_us(world, leader, slot, bounds).max(majority_us)
                }),
            });
            return None;
        };
        let behind = server.node.id();
        let over = world.now_us() - due.since_us > due.within_us[behind.slot()];
        let finding = || {
            let commit = server.node.commit();
            let (index, since) = (due.index, Ms(due.since_us));
            let sentence = format!(
                "{id} leads, and had its log up to {index} at {since}; {behind} hears it, and has committed only up to {commit}."
            );
            Finding::new([id, behind], sentence)
                .at(commit.next())
                .value(format!("{behind}'s commitIndex"), commit)
        };
        let finding = over.then(finding);
        self.due = Some(due.clone());
        finding
    }
}

/// How long it may take to bring a server's log up to the leader's: a round trip, or a lost one and a
/// heartbeat, for each entry that is looked at or sent (§5.3), and for each piece of a snapshot (§7).
fn catching_up_us(world: &World, leader: &Server, slot: usize, bounds: Bounds) -> u64 {
    let node = &leader.node;
    let progress = world.servers().get(slot).and_then(|server| node.progress(server.node.id()));
    let matched = progress.map_or(node.log().last_index(), |progress| progress.matched);
    let bytes = node.snapshot().map_or(0, |snapshot| snapshot.data.len() as u64);
    let pieces = bytes.checked_div(u64::from(world.options().snapshot_chunk)).unwrap_or(1);
    let steps = 10 + 2 * (node.log().last_index().0 - matched.0.min(node.log().last_index().0)) + pieces;
    steps * (bounds.round_trip_us + bounds.heartbeat_us)
}

/// The same for all that follow the leader.
fn all_caught_up_us(world: &World, leader: &Server, bounds: Bounds) -> u64 {
    let following = following(world, leader);
    following.iter().map(|id| catching_up_us(world, leader, id.slot(), bounds)).max().unwrap_or(0)
}

/// A client waits for an answer that it should have by now: it may have to ask everyone who does not follow
/// the leader in vain, and a majority may have to be brought up to date first.
fn unserved(world: &World, leader: &Server, bounds: Bounds, led_since_us: u64) -> Option<Finding> {
    let options = world.options();
    let answer_us = 3 * bounds.round_trip_us + bounds.heartbeat_us;
    // The answer would always come too late; and a leader without a no-op may have nothing of its own to
    // read after (D6.4).
    let asks = |client: &&Client| {
        client
            .call
            .as_ref()
            .is_some_and(|call| options.noop || matches!(call.mode, ReadMode::Log | ReadMode::Local))
    };
    if options.client_timeout_us < answer_us {
        return None;
    }
    let following = following(world, leader);
    let others = world.servers().len() as u64 - u64::from(following.len());
    let catching_up_us = all_caught_up_us(world, leader, bounds);
    let within_us =
        (others + 2) * (options.client_timeout_us + options.heartbeat_us) + answer_us + catching_up_us;
    world.clients().iter().filter(asks).find_map(|client| {
        let call = client.call.as_ref()?;
        let since_us = call.called_us.max(led_since_us);
        let id = leader.node.id();
        (world.now_us() - since_us > within_us).then(|| {
            let sentence = format!(
                "{} asked {} at {}, and {id} leads a majority since {} at least; there is no answer yet.",
                client.id,
                call.op,
                Ms(call.called_us),
                Ms(led_since_us)
            );
            Finding::new([id], sentence).value("asked at", Ms(call.called_us)).since([call.cause])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::Op;
    use crate::raft::{Guard, Observer, TimerRange};
    use crate::sim::{Action, Event, Options, Setup, Stepped, Watch, notation};

    /// One who is in more of a hurry than a cluster can be.
    struct Hurried {
        liveness: Liveness,
        found: Vec<String>,
    }

    impl Observer for Hurried {
        const WATCHES: bool = false;

        fn decided(&mut self, _: Guard) {}
    }

    impl Watch for Hurried {
        fn happened(&mut self, world: &World, _: &Stepped, _: Option<Event>) {
            let found = self.liveness.look(world, false);
            self.found.extend(found.map(|finding| format!("{finding:?}")));
        }
    }

    /// S1 leads, and a client asks for something; what is found in so much time.
    fn found(options: Options, ms: u64) -> Vec<String> {
        let setup = Setup { options, ..Setup::new(3, 1) };
        let states = notation::parse("S1:L2 2 / S2:F2 2 / S3:F2 2").expect("it is shorthand");
        let mut world = World::in_state(&setup, &states).expect("it makes a world");
        let mut liveness = Liveness::new(&world);
        liveness.bounds = Some(Bounds { round_trip_us: 0, heartbeat_us: 0, leader_us: 4000 });
        (liveness.since_us, liveness.next_us) = (0, 0);
        let mut hurried = Hurried { liveness, found: Vec::new() };
        world.run_until(1_000_000, &mut hurried);
        // It has settled by now.
        hurried.found.clear();
        let op = Op::Put { key: "x".into(), value: "1".into() };
        world.act(&Action::Submit { op, to: None, mode: None }, &mut hurried).expect("it is asked");
        world.run_until(1_000_000 + ms * 1000, &mut hurried);
        hurried.found
    }

    #[test]
    fn a_member_that_does_not_come_to_commit_what_the_leader_has_is_noticed() {
        let found = found(Options::default(), 200);
        let told = "S1 leads, and had its log up to 2 at ";
        assert!(
            found.iter().any(|found| found.contains(told) && found.contains("only up to 1")),
            "{found:?}"
        );
    }

    #[test]
    fn a_client_that_is_not_answered_is_noticed() {
        let election = TimerRange { min_us: 5_000_000, max_us: 9_000_000 };
        let link = crate::sim::Link {
            latency: TimerRange { min_us: 300_000, max_us: 300_000 },
            ..Default::default()
        };
        let far = Options {
            election,
            link,
            client_timeout_us: 1000,
            client_attempts: 10_000,
            ..Options::default()
        };
        let found = found(far, 1000);
        assert!(
            found.iter().any(|found| found.contains("C1 asked x←1 at 1000 ms, and S1 leads a majority")),
            "{found:?}"
        );
    }
}
