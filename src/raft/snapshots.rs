//! Snapshots and log compaction (§7, D5): the state machine, as it was after some entry, takes the place
//! of the log up to there; a follower that needs what is gone receives it piece by piece.

use super::config::Configuration;
use super::interface::{Effect, Refused};
use super::message::{Body, Chunk, SnapshotOutcome};
use super::node::{Node, Step};
use super::persistence::SnapshotWrite;
use super::role::{Leadership, Mode};
use super::rules::{Observer, Rule};
use super::types::{Index, Round, ServerId, Term};
use std::sync::Arc;

/// A state machine as it was after an entry, with what Raft itself has to know of that point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The index of the last entry that it covers.
    pub index: Index,
    /// The term of that entry.
    pub term: Term,
    /// The configuration in force there.
    pub configuration: Configuration,
    /// The state machine, clients' sessions included. Raft does not look inside.
    pub data: Arc<[u8]>,
}

/// The pieces of a leader's snapshot that have come so far. A crash loses them: the leader begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Incoming {
    /// In which term: another leader's pieces may be cut otherwise.
    asked: Term,
    /// What the snapshot covers.
    pub(super) index: Index,
    term: Term,
    data: Vec<u8>,
}

impl Incoming {
    pub(super) fn received(&self) -> u64 {
        self.data.len() as u64
    }
}

/// What an InstallSnapshot says.
pub(super) struct Piece {
    pub(super) last_index: Index,
    pub(super) last_term: Term,
    pub(super) configuration: Configuration,
    pub(super) offset: u64,
    pub(super) data: Chunk,
    pub(super) done: bool,
    pub(super) round: Round,
}

// Taking one.
impl Node {
    /// Whether so much was applied since the last snapshot that the next one is due.
    pub(super) fn ask_for_snapshot<O: Observer>(&mut self, step: &mut Step<O>) {
        let every = u64::from(self.options.snapshot_every);
        let applied = self.applied.0.saturating_sub(self.log.base_index().0);
        if every > 0 && applied >= every && self.taken.is_none() {
            step.effects.push(Effect::TakeSnapshot);
        }
    }

    /// Here is the state machine as it was after that entry. It goes to the disk together with the
    /// configuration of that point; the log gives up what it covers only when it is there.
    pub(super) fn take_snapshot<O: Observer>(&mut self, index: Index, data: Arc<[u8]>, step: &mut Step<O>) {
        let term = self.log.get(index).map(|entry| entry.term);
        let Some(term) = term.filter(|_| index <= self.applied && self.taken.is_none()) else {
            return step.effects.push(Effect::Refused(Refused::NothingToCompact));
        };
        let configuration = *self.log.configuration_at(index);
        let snapshot = Arc::new(Snapshot { index, term, configuration, data });
        self.taken = Some((self.next_token(), Arc::clone(&snapshot)));
        step.snapshot = Some(SnapshotWrite { snapshot, keep: true });
    }

    /// Writes have become durable, perhaps that of a snapshot.
    pub(super) fn drop_what_the_snapshot_covers(&mut self) {
        if self.taken.as_ref().is_some_and(|(token, _)| *token <= self.writes.durable)
            && let Some((_, snapshot)) = self.taken.take()
        {
            let Snapshot { index, term, configuration, .. } = *snapshot;
            self.log.compact(index, term, configuration, true);
            self.snapshot = Some(snapshot);
        }
    }
}

// The leader's side.
impl Node {
    /// The piece of a snapshot that a follower needs next, if it needs one: because the entry before the
    /// next one is gone.
    pub(super) fn snapshot_piece_for(&self, peer: ServerId, leading: &Leadership) -> Option<Body> {
        let progress = &leading.progress[peer.slot()];
        let (snapshot, from) = match progress.mode {
            Mode::Snapshot { offset } => (leading.sending.get(&peer)?, offset),
            _ if progress.next <= self.log.base_index() => (self.snapshot.as_ref()?, 0),
            _ => return None,
        };
        let (size, most) = (snapshot.data.len(), self.options.snapshot_chunk as usize);
        let begin = (from as usize).min(size);
        let end = if most == 0 { size } else { size.min(begin + most) };
        Some(Body::InstallSnapshot {
            last_index: snapshot.index,
            last_term: snapshot.term,
            configuration: snapshot.configuration,
            offset: begin as u64,
            data: Chunk(snapshot.data[begin..end].into()),
            done: end == size,
            round: leading.round,
        })
    }

    /// The answer to a piece of a snapshot.
    pub(super) fn learn_of_snapshot<O: Observer>(
        &mut self,
        from: ServerId,
        last_index: Index,
        answered: u64,
        outcome: SnapshotOutcome,
        step: &mut Step<O>,
    ) {
        match outcome {
            SnapshotOutcome::Stale => {}
            // What is in the snapshot is committed, so the follower's log agrees with the leader's there.
            SnapshotOutcome::Installed => {
                self.snapshot_arrived(from, last_index);
                self.follower_stored(from, last_index, step);
            }
            SnapshotOutcome::More { offset: next } => {
                let Some(leading) = self.leading_mut() else { return };
                let sent = leading.sending.get(&from).is_some_and(|snapshot| snapshot.index == last_index);
                let mode = &mut leading.progress[from.slot()].mode;
                if !sent || *mode != (Mode::Snapshot { offset: answered }) || next == answered {
                    return;
                }
                *mode = Mode::Snapshot { offset: next };
                self.send_request(from, step);
            }
        }
    }

