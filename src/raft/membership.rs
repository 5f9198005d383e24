//! Changes of the configuration (§6, D4): one server at a time, or any change through a joint
//! configuration; new servers that catch up before they vote; leaders that remove themselves.

use super::config::{Change, Configuration};
use super::interface::{Effect, Refused};
use super::log::{Entry, Payload};
use super::node::{Node, Step};
use super::quorum;
use super::role::{CatchUp, Mode, Pace, Progress};
use super::rules::{Observer, Rule};
use super::types::{Index, ServerId, ServerSet, Timer};

impl Node {
    /// The configuration in force is the latest in the log, committed or not (§6). If that entry is cut
    /// off, the one before it is in force again.
    pub(super) fn use_configuration<O: Observer>(&mut self, step: &mut Step<O>) {
        let latest = *self.log.configuration();
        if latest == self.configuration {
            return;
        }
        let committed = *self.log.configuration_at(self.commit);
        let new = step.choose(Rule::ConfigurationOnAppend, latest, committed);
        let old = std::mem::replace(&mut self.configuration, new);
        self.meet(&old);
        // Fewer may be enough now.
        self.confirm_rounds(step);
    }

    /// Nothing is known of a server that has just come, even if one of its name was there before. A voter that
    /// has just joined counts as heard until the next check of the quorum: it could not answer before, and a
    /// leader is deposed only by an election timeout of silence (D6.2). For leases and reads it does not count.
    fn meet(&mut self, old: &Configuration) {
        let next = self.log.last_index().next();
        let new = self.configuration;
        let Some(leading) = self.leading_mut() else { return };
        for id in new.members().minus(old.members()).iter() {
            leading.sending.remove(&id);
            let round = leading.progress[id.slot()].round;
            leading.progress[id.slot()] = Progress { next, matched: Index(0), mode: Mode::default(), round };
        }
        leading.heard = leading.heard.or(new.all_voters().minus(old.all_voters()));
    }

    /// Up to where a majority of the voters has the log: both majorities, during joint consensus. Learners
    /// don't count, unless they are voters of the old configuration still, nor does a leader that is no voter
    /// (§6, D4.2.1).
    pub(super) fn stored_on_majority<O: Observer>(&self, own: Index, step: &mut Step<O>) -> Index {
        let Some(leading) = self.leadership() else { return Index(0) };
        let configuration = &self.configuration;
        let reached = |id: ServerId| if id == self.id { own } else { leading.progress[id.slot()].matched };
        let counting = |others| quorum::majority_index_counting(configuration, others, reached);
        let voters = configuration.all_voters();
        let itself: ServerSet = [self.id].into_iter().collect();
        let mut others = ServerSet::EMPTY;
        let mut stored = counting(others);
        for (rule, more) in [
            (Rule::LeaderOutsideNotCounted, itself.minus(voters)),
            (Rule::LearnersNotCounted, configuration.learners.minus(voters)),
        ] {
            if !more.is_empty() {
                stored = step.choose(rule, stored, counting(others.or(more)));
                others = if step.rules.is_on(rule) { others } else { others.or(more) };
            }
        }
        stored
    }

    /// An administrator wants another configuration.
    pub(super) fn ask_for_change<O: Observer>(&mut self, change: Change, step: &mut Step<O>) {
        if let Change::Learner(server) = change
            && self.catching_up() == [server].into_iter().collect()
        {
            // It is one already, and is to stay one.
            return self.end_catch_up(step);
        }
        let new = self
            .may_change(change, step)
            .and_then(|()| self.configuration.changed_by(change).map_err(Refused::Change));
        let new = match new {
            Err(refused) => return step.effects.push(Effect::Refused(refused)),
            Ok(new) => new,
        };
        self.end_catch_up(step);
        let newcomers = new.all_voters().minus(self.configuration.all_voters());
        if !newcomers.is_empty() && self.catches_up_first(step) {
            self.catch_up(newcomers, change, step);
        } else {
            self.change_to(new, step);
        }
    }

