//! Log replication (§5.3) and commitment (§5.4.2): AppendEntries on both sides.

use super::interface::{Effect, Refused};
use super::message::{AppendOutcome, Body, ConflictHint};
use super::node::{Node, Step};
use super::options::Backtracking;
use super::role::{Leadership, Mode, Progress, Role};
use super::rules::{Observer, Rule};
use super::types::{Index, Round, ServerId, Term};
use super::{Entries, Entry, Payload};

/// What an AppendEntries says.
pub(super) struct Append {
    /// Term and index of the entry before the new ones.
    pub(super) prev: (Term, Index),
    pub(super) entries: Entries,
    pub(super) leader_commit: Index,
    pub(super) round: Round,
}

// The leader's side.
impl Node {
    /// Clients' commands: append them first, tell the followers, and answer only when they are applied
    /// (§5.3). Anyone but a leader says who leads, if it knows (§8).
    pub(super) fn propose<O: Observer>(&mut self, payloads: Vec<Payload>, step: &mut Step<O>) {
        if !self.is_leader() {
            return step.effects.push(Effect::NotLeader(self.leader()));
        }
        if let Some(to) = self.transferring() {
            return step.effects.push(Effect::Refused(Refused::Transferring { to }));
        }
        let first = self.log.last_index().next();
        let term = self.term;
        payloads.into_iter().for_each(|payload| self.log.push(Entry { term, payload }));
        self.log_changes(first, step);
        step.effects.push(Effect::Accepted(first, term));
        self.send_to_all(step);
    }

    /// Appends to the leader's own log. A leader never overwrites or deletes there (Figure 3).
    pub(super) fn append<O: Observer>(&mut self, entry: Entry, step: &mut Step<O>) {
        self.log.push(entry);
        self.log_changes(self.log.last_index(), step);
    }

    /// Tells every follower that may be told more now.
    pub(super) fn send_to_all<O: Observer>(&mut self, step: &mut Step<O>) {
        let members = self.configuration.members();
        members.iter().for_each(|peer| self.send_what_fits(peer, step));
    }

    /// Without a window: all that is missing, once more. With one (pipelining, D10.2.2): as many messages
    /// as the window takes, one after the other, where the place is known; one at a time while it is
    /// looked for. Entries that find no room go together in a later message: that is all the batching
    /// there is, and it grows with the load.
    fn send_what_fits<O: Observer>(&mut self, peer: ServerId, step: &mut Step<O>) {
        while let Some(before) = self.progress(peer)
            && self.may_send(peer, &before)
        {
            self.send_request(peer, step);
            if self.progress(peer).is_none_or(|after| after.next == before.next) {
                return;
            }
        }
    }

    fn may_send(&self, peer: ServerId, progress: &Progress) -> bool {
        // Of a server that was removed meanwhile the last answers may still come.
        self.configuration.members().contains(peer)
            && match progress.mode {
                Mode::Snapshot { .. } => false,
                _ if self.options.window == 0 => true,
                Mode::Probe { sent } => !sent,
                Mode::Replicate => self.room(progress) > 0 && progress.next <= self.log.last_index(),
            }
    }

    /// How many more entries may be under way to a follower. What is under way is what was sent and not
    /// acknowledged: it lies between matchIndex and nextIndex.
    fn room(&self, progress: &Progress) -> u64 {
        let under_way = progress.next.prev().0.saturating_sub(progress.matched.0);
        let window = u64::from(self.options.window);
        match progress.mode {
            _ if window == 0 => u64::MAX,
            Mode::Replicate => window.saturating_sub(under_way),
            Mode::Probe { .. } | Mode::Snapshot { .. } => window,
        }
    }

    /// What a leader sends to a follower that is so far: everything from nextIndex on, as far as one
    /// message goes; nothing is a heartbeat. Where the entry before is gone, a piece of a snapshot.
    pub(super) fn append_request_for(
        &self,
        peer: ServerId,
        leading: &Leadership,
        entries: impl FnOnce(Index, u64) -> Entries,
    ) -> Body {
        let progress = &leading.progress[peer.slot()];
        if let Some(piece) = self.snapshot_piece_for(peer, leading) {
            return piece;
        }
        let prev_index = progress.next.prev();
        let most = u64::from(self.options.max_entries.max(1)).min(self.room(progress));
        Body::AppendEntries {
            prev_index,
            prev_term: self.log.term_at(prev_index).unwrap_or_default(),
            entries: entries(progress.next, most),
            leader_commit: self.commit,
            round: leading.round,
        }
    }

