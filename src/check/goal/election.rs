//! Who could be elected: tried on clones, by the rules of the core itself.

use super::Scene;
use crate::raft::{Body, Effect, Input, Message, Node, Rules, ServerId, Term, Timer, Unobserved};

/// Whether this server could win an election that began now, in a term that is new to everyone, if it
/// asked all voters that run, one after the other (§5.2, §5.4.1). Nothing happens to the scene.
#[must_use]
pub fn can_win(scene: &impl Scene, id: ServerId) -> bool {
    let Some(node) = scene.node(id).filter(|_| scene.up(id)) else { return false };
    let mut candidate = Trial { node: node.clone(), rules: scene.rules() };
    let others = || ServerId::first(scene.servers()).filter(|&other| other != id && scene.up(other));
    let nodes = others().filter_map(|other| scene.node(other));
    candidate.stand_after(nodes.map(|node| (node.term(), node.id())).max());
    // Where servers ask before they stand (D9.6), each is asked twice.
    for voter in others().chain(others()).filter_map(|voter| scene.node(voter)) {
        if candidate.node.is_leader() {
            return true;
        }
        let Some(request) = candidate.node.rpc_for(voter.id()) else { continue };
        let mut voter = Trial { node: voter.clone(), rules: scene.rules() };
        if let Some(answer) = voter.step(Input::Received(request)) {
            candidate.step(Input::Received(answer));
        }
    }
    candidate.node.is_leader()
}

/// A clone of a server, on which something is tried.
struct Trial {
    node: Node,
    rules: Rules,
}

impl Trial {
    /// Stands for election, whatever it is now, in the term after the latest that the others know: it
    /// would hear of that from whoever refuses, and stand again.
    fn stand_after(&mut self, latest: Option<(Term, ServerId)>) {
        self.step(Input::SteppedDown);
        if let Some((term, from)) = latest.filter(|(term, _)| *term > self.node.term()) {
            let body = Body::RequestVoteReply { asked: self.node.term(), granted: false };
            self.step(Input::Received(Message { from, to: self.node.id(), term, body }));
        }
        self.step(Input::Fired(Timer::Election));
    }

    /// One step, with everything that it writes. What it answers.
    fn step(&mut self, input: Input) -> Option<Message> {
        let mut effects = Vec::new();
        let mut answer = None;
        self.node.step(input, self.rules, &mut Unobserved, &mut effects);
        let mut done = 0;
        while let Some(effect) = effects.get(done).cloned() {
            done += 1;
            match effect {
                Effect::Persist(write) => {
                    let log = self.node.log();
                    let last = write.log.map(|_| (log.last_index(), log.last_term()));
                    let durable = Input::Persisted(write.token, last);
                    self.node.step(durable, self.rules, &mut Unobserved, &mut effects);
                }
                Effect::Send(message, _) if !message.is_request() => answer = Some(message),
                _ => {}
            }
        }
        answer
    }
}
