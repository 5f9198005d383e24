//! What is done in a storm: how a feature is used, and short faults that any cluster survives. Each is drawn when
//! its moment has come, since it depends on who leads.

use crate::features::{DRIFT_PPM, Dice, Feature};
use wavetank::kv::Op;
use wavetank::raft::{Body, Change, Configuration, MAX_SERVERS, ReadMode, ServerId, ServerSet};
use wavetank::sim::{Action, Content, Server, World};

/// Actions, and how many microseconds from now each is done.
pub type Deeds = Vec<(u64, Action)>;

/// The server that leads the latest term.
pub fn leader(world: &World) -> Option<&Server> {
    let leads = |server: &&Server| server.is_active() && server.node.is_leader();
    world.servers().iter().filter(leads).max_by_key(|server| server.node.term())
}

pub fn one(id: ServerId) -> ServerSet {
    [id].into_iter().collect()
}

/// The cluster, from the leader's point of view.
struct View {
    leader: ServerId,
    configuration: Configuration,
    /// All servers that there are.
    all: ServerSet,
    /// The longest election timeout.
    timeout_us: u64,
}

impl View {
    fn of(world: &World) -> Option<View> {
        let node = &leader(world)?.node;
        Some(View {
            leader: node.id(),
            configuration: *node.configuration(),
            all: world.ids().collect(),
            timeout_us: world.options().election.max_us,
        })
    }

    fn any(&self, of: ServerSet, dice: &mut Dice) -> Option<ServerId> {
        let of: Vec<ServerId> = of.iter().collect();
        (!of.is_empty()).then(|| dice.pick(&of))
    }

    fn follower(&self, dice: &mut Dice) -> Option<ServerId> {
        self.any(self.configuration.all_voters().minus(one(self.leader)), dice)
    }
}

/// How a feature is used, once.
pub fn use_of(feature: Feature, world: &World, dice: &mut Dice) -> Deeds {
    let Some(view) = View::of(world) else { return Vec::new() };
    let deeds = match feature {
        Feature::PreVote | Feature::Stickiness => lonely_follower(&view, dice),
        Feature::CheckQuorum => lonely_leader(&view, dice),
        Feature::Lease => Some(reads(ReadMode::Lease, dice)),
        Feature::ReadIndex => Some(reads(ReadMode::ReadIndex, dice)),
        Feature::Transfer => transfer(&view, dice),
        Feature::Single => Some(single_change(&view, dice)),
        Feature::Joint => Some(joint_change(&view, dice)),
        Feature::CatchUp => newcomer(&view, dice),
        Feature::Snapshots => Some(snapshot(&view, dice)),
        Feature::Sessions => Some(increments(dice)),
        // A new leader begins its term with one; and reads wait for one.
        Feature::Noop if dice.one_in(2) => Some(vec![(0, Action::StepDown { server: view.leader })]),
        Feature::Noop => Some(reads(world.options().reads, dice)),
        Feature::Pipelining => Some(burst(view.leader, 20, dice)),
        Feature::Pause => pause(&view, dice),
        Feature::Drift => Some(drift(&view, dice)),
    };
    deeds.unwrap_or_default()
}

/// A short fault: a follower that crashes, is paused or is cut off, or a leader that is cut off.
pub fn fault(world: &World, dice: &mut Dice) -> Deeds {
    let Some(view) = View::of(world) else { return Vec::new() };
    let deeds = match dice.between(0, 3) {
        0 => view.follower(dice).map(|server| {
            vec![(0, Action::Crash { server }), (dice.ms(20, 600), Action::Restart { server })]
        }),
        1 => pause(&view, dice),
        2 => lonely_follower(&view, dice),
        _ => lonely_leader(&view, dice),
    };
    deeds.unwrap_or_default()
}

/// A client asks for something.
pub fn request(reads_only: bool, dice: &mut Dice) -> Action {
    let key = format!("k{}", dice.between(0, 3));
    let op = match dice.between(0, 3) {
        0 => Op::Get { key },
        _ if reads_only => Op::Get { key },
        1 => Op::Increment { key: "counter".into() },
        _ => Op::Put { key, value: dice.between(0, 999).to_string() },
    };
    Action::Submit { op, to: None, mode: None }
}

