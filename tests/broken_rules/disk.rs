//! What the rules of the disk are good for (D3.8): with the rule off, a scripted run breaks a promise; with
//! the rule on, in the same recording the rule is in the way, and every promise holds.

use super::common::*;
use super::scripts::*;
use wavetank::raft::Rule;
use wavetank::sim::Action;

#[test]
fn term_and_vote_are_written_together() {
    falls(Rule::TermAndVoteTogether, THREE, |run| {
        time_out(run, 1);
        // S2 gives its vote to S1. The yes leaves after one write, and S2 crashes before another.
        let (message, _) = on_way(run, 1, 2)[0];
        act(run, Action::Deliver { message });
        run.step();
        crash(run, 2);
        deliver(run, 2, 1);
        assert!(server(run, 1).node.is_leader());
        drop_all(run, |_| true);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_torn_entry_is_no_entry() {
    falls(Rule::ChecksumEndsLog, LED, |run| {
        propose(run, 1, "a command of some length");
        settle(run);
        // The power fails while S2 writes it.
        let (message, _) = on_way(run, 1, 2)[0];
        act(run, Action::Deliver { message });
        act(run, Action::Tear { server: s(2) });
        restart(run, 2);
        drop_all(run, |_| true);
        bring(run, 1, 3);
        bring(run, 1, 2);
    });
}