    fn change_to<O: Observer>(&mut self, new: Configuration, step: &mut Step<O>) {
        let joins = new.is_joint() && !self.configuration.is_joint();
        // Without the joint phase majorities of old and new need not share a server.
        let direct = Configuration { auto_leave: false, outgoing: ServerSet::EMPTY, ..new };
        let new = if joins { step.choose(Rule::JointPhase, new, direct) } else { new };
        self.append_configuration(new, step);
    }

    /// Whether a change may begin. Two at a time could make majorities that share no server (D4.1). And
    /// a leader that has committed nothing of its own term may not know that an earlier leader's change
    /// is still to be undone: its own would be a second one (Ongaro's correction of 2015).
    fn may_change<O: Observer>(&self, change: Change, step: &mut Step<O>) -> Result<(), Refused> {
        let leading = self.leadership().ok_or(Refused::NotLeader)?;
        if let Some(transfer) = leading.transfer {
            return Err(Refused::Transferring { to: transfer.to });
        }
        let index = self.log.configuration_index();
        if !step.guard(Rule::OneChangeAtATime, index <= self.commit, index, self.commit) {
            return Err(Refused::ChangeUnderWay { index });
        }
        let committed = self.log.term_at(self.commit);
        let own = Some(self.term);
        if !step.guard(Rule::ChangeAfterOwnTermCommit, committed == own, committed, own) {
            return Err(Refused::NothingOfOwnTerm);
        }
        // A change that is not about a server that catches up waits for it, unless it says for everyone what is
        // to become of them.
        let about_them = |server| matches!(change, Change::Joint { .. }) || change == Change::Remove(server);
        let catching_up = self.catching_up();
        match catching_up.iter().next() {
            Some(server) if !catching_up.iter().any(about_them) => Err(Refused::CatchingUp { server }),
            _ => Ok(()),
        }
    }

    /// The new configuration goes into the log like a command, and is in force from then on (§6).
    fn append_configuration<O: Observer>(&mut self, new: Configuration, step: &mut Step<O>) {
        self.append(Entry { term: self.term, payload: Payload::Configuration(new) }, step);
        step.effects.push(Effect::Accepted(self.log.last_index(), self.term));
        let remains = new.all_voters().contains(self.id);
        if !remains && step.guard(Rule::RemovedLeaderStepsDownAfterCommit, false, remains, true) {
            return self.step_down(step);
        }
        self.send_to_all(step);
        self.advance_commit(step);
    }

    /// commitIndex has grown, perhaps past a configuration.
    pub(super) fn follow_committed_configuration<O: Observer>(&mut self, step: &mut Step<O>) {
        if self.log.configuration_index() > self.commit {
            return;
        }
        self.leave_joint(step);
        if self.is_removed() {
            // A leader that is no longer wanted has led until that was committed (§6).
            if self.options.hand_over_on_removal {
                self.hand_over_before_leaving(step);
            } else {
                self.step_down(step);
            }
        }
        self.advance_catch_up(step);
    }

    /// Whether the configuration in force is committed, and this server has no vote in it.
    pub(super) fn is_removed(&self) -> bool {
        self.log.configuration_index() <= self.commit && !self.configuration.all_voters().contains(self.id)
    }

    /// C_old,new is committed: whoever leads continues to C_new (§6), unless an administrator wants to do
    /// that. A new leader need not have committed anything of its own term first: any leader in between
    /// could only have appended the same C_new. While leadership is handed over that waits: the log must not
    /// grow behind the one that is to lead (D3.10).
    pub(super) fn leave_joint<O: Observer>(&mut self, step: &mut Step<O>) {
        let committed = self.log.configuration_index() <= self.commit;
        if committed
            && self.is_leader()
            && self.transferring().is_none()
            && self.configuration.auto_leave
            && let Ok(new) = self.configuration.changed_by(Change::Leave)
        {
            self.append_configuration(new, step);
        }
    }

    // Catching up (D4.2.1; §6 for joint consensus).

