//! What the rules of reads are good for (D6.4): with the rule off, a scripted run reads an old value after
//! a newer one was acknowledged; with the rule on, in the same recording the rule is in the way, and nobody
//! is told anything untrue.

use super::common::*;
use super::scripts::*;
use wavetank::raft::{Lease, ReadMode, Rule, TimerRange};
use wavetank::sim::{Action, Setup};
use wavetank::timeline::Run;

/// What the client is told without the rule: an old value.
const STALE: &str = "x←1: OK, x?: (nothing)";

/// By hand: the client writes x at that leader, who replicates it to these others, and is told so.
#[track_caller]
fn write_by_hand(run: &mut Run, leader: u8, followers: &[u8]) {
    ask_of(run, leader, put("x", "1"), None);
    arrives(run);
    for &follower in followers {
        replicate(run, leader, follower);
    }
    answered(run);
    assert_eq!(told(run), "x←1: OK", "{}", story(run));
    drop_all(run, |_| true);
}

#[test]
fn a_read_waits_until_a_majority_has_confirmed_the_leader() {
    let script = |run: &mut Run| {
        replicate(run, 1, 2);
        // S3 leads, and S1 knows nothing of it.
        elect_by(run, 3, &[2]);
        write_by_hand(run, 3, &[2]);
        ask_of(run, 1, get(), Some(ReadMode::ReadIndex));
        arrives(run);
        answered(run);
        assert_eq!(told(run), STALE);
    };
    falls_in(Rule::ReadConfirmed, by_hand(Setup::new(3, 1), LED), script);
}

#[test]
fn a_read_waits_until_the_leader_has_committed_an_entry_of_its_own_term() {
    let script = |run: &mut Run| {
        // S1 has committed what S2 has, and S2 has not heard that it is committed.
        write_by_hand(run, 1, &[2]);
        assert_eq!((commit(run, 1), commit(run, 2)), (2, 0));
        elect_by(run, 2, &[3]);
        drop_all(run, |_| true);
        ask_of(run, 2, get(), Some(ReadMode::ReadIndex));
        arrives(run);
        // S2 leads indeed, says S3.
        replicate(run, 2, 3);
        answered(run);
        assert_eq!(told(run), STALE);
    };
    falls_in(Rule::ReadAfterOwnTermCommit, by_hand(Setup::new(3, 1), LED), script);
}

// Leases. Time passes.

/// Three servers with leases, on a fast network.
fn leases() -> Setup {
    let mut setup = Setup::new(3, 1);
    let options = &mut setup.options;
    (options.lease, options.stickiness, options.noop) = (true, true, true);
    options.link.latency = TimerRange { min_us: 1000, max_us: 1000 };
    options.fsync = TimerRange { min_us: 100, max_us: 100 };
    setup
}

/// Until S1 has earned a lease just now.
#[track_caller]
fn until_lease(run: &mut Run) {
    let confirmed = |run: &Run| server(run, 1).node.leadership().map(|leading| leading.confirmed);
    // Not the first one: by then everyone has heard of the leader.
    wait(run, 120);
    let before = confirmed(run);
    until(run, 200, "a round is confirmed", |run| confirmed(run) > before);
    let leading = server(run, 1).node.leadership().expect("S1 leads");
    assert!(leading.leases.contains(&Lease::Held));
}

/// Until S2 and S3 no longer withhold their votes.
#[track_caller]
fn until_votes(run: &mut Run) {
    let withholds = |run: &Run, n| server(run, n).node.hears_leader();
    until(run, 200, "they would vote", |run| !withholds(run, 2) && !withholds(run, 3));
}

/// S3 leads, and the client writes there; then it reads from S1, which has heard nothing of that.
#[track_caller]
fn write_and_read(run: &mut Run) {
    until(run, 20, "S3 leads", |run| server(run, 3).node.is_leader());
    ask_of(run, 3, put("x", "1"), None);
    until_told(run, 20);
    ask_of(run, 1, get(), Some(ReadMode::Lease));
    wait(run, 10);
    assert_eq!(told(run), STALE);
}

#[test]
fn a_lease_is_shorter_than_an_election_timeout_by_what_clocks_may_drift() {
    let mut setup = leases();
    setup.options.drift_ppm = 500_000;
    let script = |run: &mut Run| {
        // 1.2 / 0.8 is 1.5: the clocks drift by what is allowed for.
        act(run, Action::SetClock { server: s(1), ppm: -200_000 });
        act(run, Action::SetClock { server: s(2), ppm: 200_000 });
        act(run, Action::SetClock { server: s(3), ppm: 200_000 });
        until_votes(run);
        elect(run, 1);
        until_lease(run);
        act(run, groups("1 23"));
        until_votes(run);
        elect(run, 3);
        write_and_read(run);
    };
    let nobody_leads = "S1 2 / S2 2 / S3 2";
    falls_in(Rule::LeaseBoundedByDrift, in_time(setup, nobody_leads), script);
}

#[test]
fn a_lease_is_given_up_when_leadership_is_handed_over() {
    let script = |run: &mut Run| {
        until_lease(run);
        act(run, Action::Transfer { to: s(3), at: None });
        until(run, 20, "S3 stands", |run| server(run, 3).node.term().0 == 3);
        // S1 never hears of it.
        act(run, groups("1 23"));
        write_and_read(run);
    };
    falls_in(Rule::LeaseGivenUpOnTransfer, in_time(leases(), LED), script);
}

#[test]
fn a_lease_needs_servers_that_withhold_their_votes() {
    let mut setup = leases();
    setup.options.stickiness = false;
    let script = |run: &mut Run| {
        // S3 has not heard of S1 for long. S2 has, and votes.
        act(run, groups("12 23"));
        until_lease(run);
        act(run, groups("1 23"));
        elect(run, 3);
        write_and_read(run);
    };
    falls_in(Rule::LeaseNeedsStickiness, in_time(setup, LED), script);
}

#[test]
fn a_voter_that_was_restarted_waits() {
    let script = |run: &mut Run| {
        // S3 has not heard of S1 for long. S2 has, and forgets it.
        wait(run, 5);
        act(run, groups("12 23"));
        until_lease(run);
        crash(run, 2);
        act(run, groups("1 23"));
        restart(run, 2);
        elect(run, 3);
        write_and_read(run);
    };
    falls_in(Rule::RestartedVoterWaits, in_time(leases(), LED), script);
}
