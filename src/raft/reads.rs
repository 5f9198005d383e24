//! Reads that do not go through the log (D6.4): a leader makes sure that it still leads by a round of
//! requests, or knows it by a lease; then its state machine is as new as anybody's. A follower can take that
//! work off its leader: it asks only for the index, and answers from its own state machine.

use super::interface::Effect;
use super::message::Body;
use super::node::{Node, Step};
use super::options::TimerRange;
use super::quorum;
use super::role::{FollowerRead, Leadership, Lease, PendingRead};
use super::rules::{Observer, Rule};
use super::types::{Index, ReadId, ReadMode, Round, ServerId, Term, Timer};

impl Leadership {
    /// Asked again, it is a new read: the answer to the old one may be lost.
    fn take_read(&mut self, new: PendingRead) {
        self.reads.retain(|read| (read.id, read.follower) != (new.id, new.follower));
        self.reads.push(new);
    }
}

impl Node {
    /// A client wants to read. Only a local read is for everyone to answer, and promises nothing.
    pub(super) fn ask_to_read<O: Observer>(&mut self, id: ReadId, mode: ReadMode, step: &mut Step<O>) {
        let leader = self.leader();
        match self.leading_mut() {
            _ if mode == ReadMode::Local => step.effects.push(Effect::ReadReady(id)),
            Some(leading) => {
                leading.take_read(PendingRead { id, follower: None, mode, index: None, round: None });
            }
            None => match leader.filter(|_| mode == ReadMode::Follower) {
                Some(leader) => self.ask_for_read_index(id, leader, step),
                None => step.effects.push(Effect::ReadRefused(id, leader)),
            },
        }
    }

    /// Answers the reads that can be answered. Each needs two things: to know an index that covers all
    /// that was committed when it came, and to know that no newer leader had a majority then.
    pub(super) fn serve_reads<O: Observer>(&mut self, step: &mut Step<O>) {
        if self.leadership().is_none_or(|leading| leading.reads.is_empty()) {
            return;
        }
        self.note_read_indexes(step);
        let by_lease = self.note_rounds(step);
        let applied = self.applied;
        let Some(leading) = self.leading_mut() else { return };
        let confirmed = leading.confirmed;
        let mut reads = std::mem::take(&mut leading.reads);
        let mut ready = |read: &PendingRead| {
            read.index.is_some_and(|index| index <= applied)
                && match read.round {
                    Some(round) => step.guard(Rule::ReadConfirmed, round <= confirmed, round, confirmed),
                    None => by_lease && read.mode == ReadMode::Lease,
                }
        };
        let (answered, waiting): (Vec<_>, Vec<_>) = reads.drain(..).partition(|read| ready(read));
        leading.reads = waiting;
        for PendingRead { id, follower, index, .. } in answered {
            match follower {
                None => step.effects.push(Effect::ReadReady(id)),
                Some(follower) => self.say_read_index(follower, self.term, id, index, step),
            }
        }
    }

    // Reads that a follower answers.

    /// A read has come to a follower. It is not asked for again: if a message is lost, the client asks again.
    fn ask_for_read_index<O: Observer>(&mut self, id: ReadId, leader: ServerId, step: &mut Step<O>) {
        let term = self.term;
        self.follower_reads.retain(|read| read.id != id);
        self.follower_reads.push(FollowerRead { id, leader, term, index: None });
        self.reply(leader, Body::ReadIndex { read: id }, self.hard_state_under_way(), step);
    }

    /// A follower asks for an index. The leader treats it as a read of its own, which the follower answers.
    pub(super) fn answer_read_index<O: Observer>(
        &mut self,
        from: ServerId,
        asked: Term,
        id: ReadId,
        step: &mut Step<O>,
    ) {
        let current = asked == self.term;
        match self.leading_mut().filter(|_| current) {
            Some(leading) => leading.take_read(PendingRead {
                id,
                follower: Some(from),
                mode: ReadMode::ReadIndex,
                index: None,
                round: None,
            }),
            None => self.say_read_index(from, asked, id, None, step),
        }
    }

