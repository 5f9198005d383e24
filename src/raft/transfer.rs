//! Leadership transfer (D3.10): a leader brings another server's log up to date, and asks it to stand.

use super::interface::{Effect, Refused};
use super::message::{Body, Message};
use super::node::{Node, Step};
use super::role::Transfer;
use super::rules::{Observer, Rule};
use super::types::{ServerId, Timer};

impl Node {
    /// An administrator wants that server to lead. From now on the leader takes no requests: the other's
    /// log could never become as long as its own.
    pub(super) fn ask_for_transfer<O: Observer>(&mut self, to: ServerId, step: &mut Step<O>) {
        if let Err(refused) = self.can_hand_over_to(to) {
            return step.effects.push(Effect::Refused(refused));
        }
        if let Some(leading) = self.leading_mut() {
            leading.transfer = Some(Transfer { to, sent: false });
        }
        step.effects.push(Effect::SetTimer(Timer::Transfer, self.options.election.longest()));
        self.send_request(to, step);
        self.advance_transfer(step);
    }

    fn can_hand_over_to(&self, to: ServerId) -> Result<(), Refused> {
        let leading = self.leadership().ok_or(Refused::NotLeader)?;
        match leading.transfer {
            Some(transfer) => Err(Refused::Transferring { to: transfer.to }),
            None if to == self.id => Err(Refused::Leads),
            None if !self.configuration.voters.contains(to) => Err(Refused::NoVoter { server: to }),
            None => Ok(()),
        }
    }

    /// Whether leadership is being handed over, and to whom.
    #[must_use]
    pub fn transferring(&self) -> Option<ServerId> {
        self.leadership()?.transfer.map(|transfer| transfer.to)
    }

    /// Once the other one has the whole log it is asked to stand, and this leader's leases end: others
    /// will vote although they hear from it (D6.4.1).
    pub(super) fn advance_transfer<O: Observer>(&mut self, step: &mut Step<O>) {
        let last = self.log.last_index();
        let Some(leading) = self.leading_mut() else { return };
        let Some(Transfer { to, sent: false }) = leading.transfer else { return };
        let matched = leading.progress[to.slot()].matched;
        if !step.guard(Rule::TransferWaitsForCatchUp, matched >= last, matched, last) {
            return;
        }
        leading.transfer = Some(Transfer { to, sent: true });
        leading.handed_over = true;
        let message = Message { from: self.id, to, term: self.term, body: Body::TimeoutNow };
        self.send(message, self.hard_state_under_way(), step);
    }

    /// An election timeout has passed, and this server still leads: the other one is down, or too slow.
    /// It goes on, and takes requests again. The other may still stand later: that harms nobody.
    pub(super) fn give_up_transfer(&mut self) {
        if let Some(leading) = self.leading_mut() {
            leading.transfer = None;
        }
    }
}