    /// A snapshot is sent no more. What follows may be in the log; or the log has been compacted further
    /// meanwhile, and the next snapshot's turn has come.
    fn snapshot_arrived(&mut self, from: ServerId, index: Index) {
        let Some(leading) = self.leading_mut() else { return };
        if leading.sending.get(&from).is_some_and(|snapshot| snapshot.index == index) {
            leading.sending.remove(&from);
            leading.progress[from.slot()].mode = Mode::default();
        }
    }
}

// The follower's side.
impl Node {
    /// InstallSnapshot, at the receiver (Figure 13).
    pub(super) fn answer_install<O: Observer>(
        &mut self,
        leader: ServerId,
        asked: Term,
        piece: Piece,
        step: &mut Step<O>,
    ) {
        let Piece { last_index, offset, round, .. } = piece;
        let answer = |outcome| Body::InstallSnapshotReply { asked, last_index, offset, outcome, round };
        if !step.guard(Rule::RefuseStaleAppend, asked >= self.term, asked, self.term) {
            let after = self.hard_state_under_way();
            return self.reply(leader, answer(SnapshotOutcome::Stale), after, step);
        }
        if self.is_leader() {
            return;
        }
        self.follow(leader, step);
        self.hear_leader(step);
        if !step.guard(Rule::SnapshotOnlyIfNewer, last_index > self.commit, last_index, self.commit) {
            // It ends before commitIndex: all of it is in the log, or under an own snapshot.
            self.incoming = None;
            let after = self.log_under_way(last_index);
            return self.reply(leader, answer(SnapshotOutcome::Installed), after, step);
        }
        match self.collect(asked, &piece) {
            Err(next) => {
                let after = self.hard_state_under_way();
                self.reply(leader, answer(SnapshotOutcome::More { offset: next }), after, step);
            }
            Ok(data) => {
                let Piece { last_index: index, last_term: term, configuration, .. } = piece;
                self.install(Snapshot { index, term, configuration, data }, step);
                let after = Some(self.next_token()).max(self.hard_state_under_way());
                self.reply(leader, answer(SnapshotOutcome::Installed), after, step);
            }
        }
    }

    /// Takes in a piece: all of the snapshot if that was the last one missing, else the byte at which the
    /// next one has to begin. Pieces of another snapshot are forgotten.
    fn collect(&mut self, asked: Term, piece: &Piece) -> Result<Arc<[u8]>, u64> {
        let Piece { last_index: index, last_term: term, offset, data, done, .. } = piece;
        let same = |known: &Incoming| (known.asked, known.index, known.term) == (asked, *index, *term);
        if !self.incoming.as_ref().is_some_and(same) {
            self.incoming = Some(Incoming { asked, index: *index, term: *term, data: Vec::new() });
        }
        let incoming = self.incoming.as_mut().expect("it was just put there");
        if incoming.received() == *offset {
            incoming.data.extend_from_slice(&data.0);
            if *done {
                return Ok(self.incoming.take().map(|whole| whole.data.into()).unwrap_or_default());
            }
        }
        Err(incoming.received())
    }

    /// The whole snapshot is here. If the log has the entry that it ends with, what follows is kept, and
    /// else there is nothing in the log worth keeping (§7). The state machine, the configuration and the
    /// sessions are the snapshot's.
    fn install<O: Observer>(&mut self, snapshot: Snapshot, step: &mut Step<O>) {
        let Snapshot { index, term, configuration: carried, data } = snapshot;
        let known = *self.log.configuration();
        let configuration = step.choose(Rule::SnapshotCarriesConfiguration, carried, known);
        let agrees = self.log.term_at(index) == Some(term);
        // An own snapshot on its way to the disk covers less than this one; only a broken rule has it
        // otherwise, and then nothing of the log is worth keeping.
        let agrees = agrees && self.taken.as_ref().is_none_or(|(_, taken)| taken.index <= index);
        let keep = step.choose(Rule::SnapshotKeepsSuffix, agrees, false);
        let snapshot = Arc::new(Snapshot { index, term, configuration, data });

        self.writes.last_log = self.next_token();
        if !keep {
            self.log_is_cut();
            self.writes.durable_index = self.writes.durable_index.min(self.commit).min(index);
        }
        self.log.compact(index, term, configuration, keep);
        (self.commit, self.applied) = (index, index);
        self.taken = None;
        self.snapshot = Some(Arc::clone(&snapshot));
        self.use_configuration(step);
        step.effects.push(Effect::Restore(Arc::clone(&snapshot)));
        step.snapshot = Some(SnapshotWrite { snapshot, keep });
    }
}