    fn say_read_index<O: Observer>(
        &mut self,
        follower: ServerId,
        asked: Term,
        read: ReadId,
        index: Option<Index>,
        step: &mut Step<O>,
    ) {
        let after = self.hard_state_under_way();
        self.reply(follower, Body::ReadIndexReply { asked, read, index }, after, step);
    }

    /// The leader has answered. An index holds whatever has happened since: what it covers is committed.
    pub(super) fn learn_read_index<O: Observer>(
        &mut self,
        asked: Term,
        id: ReadId,
        index: Option<Index>,
        step: &mut Step<O>,
    ) {
        let mine = |read: &FollowerRead| read.id == id && read.term == asked && read.index.is_none();
        let Some(place) = self.follower_reads.iter().position(mine) else { return };
        match index {
            Some(_) => self.follower_reads[place].index = index,
            None => {
                self.follower_reads.remove(place);
                step.effects.push(Effect::ReadRefused(id, self.leader()));
            }
        }
    }

    /// Answers what is applied far enough; gives up what was asked of a leader that this server no longer
    /// follows.
    pub(super) fn serve_follower_reads<O: Observer>(&mut self, step: &mut Step<O>) {
        if self.follower_reads.is_empty() {
            return;
        }
        let (term, leader, applied) = (self.term, self.leader(), self.applied);
        self.follower_reads.retain(|read| {
            let ready = read.index.is_some_and(|index| index <= applied);
            let follows = term == read.term && leader == Some(read.leader);
            if ready {
                step.effects.push(Effect::ReadReady(read.id));
            } else if !follows && read.index.is_none() {
                step.effects.push(Effect::ReadRefused(read.id, leader));
            }
            !ready && (follows || read.index.is_some())
        });
    }

    // What a leader has to know.

    /// The first need: commitIndex, once an entry of this leader's own term is committed. Before that it
    /// may lag behind what earlier leaders have committed (D6.4).
    fn note_read_indexes<O: Observer>(&mut self, step: &mut Step<O>) {
        let (commit, term, own) = (self.commit, self.log.term_at(self.commit), self.term);
        let Some(leading) = self.leading_mut() else { return };
        if leading.reads.iter().all(|read| read.index.is_some())
            || !step.guard(Rule::ReadAfterOwnTermCommit, term == Some(own), term, Some(own))
        {
            return;
        }
        for read in leading.reads.iter_mut().filter(|read| read.index.is_none()) {
            read.index = Some(commit);
        }
    }

    /// The second need: a lease, or a round that begins now. A round that is under way began before the
    /// read came, so its answers prove nothing for it. Reads that come meanwhile share the next one.
    /// Returns whether there is a lease, if a read asks for one.
    fn note_rounds<O: Observer>(&mut self, step: &mut Step<O>) -> bool {
        let asks = |read: &PendingRead| read.index.is_some() && read.round.is_none();
        let wants_lease = |read: &PendingRead| asks(read) && read.mode == ReadMode::Lease;
        let Some(leading) = self.leadership() else { return false };
        let by_lease = leading.reads.iter().any(wants_lease) && self.lease_holds(step);
        let needs_round = |read: &PendingRead| asks(read) && !(by_lease && wants_lease(read));
        let Some(leading) = self.leading_mut() else { return false };
        let waited_for = |read: &PendingRead| read.round.is_some_and(|round| round > leading.confirmed);
        if leading.reads.iter().any(waited_for) || !leading.reads.iter().any(needs_round) {
            return by_lease;
        }
        let next = Round(leading.round.0 + 1);
        leading.reads.iter_mut().filter(|read| needs_round(read)).for_each(|read| read.round = Some(next));
        self.begin_round(step);
        // The requests put off the next heartbeat. What it would bring along comes with them, else reads that keep
        // coming would hold it up for ever.
        self.begin_to_check_quorum(step);
        self.repeat_requests(step);
        self.repeat_timeout_now(step);
        by_lease
    }

    /// Begins a round: what is sent from now on bears its number, and the answers show who still follows.
    fn begin_round<O: Observer>(&mut self, step: &mut Step<O>) {
        let length = self.lease_length(step);
        let leases = self.options.lease;
        let Some(leading) = self.leading_mut() else { return };
        leading.round = Round(leading.round.0 + 1);
        let free = leading.leases.iter().position(|lease| *lease != Lease::Held);
        if let Some(slot) = free.filter(|_| leases) {
            leading.leases[slot] = Lease::Earning(leading.round);
            step.effects.push(Effect::SetTimer(Timer::LEASES[slot], length));
        }
        self.confirm_rounds(step);
    }