    /// Notes that a request has left: with a window, what it carries counts as sent.
    pub(super) fn note_sent(&mut self, peer: ServerId, request: &Body) {
        let pipelines = self.options.window > 0;
        let Role::Leader(leading) = &mut self.role else { return };
        let progress = &mut leading.progress[peer.slot()];
        match (request, &mut progress.mode) {
            (Body::AppendEntries { .. }, Mode::Probe { sent }) => *sent = true,
            (Body::AppendEntries { entries, .. }, Mode::Replicate) if pipelines => {
                progress.next.0 += entries.len() as u64;
            }
            (Body::InstallSnapshot { .. }, mode @ (Mode::Probe { .. } | Mode::Replicate)) => {
                *mode = Mode::Snapshot { offset: 0 };
                leading.sending.extend(self.snapshot.clone().map(|snapshot| (peer, snapshot)));
            }
            _ => {}
        }
    }

    /// The answer to AppendEntries, which carried `count` entries after `prev`.
    pub(super) fn learn_from_reply<O: Observer>(
        &mut self,
        from: ServerId,
        (prev, count): (Index, u64),
        outcome: AppendOutcome,
        step: &mut Step<O>,
    ) {
        match outcome {
            // A refusal for the term says nothing about the log.
            AppendOutcome::Stale => {}
            AppendOutcome::Success => self.follower_stored(from, Index(prev.0.saturating_add(count)), step),
            AppendOutcome::Mismatch { hint } => self.follower_differs(from, prev, hint, step),
        }
    }

    /// A follower has everything up to `upto`. Replies can come late and out of order, so what is
    /// known only grows.
    pub(super) fn follower_stored<O: Observer>(&mut self, from: ServerId, upto: Index, step: &mut Step<O>) {
        let (last, base) = (self.log.last_index(), self.log.base_index());
        let upto = step.choose(Rule::MatchFromRequest, upto.min(last), last);
        let pipelines = self.options.window > 0;
        let Some(leading) = self.leading_mut() else { return };
        let progress = &mut leading.progress[from.slot()];
        let news = upto > progress.matched;
        let found = upto >= progress.matched && !matches!(progress.mode, Mode::Replicate) && upto >= base;
        if !news && !found {
            return;
        }
        progress.matched = upto;
        // Where the logs agree is known now, and the entries behind it are still there to be sent.
        if found {
            progress.mode = Mode::Replicate;
            progress.next = if pipelines { upto.next() } else { progress.next };
            leading.sending.remove(&from);
        }
        let progress = &mut leading.progress[from.slot()];
        progress.next = progress.next.max(upto.next());
        let behind = progress.next <= last;
        if news {
            self.advance_commit(step);
            self.advance_transfer(step);
            self.advance_catch_up(step);
        }
        if behind && (news || pipelines) {
            self.send_what_fits(from, step);
        }
    }

    /// A follower does not have the entry at `prev`: go back and try again (§5.3). Only the answer to
    /// the latest attempt counts; older ones were acted upon.
    fn follower_differs<O: Observer>(
        &mut self,
        from: ServerId,
        prev: Index,
        hint: Option<ConflictHint>,
        step: &mut Step<O>,
    ) {
        let Some(Progress { next, matched, mode, .. }) = self.progress(from) else { return };
        // With several messages under way, any of them may be the one that was lost or overtaken.
        let under_way = mode == Mode::Replicate && self.options.window > 0;
        let latest = prev.next() == next || under_way;
        if !latest || prev <= matched || prev >= next || matches!(mode, Mode::Snapshot { .. }) {
            return;
        }
        // prev is known not to match; what matches is known to. The next attempt lies between. Of what
        // was under way nothing is known: it begins anew behind what was acknowledged.
        let back = if under_way { matched.next() } else { self.back_from(prev, hint) };
        let back = back.clamp(matched.next(), prev);
        if let Some(leading) = self.leading_mut() {
            let progress = &mut leading.progress[from.slot()];
            (progress.next, progress.mode) = (back, Mode::Probe { sent: false });
        }
        self.send_request(from, step);
    }

