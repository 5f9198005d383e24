//! One Vote (§5.2): each server votes for at most one candidate in a given term, whatever happens to it in
//! between.
//!
//! Within one life a vote binds from the moment at which it is in memory. A crash may take it back as long
//! as it is not on the disk and nobody was told: nothing depends on it then (Figure 2, "before responding").

use super::Finding;
use super::look::Look;
use super::past::Past;
use crate::raft::{Body, MAX_SERVERS, Message, ServerId, Term};
use crate::sim::{EventId, Server};

/// Remembers who voted for whom.
#[derive(Clone, Debug, Default)]
pub(super) struct OneVote {
    votes: [Votes; MAX_SERVERS as usize],
}

/// The votes of one server.
#[derive(Clone, Debug, Default)]
struct Votes {
    /// In the order of their terms.
    cast: Past<Vote>,
    /// Those that a crash may still take back, oldest first. Mostly there are none.
    pending: Vec<Vote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Vote {
    term: Term,
    candidate: ServerId,
    event: EventId,
}

impl OneVote {
    /// Whether a vote of that server may still be taken back, so that it has to be watched.
    pub(super) fn is_pending(&self, id: ServerId) -> bool {
        !self.votes[id.slot()].pending.is_empty()
    }

    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let Votes { cast, pending } = &mut self.votes[look.id.slot()];
        if look.reborn {
            pending.clear();
        }
        // Before the vote of this step: what was told until now binds.
        let finding = look.now.voted_for.and_then(|candidate| {
            let vote = Vote { term: look.now.term, candidate, event: look.event };
            let bound = pending.iter().rfind(|bound| bound.term == vote.term);
            match bound.or_else(|| cast.find(vote.term, |vote| vote.term)) {
                None => {
                    pending.push(vote);
                    None
                }
                Some(bound) => (bound.candidate != candidate).then(|| bound.contradicts(vote, look.id)),
            }
        });
        pending.retain(|vote| {
            let final_ = vote.is_final(look.server);
            if final_ {
                cast.insert(*vote, |vote| vote.term);
            }
            !final_
        });
        finding
    }
}

impl Vote {
    /// Whether it binds whatever happens: it is on the disk, or somebody was told.
    fn is_final(&self, server: &Server) -> bool {
        let on_disk = server.disk.durable.hard;
        if (on_disk.term, on_disk.voted_for) == (self.term, Some(self.candidate)) {
            return true;
        }
        let id = server.node.id();
        let tells = |message: &Message| match message.body {
            Body::RequestVote { .. } => self.candidate == id,
            Body::RequestVoteReply { granted, .. } => granted && message.to == self.candidate,
            _ => false,
        };
        let waits = |message: &Message| message.term == self.term && tells(message);
        // A candidate that is alone tells nobody.
        let others = server.node.configuration().all_voters().iter().any(|peer| peer != id);
        server.up
            && (self.candidate != id || others)
            && !server.waiting.iter().any(|waiting| waits(&waiting.message))
    }

    #[cold]
    fn contradicts(&self, other: Vote, id: ServerId) -> Finding {
        let (term, first, second) = (self.term, self.candidate, other.candidate);
        let name =
            |candidate: ServerId| if candidate == id { "itself".into() } else { candidate.to_string() };
        let sentence = format!(
            "{id} voted for {} in term {term}, and in the same term for {} as well.",
            name(first),
            name(second)
        );
        Finding::new([id, first, second], sentence)
            .since([self.event])
            .value("term", term)
            .value("first vote", first)
            .value("second vote", second)
    }
}
