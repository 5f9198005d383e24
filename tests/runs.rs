//! A run is only replay: the same recording, the same digest; a branch differs only by what was changed.

use wavetank::kv::Op;
use wavetank::raft::ServerId;
use wavetank::sim::{Action, Setup, notation};
use wavetank::timeline::Run;

fn s(n: u8) -> ServerId {
    ServerId::new(n).unwrap()
}

#[test]
fn five_servers_elect_a_leader_commit_and_recover() {
    let mut run = Run::new(&Setup::new(5, 7)).unwrap();
    run.run_until(1_000_000);
    println!("{}", notation::write(run.world()));
    run.act(Action::Submit { op: Op::Put { key: "x".into(), value: "1".into() }, to: None }).unwrap();
    run.run_until(2_000_000);
    println!("{}", notation::write(run.world()));
    println!("{:?}", run.world().clients()[0].finished);
    let leader = run.world().servers().iter().find(|s| s.node.is_leader()).unwrap().node.id();
    run.act(Action::Crash { server: leader }).unwrap();
    run.run_until(4_000_000);
    println!("{}", notation::write(run.world()));
    run.act(Action::Restart { server: leader }).unwrap();
    run.act(Action::Partition { groups: vec![[s(1), s(2)].into_iter().collect()] }).unwrap();
    run.run_until(6_000_000);
    run.act(Action::Heal).unwrap();
    run.run_until(8_000_000);
    println!("{} {}", notation::write(run.world()), run.world().events());
    assert_eq!(run.violations(), []);
    let again = Run::replay(&run.recording()).unwrap();
    assert_eq!(again.digest(), run.digest());
}

#[test]
fn time_never_runs_past_where_it_was_told_to_stop_though_a_paused_server_gets_mail() {
    let mut run = Run::new(&Setup::new(3, 7)).unwrap();
    run.run_until(1_000_000);
    let leader = run.world().servers().iter().find(|s| s.node.is_leader()).unwrap().node.id();
    let follower = run.world().ids().find(|&id| id != leader).unwrap();
    run.act(Action::Pause { server: follower }).unwrap();
    for until_us in (1_000_000..1_300_000).step_by(100) {
        run.run_until(until_us);
        assert_eq!(run.world().now_us(), until_us);
    }
    assert!(!run.world().server(follower).unwrap().inbox.is_empty());
    run.act(Action::Resume { server: follower }).unwrap();
    run.run_until(2_000_000);
    assert_eq!(Run::replay(&run.recording()).unwrap().digest(), run.digest());
}