    /// An answer to a request of this leader, if it is one: an older term's is dropped (§5.1). Whatever it
    /// says, whoever gave it followed this leader at some moment after the round began that it names.
    pub(super) fn hear_answer<O: Observer>(
        &mut self,
        from: ServerId,
        asked: Term,
        round: Round,
        step: &mut Step<O>,
    ) -> bool {
        if !self.is_leader() || !step.guard(Rule::DropStaleReplies, asked == self.term, asked, self.term) {
            return false;
        }
        let Some(leading) = self.leading_mut() else { return false };
        leading.heard.insert(from);
        let known = &mut leading.progress[from.slot()].round;
        if round > *known {
            *known = round;
            self.confirm_rounds(step);
        }
        true
    }

    /// The last round that a majority has answered is confirmed, and all before it.
    pub(super) fn confirm_rounds<O: Observer>(&mut self, step: &mut Step<O>) {
        let (id, configuration) = (self.id, self.configuration);
        let Some(leading) = self.leading_mut() else { return };
        let answered = |peer: ServerId| {
            Index(if peer == id { leading.round.0 } else { leading.progress[peer.slot()].round.0 })
        };
        let confirmed = Round(quorum::majority_index(&configuration, answered).0);
        if confirmed <= leading.confirmed {
            return;
        }
        leading.confirmed = confirmed;
        let earned = |lease: &Lease| matches!(lease, Lease::Earning(round) if *round <= confirmed);
        if let Some(slot) = leading.leases.iter().position(earned) {
            leading.leases[slot] = Lease::Held;
            let other = 1 - slot;
            if std::mem::take(&mut leading.leases[other]) != Lease::None {
                step.effects.push(Effect::CancelTimer(Timer::LEASES[other]));
            }
        }
    }

    // Leases.

    /// With each heartbeat a leader tries to earn its next lease, unless it is still trying.
    pub(super) fn renew_lease<O: Observer>(&mut self, step: &mut Step<O>) {
        let earning = |lease: &Lease| matches!(lease, Lease::Earning(_));
        let free = self.leadership().is_some_and(|leading| !leading.leases.iter().any(earning));
        if self.options.lease && free {
            self.begin_round(step);
        }
    }

    /// How long a lease lasts from the moment at which its round began: as long as nobody who has
    /// answered can vote for another, by the fastest clock that is allowed for (D6.4.1).
    fn lease_length<O: Observer>(&mut self, step: &mut Step<O>) -> TimerRange {
        // It is over before the first of them may vote, not at the same moment.
        let whole_us = self.options.election.min_us.saturating_sub(1);
        let always = |us| TimerRange { min_us: us, max_us: us };
        if !self.options.lease {
            return always(whole_us);
        }
        // This leader's clock may be as slow as the bound allows, and a voter's as fast.
        let drift = u64::from(self.options.drift_ppm).min(1_000_000);
        let us = u128::from(whole_us) * u128::from(1_000_000 - drift) / u128::from(1_000_000 + drift);
        step.choose(Rule::LeaseBoundedByDrift, always(us as u64), always(whole_us))
    }

    /// Whether this leader holds a lease that is worth something.
    fn lease_holds<O: Observer>(&self, step: &mut Step<O>) -> bool {
        let Some(leading) = self.leadership() else { return false };
        let (sticky, handed_over) = (self.options.stickiness, leading.handed_over);
        leading.leases.contains(&Lease::Held)
            && step.guard(Rule::LeaseNeedsStickiness, sticky, sticky, true)
            && step.guard(Rule::LeaseGivenUpOnTransfer, !handed_over, handed_over, false)
    }

    /// A lease runs out, or was not earned in time.
    pub(super) fn lease_ends(&mut self, timer: Timer) {
        if let Some(leading) = self.leading_mut()
            && let Some(slot) = Timer::LEASES.iter().position(|lease| *lease == timer)
        {
            leading.leases[slot] = Lease::None;
        }
    }
}
