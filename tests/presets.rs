//! Links that fail in a way that has a name: which ones are left, for clusters of every size and leader.

mod common;

use common::{act, cluster, groups, s, set, state};
use wavetank::explain::{Scene, sentence};
use wavetank::raft::ServerId;
use wavetank::sim::{Action, Endpoint, LinkPreset, World};
use wavetank::timeline::{Actor, Run, Target, Timeline};

/// The links that are left, after a preset and the shorthand of a cluster: `1-2` in both directions, `1>2`
/// from S1 to S2 alone.
const LEFT: &str = "
halves              S1:L1 1 / S2 1                              =
halves              S1 1 / S2:L1 1 / S3 1                       = 2-3
halves              S1 / S2 / S3 / S4                           = 1-2 3-4
halves              S1 / S2 / S3 / S4 / S5                      = 1-2 3-4 3-5 4-5
halves              S1 / S2 / S3 / S4 / S5 / S6 / S7            = 1-2 1-3 2-3 4-5 4-6 4-7 5-6 5-7 6-7
minorityLeader      S1:L1 1 / S2 1                              =
minorityLeader      S1 1 / S2:L1 1 / S3 1                       = 1-3
minorityLeader      S1 1 / S2 1 / S3:L1 1 / S4 1                = 1-2 1-4 2-4
minorityLeader      S1 1 / S2 1 / S3 1 / S4:L1 1 / S5 1         = 1-4 2-3 2-5 3-5
minorityLeader      S1 / S2 / S3 / S4 / S5:L1 1 / S6 / S7       = 1-2 1-5 2-5 3-4 3-6 3-7 4-6 4-7 6-7
ring                S1 / S2 / S3 / S4                           = 1-2 1-4 2-3 3-4
ring                S1 / S2 / S3 / S4 / S5                      = 1-2 1-5 2-3 3-4 4-5
ring                S1 / S2 / S3 / S4 / S5 / S6 / S7            = 1-2 1-3 1-6 1-7 2-3 2-4 2-7 3-4 3-5 4-5 4-6 5-6 5-7 6-7
bridge              S1 / S2 / S3                                = 1-2 2-3
bridge              S1 / S2 / S3 / S4                           = 1-2 1-3 2-3 3-4
bridge              S1 / S2 / S3 / S4 / S5                      = 1-2 1-3 2-3 3-4 3-5 4-5
bridge              S1 / S2 / S3 / S4 / S5 / S6 / S7            = 1-2 1-3 1-4 2-3 2-4 3-4 4-5 4-6 4-7 5-6 5-7 6-7
oneWay              S1 1 / S2:L1 1                              = 2>1
oneWay              S1 1 / S2:L1 1 / S3 1                       = 1-3 2>1 2>3
oneWay              S1 1 / S2 1 / S3 1 / S4:L1 1 / S5 1         = 1-2 1-3 1-5 2-3 2-5 3-5 4>1 4>2 4>3 4>5
quorumLoss          S1:L1 1 / S2 1 / S3 1                       = 1-2 2-3
quorumLoss          S1 1 / S2 1 / S3 1 / S4:L1 1                = 1-2 1-3 1-4
quorumLoss          S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1         = 1-2 2-3 2-4 2-5
quorumLoss          S1:x1 1 / S2 1 / S3:L1 1 / S4 1 / S5 1      = 1-2 2-3 2-4 2-5
quorumLoss          S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1 / S6 / S7 = 1-2 2-3 2-4 2-5 2-6 2-7
constrainedElection S1:L1 1 / S2 1 / S3 1                       = 2-3
constrainedElection S1:L1 1 / S2 1 / S3 / S4 1                  = 2-3 3-4
constrainedElection S1:L2 12 / S2:F2 12 / S3:F2 12 / S4:F2 1 / S5:F2 12 = 2-4 3-4 4-5
constrainedElection S1:L3 122 / S2:F3 122 / S3:x3 1 / S4:F3 11 / S5:F3 12 = 2-4 3-4 4-5
constrainedElection S1 1 / S2:L1 1 / S3 1 / S4 1 / S5 1 / S6 1 / S7 = 1-7 3-7 4-7 5-7 6-7
chained             S1 1 / S2:L1 1 / S3 1                       = 1-2 1-3
chained             S1:L1 1 / S2 1 / S3 1 / S4 1                = 1-2 2-3 3-4
chained             S1 1 / S2 1 / S3:L1 1 / S4 1 / S5 1         = 1-2 1-3 2-4 4-5
chained             S1:L1 1 / S2 / S3 / S4 / S5 / S6 / S7       = 1-2 2-3 3-4 4-5 5-6 6-7
";