/// Everything that was done to the cluster is undone.
pub fn repair(world: &World) -> Deeds {
    let mut deeds = Vec::new();
    if world.network().any_cut() {
        deeds.push((0, Action::Heal));
    }
    for server in world.servers() {
        let id = server.node.id();
        match (server.up, server.paused) {
            (false, _) => deeds.push((0, Action::Restart { server: id })),
            (true, true) => deeds.push((0, Action::Resume { server: id })),
            (true, false) => {}
        }
    }
    deeds
}

/// The messages on their way that ask a server to start an election, lost.
pub fn lose_timeout_now(world: &World) -> Deeds {
    let asks =
        |content: &Content| matches!(content, Content::Raft(message) if message.body == Body::TimeoutNow);
    let packets = world.network().packets().filter(|packet| asks(&packet.content));
    let mut names: Vec<_> = packets.map(|packet| packet.name).collect();
    names.sort_unstable();
    names.into_iter().map(|message| (0, Action::Drop { message })).collect()
}

/// A follower hears nobody, or is heard by nobody as well, and comes back.
fn lonely_follower(view: &View, dice: &mut Dice) -> Option<Deeds> {
    let follower = view.follower(dice)?;
    let lasts_us = view.timeout_us * dice.between(5, 30) / 10;
    if dice.one_in(2) {
        let (from, to) = (view.leader, follower);
        return Some(vec![(0, Action::Cut { from, to }), (lasts_us, Action::Mend { from, to })]);
    }
    let groups = vec![view.all.minus(one(follower))];
    Some(vec![(0, Action::Partition { groups }), (lasts_us, Action::Heal)])
}

/// A leader is cut off from everyone, or from all but one.
fn lonely_leader(view: &View, dice: &mut Dice) -> Option<Deeds> {
    let with = one(view.leader).or(if dice.one_in(2) { one(view.follower(dice)?) } else { ServerSet::EMPTY });
    let lasts_us = view.timeout_us * dice.between(5, 35) / 10;
    let groups = vec![with, view.all.minus(with)];
    Some(vec![(0, Action::Partition { groups }), (lasts_us, Action::Heal)])
}

fn reads(mode: ReadMode, dice: &mut Dice) -> Deeds {
    let get = |dice: &mut Dice| {
        let op = Op::Get { key: format!("k{}", dice.between(0, 3)) };
        (dice.ms(0, 60), Action::Submit { op, to: None, mode: Some(mode) })
    };
    (0..dice.between(1, 4)).map(|_| get(dice)).collect()
}

fn increments(dice: &mut Dice) -> Deeds {
    let op = || Op::Increment { key: "counter".into() };
    (0..dice.between(3, 8))
        .map(|_| (dice.ms(0, 60), Action::Submit { op: op(), to: None, mode: None }))
        .collect()
}

/// Commands that nobody waits for.
fn burst(server: ServerId, most: u64, dice: &mut Dice) -> Deeds {
    let command = |n: u64| Op::Submit { text: format!("burst {n}") };
    let count = dice.between(most / 2, most);
    (0..count).map(|n| (dice.ms(0, 30), Action::Propose { server, op: command(n) })).collect()
}

/// A transfer, most often to a voter that stays.
fn transfer(view: &View, dice: &mut Dice) -> Option<Deeds> {
    let voters = if dice.one_in(2) { view.configuration.all_voters() } else { view.configuration.voters };
    let to = view.any(voters.minus(one(view.leader)), dice)?;
    Some(vec![(0, Action::Transfer { to, at: None })])
}

fn boot(view: &View, already: u8) -> Option<Action> {
    let number = view.all.len() as u8 + 1 + already;
    let server = ServerId::new(number).filter(|_| number <= MAX_SERVERS)?;
    Some(Action::Boot { server })
}

fn change(change: Change) -> Action {
    Action::Change { change, at: None }
}

/// A server more, a server less, or a voter that becomes a learner for a while.
fn single_change(view: &View, dice: &mut Dice) -> Deeds {
    let voters = view.configuration.voters;
    let few = voters.len() <= 2;
    match dice.between(0, 5) {
        0 | 1 => added(view, dice),
        2 if !few => view.follower(dice).map_or_else(Vec::new, |id| {
            vec![(0, change(Change::Learner(id))), (dice.ms(100, 400), change(Change::Add(id)))]
        }),
        3 if !few => vec![(0, change(Change::Remove(view.leader)))],
        _ if few => added(view, dice),
        _ => {
            let id = view.any(voters, dice);
            id.map_or_else(Vec::new, |id| vec![(0, change(Change::Remove(id)))])
        }
    }
}

