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