    fn catches_up_first<O: Observer>(&self, step: &mut Step<O>) -> bool {
        let rounds = self.options.catch_up_rounds;
        rounds > 0 && !step.guard(Rule::LearnersCatchUpFirst, false, 0, rounds)
    }

    /// Servers that have nothing yet would hold up every commitment if they were counted at once. So they begin
    /// as learners, and the change itself waits for them.
    fn catch_up<O: Observer>(&mut self, servers: ServerSet, change: Change, step: &mut Step<O>) {
        let learners = self.configuration.learners.or(servers);
        if learners != self.configuration.learners {
            self.append_configuration(Configuration { learners, ..self.configuration }, step);
        }
        self.begin_catch_up_round(servers, change, 1, step);
        self.advance_catch_up(step);
    }

    fn begin_catch_up_round<O: Observer>(
        &mut self,
        servers: ServerSet,
        change: Change,
        round: u32,
        step: &mut Step<O>,
    ) {
        let (target, length) = (self.log.last_index(), self.options.election.shortest());
        let Some(leading) = self.leading_mut() else { return };
        leading.catch_up = Some(CatchUp { servers, change, round, target, pace: Pace::InTime });
        step.effects.push(Effect::SetTimer(Timer::CatchUp, length));
    }

    /// In each round the new servers are sent what there was when the round began. If they take less than an
    /// election timeout for a round they are close enough, and the change is made.
    pub(super) fn advance_catch_up<O: Observer>(&mut self, step: &mut Step<O>) {
        let Some(leading) = self.leading_mut() else { return };
        let Some(CatchUp { servers, change, round, target, pace }) = leading.catch_up else { return };
        let there = servers.iter().all(|server| leading.progress[server.slot()].matched >= target);
        match pace {
            Pace::CaughtUp => {}
            _ if !there => return,
            Pace::TooLong => {
                // The timer has counted it already. If nothing has come meanwhile, that round is over as well.
                self.begin_catch_up_round(servers, change, round, step);
                return self.advance_catch_up(step);
            }
            Pace::InTime => {
                leading.catch_up = Some(CatchUp { servers, change, round, target, pace: Pace::CaughtUp });
                step.effects.push(Effect::CancelTimer(Timer::CatchUp));
            }
        }
        // That they are learners has to be committed first, and a leader that hands over its leadership
        // appends nothing more.
        if self.log.configuration_index() > self.commit || self.transferring().is_some() {
            return;
        }
        self.end_catch_up(step);
        if let Ok(new) = self.configuration.changed_by(change) {
            self.change_to(new, step);
        }
    }

    /// The round takes longer than an election timeout, so there has to be another one. If the last round takes
    /// that long the change is aborted, and the servers stay learners (D4.2.1).
    pub(super) fn round_takes_long<O: Observer>(&mut self, step: &mut Step<O>) {
        let (rounds, length) = (self.options.catch_up_rounds, self.options.election.shortest());
        let catch_up = self.leadership().and_then(|leading| leading.catch_up);
        let Some(CatchUp { round, pace: Pace::InTime | Pace::TooLong, .. }) = catch_up else { return };
        let another = step.guard(Rule::LearnersCatchUpFirst, round < rounds, round, rounds);
        let Some(leading) = self.leading_mut() else { return };
        leading.catch_up = leading.catch_up.filter(|_| another);
        if let Some(catch_up) = &mut leading.catch_up {
            (catch_up.pace, catch_up.round) = (Pace::TooLong, round + 1);
            step.effects.push(Effect::SetTimer(Timer::CatchUp, length));
        }
    }

    fn catching_up(&self) -> ServerSet {
        let catch_up = self.leadership().and_then(|leading| leading.catch_up);
        catch_up.map_or(ServerSet::EMPTY, |catch_up| catch_up.servers)
    }

    fn end_catch_up<O: Observer>(&mut self, step: &mut Step<O>) {
        if let Some(leading) = self.leading_mut()
            && leading.catch_up.take().is_some()
        {
            step.effects.push(Effect::CancelTimer(Timer::CatchUp));
        }
    }
}
