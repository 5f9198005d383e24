//! Election Safety (Figure 3, §5.2): at most one leader can be elected in a given term.

use super::Finding;
use super::look::Look;
use super::past::Past;
use crate::raft::{ServerId, Term};
use crate::sim::EventId;

/// Remembers who led each term.
#[derive(Clone, Debug, Default)]
pub(super) struct ElectionSafety {
    /// In the order of their terms.
    leaders: Past<Led>,
}

/// Who led a term first, and since when.
#[derive(Clone, Copy, Debug)]
struct Led {
    term: Term,
    leader: ServerId,
    event: EventId,
    /// Whether it was elected in that term; else it led an older one and took the term over (§5.1).
    elected: bool,
}

impl ElectionSafety {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        if !look.newly_leads() {
            return None;
        }
        let (term, id) = (look.now.term, look.id);
        let Some(&Led { leader: first, event, elected, .. }) = self.leaders.find(term, |led| led.term) else {
            self.leaders
                .insert(Led { term, leader: id, event: look.event, elected: !look.took_over() }, |led| {
                    led.term
                });
            return None;
        };
        (first != id).then(|| two_leaders(look, first, event, elected))
    }

    /// When that server came to lead that term, if it was the first.
    pub(super) fn elected(&self, leader: ServerId, term: Term) -> Option<EventId> {
        let led = self.leaders.find(term, |led| led.term)?;
        (led.leader == leader).then_some(led.event)
    }

    pub(super) fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.leaders.find(term, |led| led.term).map(|led| led.leader)
    }

    pub(super) fn leaders(&self) -> impl Iterator<Item = (Term, ServerId)> {
        self.leaders.iter().map(|led| (led.term, led.leader))
    }
}

#[cold]
fn two_leaders(look: &Look, first: ServerId, event: EventId, elected: bool) -> Finding {
    let (term, id) = (look.now.term, look.id);
    let was = if elected { "was elected in it" } else { "led an older one and took it over" };
    let now = match (elected, look.took_over()) {
        (true, false) => "is",
        (false, false) => "is elected in it",
        (_, true) => "has taken it over, which led an older one",
    };
    let sentence = format!("Term {term} has two leaders: {first} {was}, and now {id} {now}.");
    let mut finding = Finding::new([first, id], sentence).since([event]).value("term", term);
    for id in [first, id] {
        if let Some(server) = look.world.server(id) {
            finding = finding.value(format!("{id} goes by"), server.node.configuration());
        }
    }
    finding
}