    /// The next nextIndex to try. By hint: where the follower's conflicting term ends in the leader's
    /// log, or, when the leader has no entry of that term, where it begins in the follower's.
    fn back_from(&self, prev: Index, hint: Option<ConflictHint>) -> Index {
        match hint {
            Some(hint) if self.options.backtracking == Backtracking::ConflictHints => {
                hint.term.and_then(|term| self.log.last_index_of_term(term)).map_or(hint.index, Index::next)
            }
            _ => prev,
        }
    }

    /// If there is an N > commitIndex that a majority has stored, and log\[N\] is of the current term,
    /// commit up to N (Figure 2, §5.3, §5.4.2).
    pub(super) fn advance_commit<O: Observer>(&mut self, step: &mut Step<O>) {
        let last = self.log.last_index();
        let own = step.choose(Rule::LeaderCountsSelfWhenDurable, self.durable_index(), last);
        let stored = self.stored_on_majority(own, step);
        let n = step.choose(Rule::CommitAfterQuorum, stored, last);
        if n <= self.commit {
            return;
        }
        // Counting copies is not enough for an entry of an older term: a server without it could still
        // be elected and replace it (Figure 8). An entry of the current term settles that, and all
        // before it with it. Terms never fall along the log, so if the highest N is of an older term,
        // so are the others.
        let term = self.log.term_at(n);
        if step.guard(Rule::CommitOnlyCurrentTerm, term == Some(self.term), term, Some(self.term)) {
            self.commit = n;
            self.follow_committed_configuration(step);
        }
    }
}

// The follower's side.
impl Node {
    /// AppendEntries, at the receiver (Figure 2).
    pub(super) fn answer_append<O: Observer>(
        &mut self,
        leader: ServerId,
        asked: Term,
        request: Append,
        step: &mut Step<O>,
    ) {
        let Append { prev, entries, leader_commit, round } = request;
        let count = entries.len() as u64;
        let answer = |outcome| Body::AppendEntriesReply { asked, prev_index: prev.1, count, outcome, round };
        if !step.guard(Rule::RefuseStaleAppend, asked >= self.term, asked, self.term) {
            if !self.is_leader() && step.guard(Rule::AppendTimerOnlyCurrent, false, asked, self.term) {
                self.set_election_timer(step);
            }
            let after = self.hard_state_under_way();
            return self.reply(leader, answer(AppendOutcome::Stale), after, step);
        }
        if self.is_leader() {
            // Two leaders in one term: only a broken rule can bring that about. Figure 2 has no answer.
            return;
        }
        self.follow(leader, step);
        // Even if the check below refuses: there is a leader, so there is no need for an election.
        self.hear_leader(step);
        if !self.agrees_at(prev, entries.is_empty(), step) {
            let hint =
                (self.options.backtracking == Backtracking::ConflictHints).then(|| self.conflict_at(prev.1));
            let after = self.hard_state_under_way();
            return self.reply(leader, answer(AppendOutcome::Mismatch { hint }), after, step);
        }
        let last_new = self.store(prev.1, &entries, step);
        // A heartbeat that is not held against the log says nothing about where the two logs agree.
        let unchecked = entries.is_empty() && !step.rules.is_on(Rule::HeartbeatChecked);
        let agreed = if unchecked { self.log.last_index() } else { last_new };
        self.follow_commit(leader_commit, agreed, step);
        // A success says that everything up to the last new entry is on disk, a heartbeat's too.
        let after = self.log_under_way(last_new);
        self.reply(leader, answer(AppendOutcome::Success), after, step);
    }

    /// Recognises the leader of the current term. A candidate steps back (§5.2). Whoever a server has voted
    /// for, itself or another, the vote binds until the term ends: a late vote request must find it. That is
    /// decided when the leader is new; with the rule off the vote is forgotten at each of its requests.
    pub(super) fn follow<O: Observer>(&mut self, leader: ServerId, step: &mut Step<O>) {
        let news = self.leader() != Some(leader);
        if let Role::Follower { leader: known } = &mut self.role {
            *known = Some(leader);
        } else if !step.guard(Rule::CandidateStepsBack, false, self.term, self.term) {
            self.become_follower(Some(leader), step);
        }
        if self.voted_for.is_some() && (news || !step.rules.is_on(Rule::VoteKeptWithinTerm)) {
            self.keep_vote(step);
        }
    }