fn preset(name: &str) -> LinkPreset {
    serde_json::from_value(name.into()).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn hears(world: &World, to: ServerId, from: ServerId) -> bool {
    !world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to))
}

/// The links that work, as in [`LEFT`].
fn left(world: &World) -> String {
    let mut links = Vec::new();
    for a in world.ids() {
        for b in world.ids().filter(|&b| b != a) {
            let (there, back) = (hears(world, b, a), hears(world, a, b));
            if there && (!back || a < b) {
                let sign = if back { '-' } else { '>' };
                links.push(format!("{}{sign}{}", a.number(), b.number()));
            }
        }
    }
    links.join(" ")
}

#[test]
fn each_preset_leaves_the_links_of_the_table() {
    let mut seen = Vec::new();
    for line in LEFT.lines().filter(|line| !line.is_empty()) {
        let (what, expected) = line.split_once('=').unwrap();
        let (name, cluster) = what.trim().split_once(' ').unwrap();
        let mut run = state(cluster.trim());
        act(&mut run, Action::LinkPreset { preset: preset(name) });
        assert_eq!(left(run.world()), expected.trim(), "{what}");
        seen.push(preset(name));
    }
    assert!(LinkPreset::ALL.iter().all(|preset| seen.iter().filter(|one| *one == preset).count() >= 3));
}

#[test]
fn in_a_ring_every_server_hears_a_majority_and_no_two_hear_the_same() {
    for servers in 4..=9 {
        let mut run = cluster(servers, 1);
        act(&mut run, Action::LinkPreset { preset: LinkPreset::Ring });
        let world = run.world();
        let heard = |to| world.ids().filter(|&from| hears(world, to, from)).collect::<Vec<_>>();
        let all: std::collections::BTreeSet<_> = world.ids().map(heard).collect();
        assert_eq!(all.len(), usize::from(servers), "two of {servers} hear the same");
        assert!(all.iter().all(|heard| heard.len() > usize::from(servers) / 2), "{servers}: {all:?}");
    }
}

fn why_not(run: &mut Run, preset: LinkPreset) -> String {
    run.act(Action::LinkPreset { preset }).expect_err("it is refused").to_string()
}

#[test]
fn a_preset_that_means_nothing_is_refused_with_a_sentence() {
    let mut run = cluster(5, 1);
    for preset in LinkPreset::ALL {
        let drawn_around_leader =
            !matches!(preset, LinkPreset::Halves | LinkPreset::Ring | LinkPreset::Bridge);
        if drawn_around_leader {
            let why = why_not(&mut run, preset);
            assert_eq!(
                why,
                format!("nobody leads, and ‘{preset}’ is drawn around a leader: wait until one is elected")
            );
        }
    }
    for (servers, name, least) in [(1, "halves", 2), (3, "ring", 4), (2, "bridge", 3), (2, "quorumLoss", 3)] {
        let why = why_not(&mut cluster(servers, 1), preset(name));
        assert!(why.contains(&format!("it takes {least} at least")), "{why}");
    }
    act(&mut run, Action::LinkPreset { preset: LinkPreset::Halves });
    assert_eq!(why_not(&mut run, LinkPreset::Halves), "nothing to do: that is already the case");
}

