//! Leaders: one that is heard keeps leading, one that is not heard steps down, and where there is none there soon
//! is one.

use crate::watcher::{Past, Sight, active_set, is_calm, is_led};
use std::collections::BTreeMap;
use wavetank::raft::{
    Body, Configuration, MAX_SERVERS, Message, RoleName, ServerId, ServerSet, Term, quorum,
};
use wavetank::sim::{Action, Content, Event, What, World};

/// The leaders of the moment, each in its own opinion.
#[derive(Default)]
pub struct Reigns {
    reigns: BTreeMap<ServerId, Reign>,
    /// Since when PreVote, CheckQuorum and stickiness have all been on.
    kept_since_us: Option<u64>,
    /// How many leaders were heard for long enough, of those that are over.
    held: u64,
}

/// A server that leads, what it has heard, and since when it has had every reason to keep leading.
struct Reign {
    term: Term,
    /// The configuration that it goes by.
    configuration: Configuration,
    /// When the last answer left that has come from each server.
    answered_us: [Option<u64>; MAX_SERVERS as usize],
    /// When each server became a voter.
    joined_us: [u64; MAX_SERVERS as usize],
    /// Whether it was asked to hand over.
    hands_over: bool,
    /// Since when it has been heard in every election timeout.
    heard_since_us: Option<u64>,
    /// Since when it has had to check its quorum, and whom it has heard since then; until the first check is over.
    checks: Option<(u64, ServerSet)>,
    /// Whether that is over, or the leader was paused, or its configuration has changed meanwhile.
    checked: bool,
    /// Since when it has had to append a no-op, if it has nothing of its own term.
    noop_since_us: Option<u64>,
    /// Whether it is counted among the leaders that were heard.
    counted: bool,
}

impl Reign {
    /// Whom it has heard lately: whose answers left within an election timeout, and voters that have only just
    /// joined and could not answer yet.
    fn heard(&self, id: ServerId, now_us: u64, window_us: u64, past: &Past) -> ServerSet {
        let voters = self.configuration.all_voters();
        let heard = voters.iter().filter(|&voter| {
            let slot = voter.slot();
            let joins = now_us - self.joined_us[slot] < window_us / 2 && self.joined_us[slot] > 0;
            // Whoever has crashed meanwhile knows nothing of what it heard before.
            let answers = |at_us: u64| at_us >= past.up_since_us[slot] && at_us + window_us > now_us;
            voter == id || joins || self.answered_us[slot].is_some_and(answers)
        });
        heard.collect()
    }
}

impl Reigns {
    pub fn held(&self) -> u64 {
        self.held + self.reigns.values().filter(|reign| reign.counted).count() as u64
    }

    /// Looks at what has happened. What the past tells is how it was before.
    pub fn look(&mut self, sight: Sight) -> Option<String> {
        let (world, event) = (sight.world, sight.event);
        let options = world.options();
        let kept = options.pre_vote && options.check_quorum && options.stickiness;
        self.kept_since_us = if kept { self.kept_since_us.or(Some(event.at_us)) } else { None };
        for (&id, reign) in &mut self.reigns {
            Reigns::keep(id, reign, self.kept_since_us, sight);
        }
        let told = self.ended(sight);
        self.hear(event);
        self.note_change(sight);
        let empty = self.without_entry(sight);
        told.or_else(|| self.unheard(sight)).or(empty)
    }

    /// Whether this leader still has every reason to keep leading, as it was before the event.
    fn keep(
        id: ServerId,
        reign: &mut Reign,
        kept_since_us: Option<u64>,
        Sight { world, event, past }: Sight,
    ) {
        let window_us = window_us(world, past);
        let active = world.server(id).is_some_and(|server| server.is_active()) || event.server == Some(id);
        let heard = reign.heard(id, event.at_us, window_us, past);
        let keeps = kept_since_us.is_some()
            && active
            && !reign.hands_over
            && reign.configuration.all_voters().contains(id)
            && quorum::is_quorum(&reign.configuration, heard);
        let since_us = reign.heard_since_us.filter(|_| keeps);
        reign.heard_since_us = since_us.or_else(|| keeps.then_some(event.at_us));
        let long = since_us.is_some_and(|since_us| event.at_us - since_us > 2 * window_us);
        reign.counted |= long;
    }

    /// A leader leads no more. Should it?
    fn ended(&mut self, Sight { world, event, past }: Sight) -> Option<String> {
        let id = event.server?;
        let change = event.change?;
        let same = change.after.role == RoleName::Leader && self.reigns.get(&id)?.term == change.after.term;
        if same && change.after.up {
            return None;
        }
        let reign = self.reigns.remove(&id)?;
        self.held += u64::from(reign.counted);
        let by_hand = matches!(event.what, What::Acted { .. });
        let leaves = !change.after.configuration.all_voters().contains(id);
        let since_us = reign.heard_since_us?;
        let settled_us = since_us + window_us(world, past) + past.round_trip_us(world.options());
        // A term that was there before is no fault of these options.
        let term = change.after.term;
        let old = term > reign.term && past.terms.get(&term).is_some_and(|&at_us| at_us < settled_us);
        if by_hand || leaves || old || event.at_us < settled_us {
            return None;
        }
        let why = if term > reign.term { "for a higher term" } else { "by itself" };
        Some(format!(
            "{id} gave up the leadership of term {} {why}, though it had heard a majority of {} in every election \
             timeout since {} ms",
            reign.term,
            reign.configuration,
            since_us / 1000
        ))
    }

