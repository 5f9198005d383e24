//! What is on disk, what is on its way there, and what has to wait for it (Figure 2: "updated on stable
//! storage before responding to RPCs"; D3.8).

use super::config::Configuration;
use super::log::{Entries, Log};
use super::node::{Effect, Node, Role, Step};
use super::rules::Observer;
use super::types::{Index, ServerId, Term, Token};

/// A write to the disk. It becomes durable whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name.
    pub token: Token,
    /// Term and vote, written together, if they changed.
    pub hard: Option<HardState>,
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

/// What is on a server's disk: Figure 2's persistent state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Durable {
    /// currentTerm and votedFor.
    pub hard: HardState,
    /// log\[\].
    pub log: Log,
}

impl Durable {
    /// The disk of a server that has never run.
    #[must_use]
    pub fn new(configuration: Configuration) -> Durable {
        Durable { hard: HardState::default(), log: Log::new(configuration) }
    }

    /// Carries out a write. Returns where the log ends, if the write was to the log.
    pub fn write(&mut self, write: &Write) -> Option<(Index, Term)> {
        if let Some(hard) = write.hard {
            self.hard = hard;
        }
        let suffix = write.log.as_ref()?;
        self.log.truncate_after(suffix.from.prev());
        suffix.entries.iter().for_each(|entry| self.log.push(entry.clone()));
        Some((self.log.last_index(), self.log.last_term()))
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
    }

    /// The change of the log in this step replaces or deletes entries, some perhaps on their way to the disk.
    pub(super) fn log_is_cut(&mut self) {
        self.writes.last_cut = self.next_token();
    }

    fn next_token(&self) -> Token {
        Token(self.writes.last.0 + 1)
    }

    /// One write a step: term and vote together, so that no crash comes between them, and the log's
    /// new end.
    pub(super) fn persist_what_changed<O: Observer>(&mut self, step: &mut Step<O>) {
        let token = self.next_token();
        let hard = (self.writes.last_hard == token)
            .then_some(HardState { term: self.term, voted_for: self.voted_for });
        let log = step.log_from.map(|from| Suffix { from, entries: self.log.slice(from, u64::MAX) });
        if hard.is_some() || log.is_some() {
            self.writes.last = token;
            step.effects.push(Effect::Persist(Write { token, hard, log }));
        }
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
        match self.role {
            Role::Candidate { .. } => self.count_own_vote(step),
            Role::Leader { .. } => self.advance_commit(step),
            Role::Follower { .. } => {}
        }
    }
}
