//! What is on disk, what is on its way there, and what has to wait for it (Figure 2: "updated on stable
//! storage before responding to RPCs"; D3.8).

use super::config::Configuration;
use super::interface::Effect;
use super::log::{Entries, Entry, Log};
use super::node::{Node, Step};
use super::role::Role;
use super::rules::{self, Observer, Rule, Rules};
use super::snapshots::Snapshot;
use super::types::{Index, ServerId, Term, Token};
use std::sync::Arc;

/// A write to the disk. It becomes durable whole or not at all, but for a crash that tears its entries
/// ([`Durable::tear`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name.
    pub token: Token,
    /// Term and vote, written together, if they changed.
    pub hard: Option<HardState>,
    /// A snapshot that takes the place of what it covers of the log, if there is a new one.
    pub snapshot: Option<SnapshotWrite>,
    /// The log's new end, if the log changed.
    pub log: Option<Suffix>,
}

/// The part of the persistent state that is not the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HardState {
    /// currentTerm.
    pub term: Term,
    /// votedFor.
    pub voted_for: Option<ServerId>,
}

/// The end of a log: everything from `from` on is replaced by the entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Suffix {
    /// The index of the first of the entries.
    pub from: Index,
    /// The entries, none when the log only gets shorter.
    pub entries: Entries,
}

/// A snapshot on its way to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotWrite {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Whether what follows it stays in the log; else the log is dropped (§7).
    pub keep: bool,
}

/// What is on a server's disk: Figure 2's persistent state, and a snapshot (§7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Durable {
    /// currentTerm and votedFor.
    pub hard: HardState,
    /// log\[\].
    pub log: Log,
    /// The snapshot that the log stands on.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What a write that a crash tore left behind the log's end: an entry that is not whole.
    pub torn: Option<Entry>,
}

impl Durable {
    /// The disk of a server that has never run.
    #[must_use]
    pub fn new(configuration: Configuration) -> Durable {
        Durable { hard: HardState::default(), log: Log::new(configuration), snapshot: None, torn: None }
    }

    /// Carries out a write. Returns where the log ends, if the write was to the log.
    pub fn write(&mut self, write: &Write) -> Option<(Index, Term)> {
        if let Some(hard) = write.hard {
            self.hard = hard;
        }
        if let Some(SnapshotWrite { snapshot, keep }) = &write.snapshot {
            self.log.compact(snapshot.index, snapshot.term, snapshot.configuration, *keep);
            self.snapshot = Some(Arc::clone(snapshot));
        }
        if let Some(suffix) = &write.log {
            self.append(suffix, suffix.entries.len());
        }
        (write.log.is_some() || write.snapshot.is_some())
            .then(|| (self.log.last_index(), self.log.last_term()))
    }

    /// A crash in the middle of a write: the first of its entries are there, the next one is not whole.
    /// Term and vote come first, and are small enough to be written whole or not at all.
    pub fn tear(&mut self, write: &Write) {
        let Some(suffix) = &write.log else { return };
        self.hard = write.hard.unwrap_or(self.hard);
        let whole = suffix.entries.len() / 2;
        self.append(suffix, whole);
        self.torn = suffix.entries.get(whole).map(Entry::torn);
    }

    /// Replaces the log's end by the first entries of a write. What a snapshot covers stays as it is,
    /// even where a broken rule has a server write there.
    fn append(&mut self, suffix: &Suffix, count: usize) {
        let before = suffix.from.prev();
        let base = self.log.base_index();
        let covered = base.0.saturating_sub(before.0) as usize;
        self.log.truncate_after(before.max(base));
        self.log.extend(suffix.entries[..count].get(covered..).unwrap_or(&[]));
    }

    /// What a server does with its disk before it starts. What is not whole is known by its checksum. It
    /// can only be the end of a write that was never said to be durable, so nobody counts on it. Returns
    /// the index of an entry that was taken for whole though it is not.
    pub fn recover<O: Observer>(&mut self, rules: Rules, observer: &mut O) -> Option<Index> {
        let last = self.log.last_index();
        let torn = self.torn.take()?;
        if !rules::guard(rules, observer, Rule::ChecksumEndsLog, false, last.next(), last) {
            return None;
        }
        self.log.push(torn);
        Some(self.log.last_index())
    }
}

/// Which writes are under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Writes {
    /// The last write that was asked for.
    pub(super) last: Token,
    /// The last write of term and vote.
    pub(super) last_hard: Token,
    /// The last write of the log.
    pub(super) last_log: Token,
    /// The last write that replaced or deleted entries of the log.
    pub(super) last_cut: Token,
    /// The last write that is durable.
    pub(super) durable: Token,
    /// Up to here the log in memory is on disk.
    pub(super) durable_index: Index,
}