    /// A leader hears an answer to a request of its own term.
    fn hear(&mut self, event: &Event) {
        let What::Delivered { message, content: Content::Raft(Message { from, to, body, .. }) } = &event.what
        else {
            return;
        };
        let (Body::AppendEntriesReply { asked, .. } | Body::InstallSnapshotReply { asked, .. }) = body else {
            return;
        };
        if let Some(reign) = self.reigns.get_mut(to).filter(|reign| reign.term == *asked) {
            let answered_us = &mut reign.answered_us[from.slot()];
            *answered_us = (*answered_us).max(Some(message.sent_us));
            if let Some((_, heard)) = &mut reign.checks {
                heard.insert(*from);
            }
        }
    }

    /// A server leads now, or goes by another configuration, or was asked to hand over.
    fn note_change(&mut self, Sight { world, event, .. }: Sight) {
        let Some(server) = event.server.and_then(|id| world.server(id)) else { return };
        let (id, configuration) = (server.node.id(), *server.node.configuration());
        if server.up && server.node.is_leader() {
            self.reigns.entry(id).or_insert_with(|| Reign {
                term: server.node.term(),
                configuration,
                answered_us: [None; MAX_SERVERS as usize],
                joined_us: [0; MAX_SERVERS as usize],
                hands_over: false,
                heard_since_us: None,
                checks: None,
                checked: false,
                noop_since_us: None,
                counted: false,
            });
        }
        let Some(reign) = self.reigns.get_mut(&id) else { return };
        let new = configuration.all_voters().minus(reign.configuration.all_voters());
        for voter in new.iter() {
            reign.joined_us[voter.slot()] = event.at_us;
        }
        reign.checked |= reign.checks.is_some() && configuration != reign.configuration;
        reign.configuration = configuration;
        let asked = matches!(event.what, What::Acted { action: Action::Transfer { .. }, refused: None });
        reign.hands_over |= asked;
    }

    /// With CheckQuorum a leader that has heard no majority since the option was switched on, or since it was
    /// elected, steps down when an election timeout has passed (D6.2).
    fn unheard(&mut self, Sight { world, event, past }: Sight) -> Option<String> {
        let (options, up) = (world.options(), active_set(world));
        let within_us =
            past.by_slowest_us(options.heartbeat_us + options.election.max_us) + past.round_trip_us(options);
        for (&id, reign) in &mut self.reigns {
            // What it heard before a pause still counts in the check after it.
            reign.checked |= !up.contains(id);
            let Some((since_us, mut heard)) = reign.checks.filter(|_| options.check_quorum) else {
                reign.checks = options.check_quorum.then_some((event.at_us, ServerSet::EMPTY));
                continue;
            };
            if reign.checked || event.at_us <= since_us + within_us {
                continue;
            }
            reign.checked = true;
            heard.insert(id);
            if !quorum::is_quorum(&reign.configuration, heard) {
                return Some(format!(
                    "{id} leads term {}, and of {} it has heard {heard} only since {} ms",
                    reign.term,
                    reign.configuration,
                    since_us / 1000
                ));
            }
        }
        None
    }

    /// With the no-op a leader has an entry of its own term (§8), soon after the option is switched on as well.
    /// While it hands leadership over it appends nothing (D3.10).
    fn without_entry(&mut self, Sight { world, event, past }: Sight) -> Option<String> {
        let options = world.options();
        let within_us = past.by_slowest_us(options.heartbeat_us) + 1000;
        self.reigns.iter_mut().find_map(|(&id, reign)| {
            let server = world.server(id)?;
            let due = options.noop && server.is_active() && server.node.transferring().is_none();
            let since_us = reign.noop_since_us.filter(|_| due);
            reign.noop_since_us = since_us.or_else(|| due.then_some(event.at_us));
            let late = event.at_us > since_us? + within_us;
            (late && server.node.log().last_term() < reign.term)
                .then(|| format!("{id} leads term {} and has no entry of it, with the no-op on", reign.term))
        })
    }
}

/// As long as that a server that has answered withholds its vote, by any clock: the shortest election timeout,
/// less what it may take until its answer is written and leaves.
fn window_us(world: &World, past: &Past) -> u64 {
    let options = world.options();
    past.by_fastest_us(options.election.min_us).saturating_sub(5 * options.fsync.max_us + 1000)
}

/// Whether there is a leader, where there could be one.
#[derive(Default)]
pub struct Led {
    /// Since when there has been none, with nothing in the way of an election.
    unled_since_us: Option<u64>,
    pub held: u64,
}

impl Led {
    /// `handed_us` is when a transfer was accepted last.
    pub fn look(&mut self, sight: Sight, handed_us: Option<u64>) -> Option<String> {
        let Sight { world, event, past } = sight;
        if is_led(world) || !is_calm(world) {
            self.unled_since_us = None;
            return None;
        }
        let options = world.options();
        let now_us = event.at_us;
        let since_us = *self.unled_since_us.get_or_insert_with(|| {
            self.held += 1;
            now_us
        });
        let timeout_us = past.by_slowest_us(options.election.max_us);
        let slack_us = 2 * past.round_trip_us(options);
        if now_us > since_us + 5 * timeout_us + slack_us {
            return Some(format!("no server leads since {} ms, five election timeouts", since_us / 1000));
        }
        // After a transfer it takes less, unless votes are split.
        let after_transfer = handed_us.is_some_and(|at_us| (at_us..=at_us + timeout_us).contains(&since_us));
        let from_us = since_us.max(past.split_us);
        (after_transfer && now_us > from_us + 2 * timeout_us + slack_us).then(|| {
            format!("after a transfer no server leads since {} ms, two election timeouts", since_us / 1000)
        })
    }
}
