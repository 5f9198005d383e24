//! Requests and replies as they leave a server, and what each of them waits for.

use super::interface::Effect;
use super::log::Entries;
use super::message::{Body, Message};
use super::node::{Node, Step};
use super::role::Role;
use super::rules::{Observer, Rule, Rules};
use super::types::{Index, ServerId, Token};

impl Node {
    /// The request that this server would send to that peer now: a candidate's RequestVote or PreVote, a
    /// leader's AppendEntries or InstallSnapshot; a follower has none. The one place where a request is
    /// built.
    #[must_use]
    pub fn rpc_for(&self, peer: ServerId) -> Option<Message> {
        self.request_for(peer, |from, most| self.log.slice(from, most))
    }

    /// [`Node::rpc_for`], with entries from where the caller has them.
    pub(super) fn request_for(
        &self,
        peer: ServerId,
        entries: impl FnOnce(Index, u64) -> Entries,
    ) -> Option<Message> {
        if peer == self.id {
            return None;
        }
        let body = match &self.role {
            Role::Follower { .. } => return None,
            Role::PreCandidate { .. } | Role::Candidate { .. } => self.vote_request_for(peer)?,
            Role::Leader(leading) => self.append_request_for(peer, leading, entries),
        };
        Some(Message { from: self.id, to: peer, term: self.term, body })
    }

    /// [`Node::rpc_for`], with the write that it has to wait for: what the world needs to send one request by
    /// itself.
    #[must_use]
    pub fn send_for(&self, peer: ServerId, rules: Rules) -> Option<Effect> {
        self.rpc_for(peer).map(|message| self.sent_by_hand(message, rules))
    }

    /// The heartbeat that a leader can send to that peer now, though entries wait: AppendEntries without any,
    /// after the entry before nextIndex. Only a leader has one, and not for a follower that gets a snapshot.
    #[must_use]
    pub fn heartbeat_for(&self, peer: ServerId) -> Option<Message> {
        let request = self.request_for(peer, |_, _| Entries::default());
        request.filter(|message| matches!(message.body, Body::AppendEntries { .. }))
    }

    /// [`Node::send_for`] for [`Node::heartbeat_for`].
    #[must_use]
    pub fn send_heartbeat_for(&self, peer: ServerId, rules: Rules) -> Option<Effect> {
        self.heartbeat_for(peer).map(|message| self.sent_by_hand(message, rules))
    }

    fn sent_by_hand(&self, message: Message, rules: Rules) -> Effect {
        let after = self.request_waits_for(&message.body);
        Effect::Send(message, after.filter(|_| rules.is_on(Rule::ReplyAfterFsync)))
    }

    /// Sends the request of the moment to that peer.
    pub(super) fn send_request<O: Observer>(&mut self, peer: ServerId, step: &mut Step<O>) {
        let shared = step.shared.take();
        let (mut first, mut run) = shared.unwrap_or_default();
        let message = self.request_for(peer, |from, most| {
            // Most followers need the same entries: they are put together once.
            if from != first || !self.is_run(from, most, &run) {
                (first, run) = (from, self.log.slice(from, most));
            }
            run.clone()
        });
        step.shared = Some((first, run));
        if let Some(message) = message {
            self.note_sent(peer, &message.body);
            let after = self.request_waits_for(&message.body);
            self.send(message, after, step);
        }
    }

    /// Whether these are the entries from there on, at most so many, that the log would give.
    fn is_run(&self, from: Index, most: u64, run: &Entries) -> bool {
        let left = self.log.last_index().next().0.saturating_sub(from.0);
        run.len() as u64 == left.min(most)
    }

    /// What has to be on disk before a request leaves: the term and the vote; not a leader's entries,
    /// which it may write while they travel (D10.2.1), unless it is told to write them first.
    fn request_waits_for(&self, request: &Body) -> Option<Token> {
        match request {
            Body::AppendEntries { prev_index, entries, .. } if self.options.write_before_send => {
                self.log_under_way(Index(prev_index.0 + entries.len() as u64))
            }
            _ => self.hard_state_under_way(),
        }
    }

    /// Answers that peer. No answer leaves before the term that it bears, nor the vote or the entries
    /// that it promises, are on disk.
    pub(super) fn reply<O: Observer>(
        &mut self,
        peer: ServerId,
        body: Body,
        after: Option<Token>,
        step: &mut Step<O>,
    ) {
        let message = Message { from: self.id, to: peer, term: self.term, body };
        self.send(message, after, step);
    }

    pub(super) fn send<O: Observer>(&mut self, message: Message, after: Option<Token>, step: &mut Step<O>) {
        let after = match after {
            Some(_) => step.choose(Rule::ReplyAfterFsync, after, None),
            None => None,
        };
        step.effects.push(Effect::Send(message, after));
    }
}
