//! What may happen in a state, within the bounds.

use super::bound::Bound;
use super::gesture::{Ask, Gesture, Grain};
use super::space::{Frame, Space};
use crate::raft::Index;

/// A step, by positions in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Timeout(u8),
    Request(u8),
    Restart(u8),
    Rpc(u8, u8, Load),
    HoldRequest(u8, u8, Load),
    HoldReply(u8, u8, Load),
    Release(u8),
    Mislead(u8, u8, u32),
    Beat(u8),
    Send(u8, u8),
    Deliver(u8),
    Drop(u8),
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// Everything from nextIndex, or the question of a candidate.
    All,
    /// No entries, though some wait.
    Nothing,
}

impl Space<'_> {
    /// What may happen in a state, within the bounds.
    pub(super) fn moves(&mut self, row: &[u32], out: &mut Vec<Move>) {
        out.clear();
        let Frame { servers, bounds, grain, .. } = self.frame;
        let (restarts, misled) = self.restarts[row[servers] as usize];
        if restarts >= bounds.restarts_max {
            self.met.add(Bound::Restarts);
        }
        let on_their_way = row.len() - servers - 1;
        let room = on_their_way < usize::from(bounds.messages_max);
        for at in 0..servers as u8 {
            let traits = self.traits[row[usize::from(at)] as usize];
            if restarts < bounds.restarts_max {
                out.push(Move::Restart(at));
            }
            if !traits.up {
                continue;
            }
            match traits.leads {
                true if traits.last < bounds.log_max => out.push(Move::Request(at)),
                true => self.met.add(Bound::Logs),
                false if traits.term < bounds.term_max => out.push(Move::Timeout(at)),
                false => self.met.add(Bound::Terms),
            }
            if traits.asks && !room {
                self.met.add(Bound::Messages);
            }
            if traits.leads && grain == Grain::Message {
                out.push(Move::Beat(at));
            }
            for to in (0..servers as u8).filter(|&to| traits.asks && to != at) {
                let beats = bounds.heartbeats && traits.waits >> to & 1 == 1;
                let loads = if beats { [Load::All, Load::Nothing].as_slice() } else { &[Load::All] };
                match grain {
                    Grain::Gesture => {
                        for &load in loads {
                            out.push(Move::Rpc(at, to, load));
                            if room {
                                out.push(Move::HoldRequest(at, to, load));
                                out.push(Move::HoldReply(at, to, load));
                            }
                        }
                    }
                    Grain::Message if beats && room => out.push(Move::Send(at, to)),
                    Grain::Message => {}
                }
                if traits.leads && misled < bounds.misled_max {
                    out.extend((1..=traits.last as u32 + 1).map(|next| Move::Mislead(at, to, next)));
                }
            }
        }
        for message in 0..on_their_way as u8 {
            out.push(match grain {
                Grain::Gesture => Move::Release(message),
                Grain::Message => Move::Deliver(message),
            });
            if bounds.drops && grain == Grain::Message {
                out.push(Move::Drop(message));
            }
        }
    }

    /// A step in words of the outside.
    pub(super) fn gesture(&self, row: &[u32], step: Move) -> Gesture {
        let id = |at: u8| self.locals.get(row[usize::from(at)]).node.id();
        let ask = |from, to, load| Ask { from: id(from), to: id(to), heartbeat: load == Load::Nothing };
        let message = |at: u8| (**self.messages.get(row[self.frame.servers + 1 + usize::from(at)])).clone();
        match step {
            Move::Timeout(at) => Gesture::Timeout(id(at)),
            Move::Request(at) => Gesture::Request(id(at), self.which_leader(row, at)),
            Move::Restart(at) => Gesture::Restart(id(at)),
            Move::Rpc(from, to, load) => Gesture::Rpc(ask(from, to, load)),
            Move::HoldRequest(from, to, load) => Gesture::HoldRequest(ask(from, to, load)),
            Move::HoldReply(from, to, load) => Gesture::HoldReply(ask(from, to, load)),
            Move::Send(from, to) => Gesture::Send(ask(from, to, Load::Nothing)),
            Move::Release(at) => Gesture::Release(message(at)),
            Move::Mislead(at, to, next) => Gesture::Mislead(id(at), id(to), Index(u64::from(next))),
            Move::Beat(at) => Gesture::Beat(id(at)),
            Move::Deliver(at) => Gesture::Deliver(message(at)),
            Move::Drop(at) => Gesture::Drop(message(at)),
        }
    }
}