    /// The consistency check (§5.3): the log must have an entry at prevLogIndex, with prevLogTerm. By
    /// induction everything before it agrees as well.
    fn agrees_at<O: Observer>(
        &self,
        (term, index): (Term, Index),
        heartbeat: bool,
        step: &mut Step<O>,
    ) -> bool {
        if index < self.log.base_index() {
            // Under a snapshot everything is committed, so it is the same in every log (§7).
            return true;
        }
        let last = self.log.last_index();
        let own = self.log.term_at(index);
        let agrees = step.guard(Rule::PrevLogIndex, index <= last, index, last)
            && (index > last || step.guard(Rule::PrevLogTerm, own == Some(term), own, Some(term)));
        step.choose(Rule::HeartbeatChecked, agrees, agrees || heartbeat)
    }

    /// Where the log parts from a leader's that has another entry at `index`.
    fn conflict_at(&self, index: Index) -> ConflictHint {
        match self.log.term_at(index) {
            Some(term) => ConflictHint { term: Some(term), index: self.log.first_index_of_term_at(index) },
            None => ConflictHint { term: None, index: self.log.last_index().next() },
        }
    }

    /// Takes over the leader's entries after `prev`: an entry that conflicts goes, with all that follow
    /// it; what is there already stays, since the request may be an old one and the log longer by now
    /// (§5.3). Returns the index of the last new entry.
    fn store<O: Observer>(&mut self, prev: Index, entries: &Entries, step: &mut Step<O>) -> Index {
        let last = self.log.last_index();
        let base = self.log.base_index();
        let prev = prev.min(last);
        let last_new = Index(prev.0.saturating_add(entries.len() as u64));
        // What a snapshot covers is there already.
        let agreed = entries
            .iter()
            .zip(prev.next().0..)
            .take_while(|(entry, index)| {
                *index <= base.0 || self.log.term_at(Index(*index)) == Some(entry.term)
            })
            .count() as u64;
        let agreed = Index(prev.0 + agreed);
        let conflict = agreed < last_new && agreed < last;
        let keep = if conflict { agreed } else { last };
        let keep = step.choose(Rule::TruncateOnlyOnConflict, keep, prev).max(base);
        if agreed == last_new && keep == last {
            return last_new;
        }
        let keep = if conflict { step.choose(Rule::DeleteConflicts, keep, last) } else { keep };
        let cut = conflict && keep < last;
        let behind = if cut { self.log.slice(last_new.next(), u64::MAX) } else { Entries::default() };
        let spared = step.choose(Rule::NewTailReplacesSuffix, 0, behind.len() as u32);

        let before = self.log.last_index();
        self.log.truncate_after(keep);
        self.log.extend(entries.get((keep.0 - prev.0) as usize..).unwrap_or(&[]));
        self.log.extend(&behind[..spared as usize]);
        if keep == prev {
            step.shared = Some((prev.next(), entries.clone()));
        }
        if keep < before {
            self.log_is_cut();
        }
        if keep < before || self.log.last_index() > keep {
            self.log_changes(keep.next(), step);
        }
        last_new
    }

    /// If leaderCommit > commitIndex, commitIndex = min(leaderCommit, index of the last *new* entry)
    /// (Figure 2): what lies behind it in this log need not be the leader's.
    fn follow_commit<O: Observer>(&mut self, leader_commit: Index, last_new: Index, step: &mut Step<O>) {
        if leader_commit > self.commit {
            let last = self.log.last_index();
            let upto =
                step.choose(Rule::CommitUpToLastNew, leader_commit.min(last_new), leader_commit.min(last));
            self.commit = self.commit.max(upto);
        }
        if self.incoming.as_ref().is_some_and(|incoming| incoming.index <= self.commit) {
            // The entries themselves have come: the rest of the snapshot is not needed.
            self.incoming = None;
        }
    }
}
