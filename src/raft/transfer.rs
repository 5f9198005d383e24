//! Leadership transfer (D3.10): a leader brings another server's log up to date, and asks it to stand.

use super::config::Configuration;
use super::interface::{Effect, Refused};
use super::message::{Body, Message};
use super::node::{Node, Step};
use super::role::Transfer;
use super::rules::{Observer, Rule};
use super::types::{ServerId, Timer};
use std::cmp::Reverse;

impl Node {
    /// An administrator wants that server to lead. From now on the leader takes no requests: the other's
    /// log could never become as long as its own.
    pub(super) fn ask_for_transfer<O: Observer>(&mut self, to: ServerId, step: &mut Step<O>) {
        if let Err(refused) = self.can_hand_over_to(to) {
            return step.effects.push(Effect::Refused(refused));
        }
        self.hand_over_to(to, step);
    }

    fn hand_over_to<O: Observer>(&mut self, to: ServerId, step: &mut Step<O>) {
        if let Some(leading) = self.leading_mut() {
            leading.transfer = Some(Transfer { to, sent: false });
        }
        step.effects.push(Effect::SetTimer(Timer::Transfer, self.options.election.longest()));
        self.send_request(to, step);
        self.advance_transfer(step);
    }

    /// A leader that was removed could leave its place empty for an election timeout. With the option it hands
    /// leadership over first, to the voter whose log is known to be the longest, and steps down when that voter
    /// leads, or when the transfer is given up (D3.10, D4.2.2).
    pub(super) fn hand_over_before_leaving<O: Observer>(&mut self, step: &mut Step<O>) {
        let Some(leading) = self.leadership() else { return };
        let matched = |id: &ServerId| (leading.progress[id.slot()].matched, Reverse(*id));
        let best = self.configuration.voters.iter().max_by_key(matched);
        if let Some(to) = best.filter(|_| leading.transfer.is_none()) {
            self.hand_over_to(to, step);
        }
    }

    fn can_hand_over_to(&self, to: ServerId) -> Result<(), Refused> {
        let leading = self.leadership().ok_or(Refused::NotLeader)?;
        let Configuration { voters, outgoing, .. } = self.configuration;
        match leading.transfer {
            Some(transfer) => Err(Refused::Transferring { to: transfer.to }),
            None if to == self.id => Err(Refused::Leads),
            None if voters.contains(to) => Ok(()),
            // It could lead as long as the configuration is joint (§6), and would have to step down right after.
            None if outgoing.contains(to) => Err(Refused::Leaving { server: to }),
            None => Err(Refused::NoVoter { server: to }),
        }
    }

    /// Whether leadership is being handed over, and to whom.
    #[must_use]
    pub fn transferring(&self) -> Option<ServerId> {
        self.leadership()?.transfer.map(|transfer| transfer.to)
    }

    /// Once the other one has the whole log it is asked to start an election, and this leader's leases end:
    /// others will vote although they hear from it (D6.4.1).
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
        self.send_timeout_now(to, step);
    }

    /// With each heartbeat: the first TimeoutNow may have been lost, and requests are repeated until they are
    /// answered (§5.1). A second one does no harm, since the first has raised its receiver's term.
    pub(super) fn repeat_timeout_now<O: Observer>(&mut self, step: &mut Step<O>) {
        if let Some(Transfer { to, sent: true }) = self.leadership().and_then(|leading| leading.transfer) {
            self.send_timeout_now(to, step);
        }
    }

    fn send_timeout_now<O: Observer>(&mut self, to: ServerId, step: &mut Step<O>) {
        let message = Message { from: self.id, to, term: self.term, body: Body::TimeoutNow };
        self.send(message, self.hard_state_under_way(), step);
    }

    /// An election timeout has passed, and this server still leads: the other one is down, or too slow. The
    /// leader takes requests again, and what waited for the end of the transfer. The other one may still start
    /// an election later, which harms nobody.
    pub(super) fn give_up_transfer<O: Observer>(&mut self, step: &mut Step<O>) {
        let Some(leading) = self.leading_mut() else { return };
        leading.transfer = None;
        if self.is_removed() {
            return self.step_down(step);
        }
        self.leave_joint(step);
        self.advance_catch_up(step);
    }
}