/// A server that is there and no voter, or else a new one, becomes a voter.
fn added(view: &View, dice: &mut Dice) -> Deeds {
    match (view.any(view.all.minus(view.configuration.all_voters()), dice), boot(view, 0)) {
        (Some(id), _) if dice.one_in(2) => vec![(0, change(Change::Add(id)))],
        (_, Some(Action::Boot { server })) => {
            vec![(0, Action::Boot { server }), (0, change(Change::Add(server)))]
        }
        (Some(id), _) => vec![(0, change(Change::Add(id)))],
        _ => Vec::new(),
    }
}

/// Some go, some stay, some come; by itself, or left by hand after a while.
fn joint_change(view: &View, dice: &mut Dice) -> Deeds {
    let mut deeds: Deeds = (0..dice.between(0, 2)).filter_map(|n| Some((0, boot(view, n as u8)?))).collect();
    let new = deeds.iter().filter_map(|(_, action)| match action {
        Action::Boot { server } => Some(*server),
        _ => None,
    });
    let all = view.all.or(new.collect());
    let stays = |id: &ServerId, dice: &mut Dice| {
        if view.configuration.voters.contains(*id) { !dice.one_in(3) } else { dice.one_in(2) }
    };
    let mut voters: ServerSet = all.iter().filter(|id| stays(id, dice)).collect();
    if voters.is_empty() || voters == view.configuration.voters {
        voters = if dice.one_in(2) { one(view.leader) } else { all };
    }
    let manual = dice.one_in(4);
    let learners = ServerSet::EMPTY;
    deeds.push((0, change(Change::Joint { voters, learners, manual })));
    if manual {
        deeds.push((dice.ms(100, 500), change(Change::Leave)));
    }
    deeds
}

/// A new server joins, alone or by a joint change. Now and then it is out of reach at first.
fn newcomer(view: &View, dice: &mut Dice) -> Option<Deeds> {
    let Action::Boot { server } = boot(view, 0)? else { return None };
    let voters = view.configuration.voters.or(one(server));
    let learners = ServerSet::EMPTY;
    let joins = match dice.between(0, 2) {
        0 => Change::Add(server),
        1 => Change::Joint { voters, learners, manual: false },
        _ => Change::Joint { voters: voters.minus(one(view.follower(dice)?)), learners, manual: false },
    };
    let mut deeds = vec![(0, Action::Boot { server }), (1000, change(joins))];
    if dice.one_in(3) {
        deeds.extend([(0, Action::Pause { server }), (dice.ms(50, 1500), Action::Resume { server })]);
    }
    Some(deeds)
}

/// The leader gives up what it has applied; perhaps a follower was down meanwhile and needs the snapshot.
fn snapshot(view: &View, dice: &mut Dice) -> Deeds {
    let mut deeds = burst(view.leader, 12, dice);
    deeds.push((dice.ms(40, 120), Action::Snapshot { server: view.leader }));
    if let Some(server) = view.follower(dice).filter(|_| dice.one_in(2)) {
        deeds.extend([(0, Action::Crash { server }), (dice.ms(100, 300), Action::Restart { server })]);
    }
    deeds
}

fn pause(view: &View, dice: &mut Dice) -> Option<Deeds> {
    let server = if dice.one_in(3) { view.leader } else { view.follower(dice)? };
    let (min_ms, max_ms) = dice.pick(&[(10, 80), (80, 250), (250, 800)]);
    Some(vec![(0, Action::Pause { server }), (dice.ms(min_ms, max_ms), Action::Resume { server })])
}

/// The clocks of some servers run as fast or as slow as leases allow for.
fn drift(view: &View, dice: &mut Dice) -> Deeds {
    let servers: Vec<ServerId> = view.all.iter().filter(|_| dice.one_in(2)).collect();
    let ppm = |dice: &mut Dice| dice.pick(&[DRIFT_PPM, -DRIFT_PPM, 0]);
    servers.into_iter().map(|server| (0, Action::SetClock { server, ppm: ppm(dice) })).collect()
}