impl Node {
    /// The write that has to end before a message may bear the current term and vote, or nothing when
    /// both are on disk.
    pub(super) fn hard_state_under_way(&self) -> Option<Token> {
        (self.writes.last_hard > self.writes.durable).then_some(self.writes.last_hard)
    }

    /// The write that has to end before this server may say what its log holds up to `index`.
    pub(super) fn log_under_way(&self, index: Index) -> Option<Token> {
        let log = (index > self.writes.durable_index).then_some(self.writes.last_log);
        log.filter(|&token| token > self.writes.durable).max(self.hard_state_under_way())
    }

    /// Term or vote change in this step: this step's write will carry both.
    pub(super) fn hard_state_changes(&mut self) {
        self.writes.last_hard = self.next_token();
    }

    /// The log changes in this step, from this index on: this step's write will carry it.
    pub(super) fn log_changes<O: Observer>(&mut self, from: Index, step: &mut Step<O>) {
        self.writes.last_log = self.next_token();
        self.writes.durable_index = self.writes.durable_index.min(from.prev());
        step.log_from = Some(step.log_from.map_or(from, |earlier| earlier.min(from)));
        self.use_configuration(step);
    }

    /// The change of the log in this step replaces or deletes entries, some perhaps on their way to the disk.
    pub(super) fn log_is_cut(&mut self) {
        self.writes.last_cut = self.next_token();
    }

    pub(super) fn next_token(&self) -> Token {
        Token(self.writes.last.0 + 1)
    }

    /// One write a step: term and vote together, so that no crash comes between them, a snapshot, and the
    /// log's new end.
    pub(super) fn persist_what_changed<O: Observer>(&mut self, step: &mut Step<O>) {
        let token = self.next_token();
        let hard = (self.writes.last_hard == token)
            .then_some(HardState { term: self.term, voted_for: self.voted_for });
        let log = step.log_from.map(|from| Suffix { from, entries: self.entries_to_write(from, step) });
        let snapshot = step.snapshot.take();
        if hard.is_none() && log.is_none() && snapshot.is_none() {
            return;
        }
        self.writes.last = token;
        let votes = hard.is_some_and(|hard| hard.voted_for.is_some());
        if votes && step.choose(Rule::TermAndVoteTogether, 1_u32, 2) == 2 {
            let half = Some(HardState { term: self.term, voted_for: None });
            step.effects.push(Effect::Persist(Write { token, hard: half, snapshot, log }));
            self.writes.last = self.next_token();
            let vote = Write { token: self.writes.last, hard, snapshot: None, log: None };
            return step.effects.push(Effect::Persist(vote));
        }
        step.effects.push(Effect::Persist(Write { token, hard, snapshot, log }));
    }

    /// What goes to the disk: the same piece of memory that a message carries, where one does.
    fn entries_to_write<O: Observer>(&self, from: Index, step: &Step<O>) -> Entries {
        match &step.shared {
            Some((first, entries)) if *first == from && self.ends_with(from, entries) => entries.clone(),
            _ => self.log.slice(from, u64::MAX),
        }
    }

    /// Whether as many entries as these are left from there on.
    fn ends_with(&self, from: Index, entries: &Entries) -> bool {
        from.prev().0 + entries.len() as u64 == self.log.last_index().0
    }

    /// A write has become durable. What it means for the log is judged by index *and* term: entries
    /// that were replaced while they were being written do not count. Nor do they when the same entry
    /// has come back in the meantime (the "ABA" race): the write that replaces it is still to come, and
    /// a crash between that one and the next would lose the entry. So nothing counts before the last cut.
    pub(super) fn learn_of_write<O: Observer>(
        &mut self,
        token: Token,
        last: Option<(Index, Term)>,
        step: &mut Step<O>,
    ) {
        self.writes.durable = self.writes.durable.max(token.min(self.writes.last));
        if let Some((index, term)) = last
            && token >= self.writes.last_cut
            && self.log.term_at(index) == Some(term)
        {
            self.writes.durable_index = self.writes.durable_index.max(index);
        }
        self.drop_what_the_snapshot_covers();
        match self.role {
            Role::Candidate { .. } => self.count_own_vote(step),
            Role::Leader(_) => self.advance_commit(step),
            Role::Follower { .. } | Role::PreCandidate { .. } => {}
        }
    }
}