#[test]
fn a_preset_takes_the_place_of_other_cuts_and_heal_ends_it() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1");
    act(&mut run, groups("14 235"));
    act(&mut run, Action::Cut { from: s(2), to: s(3) });
    act(&mut run, Action::LinkPreset { preset: LinkPreset::Chained });
    assert_eq!(left(run.world()), "1-2 2-3 3-4 4-5");
    act(&mut run, Action::Heal);
    assert!(!run.world().network().any_cut());
}

#[test]
fn a_server_that_lost_its_disk_has_no_place_in_a_preset() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1");
    act(&mut run, Action::Wipe { server: s(2) });
    act(&mut run, Action::LinkPreset { preset: LinkPreset::Ring });
    let world = run.world();
    for (id, beside) in [(1, "36"), (3, "14"), (4, "35"), (6, "15")] {
        let heard = world.ids().filter(|&from| from != s(2) && from != s(id) && hears(world, s(id), from));
        assert_eq!(heard.collect::<wavetank::raft::ServerSet>(), set(beside), "S{id}");
    }
}

#[test]
fn under_quorum_loss_only_the_hub_can_be_elected_and_the_old_leader_commits_nothing_more() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1");
    act(&mut run, Action::LinkPreset { preset: LinkPreset::QuorumLoss });
    let before = run.world().events();
    run.run_until(10_000_000);
    let leaders = run.events().iter().filter(|event| event.id.0 >= before).filter_map(|event| {
        let change = event.change?;
        let leads = change.after.role == wavetank::raft::RoleName::Leader;
        (leads && change.before.role != change.after.role).then_some(event.server?)
    });
    let leaders: Vec<ServerId> = leaders.collect();
    assert!(!leaders.is_empty() && leaders.iter().all(|&id| id == s(2)), "{leaders:?}");
}

#[test]
fn under_a_constrained_election_nobody_is_elected() {
    let mut run = state("S1:L2 12 / S2:F2 12 / S3:F2 12 / S4:F2 1 / S5:F2 12");
    act(&mut run, Action::LinkPreset { preset: LinkPreset::ConstrainedElection });
    // What the leader had sent before is lost on the cut links.
    run.run_until(10_000_000);
    let elected = |n| run.world().server(s(n)).unwrap().node.is_leader();
    assert!(!(2..=5).any(elected));
    assert!(run.violations().is_empty(), "{:?}", run.violations());
}

#[test]
fn the_event_says_which_links_are_left_and_the_tape_knows_the_cuts() {
    let mut timeline = Timeline::of(&state("S1:L1 1 / S2 1 / S3 1").recording()).unwrap();
    timeline.seek(Target::End, u64::MAX);
    let id = timeline.act(Action::LinkPreset { preset: LinkPreset::OneWay }).unwrap();
    let run = timeline.run();
    let event = run.event(id).unwrap();
    let told = sentence(event, Scene::of(run)).to_string();
    assert!(
        told.starts_with("The network is cut as ‘one way’: what is left is S1→S2, S1→S3, S2–S3"),
        "{told}"
    );
    assert_eq!(event.cuts.as_deref(), Some(run.world().network().cuts()));
    assert_eq!(timeline.tape().cuts().last().map(|last| last.what), Some(*run.world().network().cuts()));
}

#[test]
fn a_recording_with_presets_replays_to_the_same_digest() {
    let mut run = cluster(5, 7);
    run.run_until(1_000_000);
    for (nth, preset) in (1..).zip(LinkPreset::ALL) {
        let _ = run.act(Action::LinkPreset { preset });
        run.run_until(1_000_000 + nth * 700_000);
    }
    let again = Run::replay(&run.recording()).unwrap();
    assert_eq!(again.digest(), run.digest());
    assert_eq!(left(again.world()), left(run.world()));
    let json = run.recording().to_json();
    assert!(json.contains("\"linkPreset\": {"), "{json}");
}
