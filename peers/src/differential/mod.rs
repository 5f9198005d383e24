//! The same schedule on both cores, and after each round a comparison: terms, leaders, logs, commits and
//! what was applied, on every server.
//!
//! Half of the seeds are plain Figure 2. In the other half both sides have PreVote, CheckQuorum and votes
//! withheld from candidates while a leader is heard (raft-rs has the last of these with check_quorum).
//! Transfers of leadership are in both.
//!
//! Where the protocols differ by right, the schedule keeps clear of it or the network loses it, each time
//! with a comment that says so:
//!
//! - `schedule.rs`: links that are up in one direction; late PreVotes; when entries may be taken out of
//!   messages.
//! - `network.rs`: who hears of what first; proposals to followers; PreVotes about the receiver's own term.
//! - `ours.rs`: answers that raft-rs does not give; for how long votes are withheld.
//! - `theirs.rs`: commits that are told at once, told by votes, or kept over restarts.
//!
//! What is not compared: for whom a server has voted (raft-rs refuses its vote to anyone while it knows a
//! leader of that term, Figure 2 only if it has voted, and either way that leader stays the only one);
//! whether a loser is still a candidate (raft-rs gives up at a majority of refusals); changes of the
//! configuration (ours hold from the log on, raft-rs's when applied), snapshots and reads.

mod network;
mod ours;
mod schedule;
mod side;
mod theirs;

use network::Network;
use ours::Ours;
use schedule::{Dice, Limits, Links, MOST, Round};
use side::{Event, Side, Slot};
use std::time::Instant;
use theirs::{Settings, Theirs};
use wavetank::raft::{Backtracking, Options, Rule, Rules};

/// Seeds, unless told otherwise.
pub const SEEDS: u64 = 5_000;
/// Rounds of each seed, before everything is repaired.
const ROUNDS: u64 = 40;
/// How many differences are looked for when a rule is switched off.
const WANTED: usize = 5;

/// Rules without which the comparison has to find a difference.
const TELLING: [Rule; 15] = [
    Rule::StepDownOnHigherTerm,
    Rule::RefuseStaleVoteRequest,
    Rule::OneVotePerTerm,
    Rule::LogUpToDate,
    Rule::LastTermFirst,
    Rule::LengthBreaksTies,
    Rule::QuorumOfAll,
    Rule::PrevLogIndex,
    Rule::PrevLogTerm,
    Rule::DeleteConflicts,
    Rule::CommitAfterQuorum,
    Rule::CommitOnlyCurrentTerm,
    Rule::PreVote,
    Rule::Stickiness,
    Rule::CheckQuorum,
];

/// What the seeds have brought about, to show that they are worth something.
#[derive(Default)]
struct Tally {
    rounds: u64,
    leaders: u64,
    committed: u64,
}

/// Compares, then shows that the comparison can fail. Whether all is well.
pub fn run(seeds: u64) -> bool {
    let start = Instant::now();
    let mut tally = Tally::default();
    let differences: Vec<String> =
        (0..seeds).filter_map(|seed| compare(seed, Rules::ALL_ON, &mut tally).err()).collect();
    let Tally { rounds, leaders, committed } = tally;
    println!(
        "{seeds} seeds, {rounds} rounds, {leaders} terms with a leader, {committed} entries committed on all \
         servers: {} differences ({:.1} s).",
        differences.len(),
        start.elapsed().as_secs_f64()
    );
    differences.iter().take(10).for_each(|difference| println!("  {difference}"));
    let blind = TELLING.into_iter().filter(|&rule| !is_noticed(rule, seeds)).count();
    differences.is_empty() && blind == 0
}

/// Whether the comparison notices that our side runs without this rule.
fn is_noticed(rule: Rule, seeds: u64) -> bool {
    let rules = Rules::without(&[rule]);
    let differs = (0..seeds).filter(|&seed| compare(seed, rules, &mut Tally::default()).is_err());
    let found: Vec<u64> = differs.take(WANTED).collect();
    println!("without {}: seeds that differ: {found:?}", rule.name());
    !found.is_empty()
}

struct Pair {
    ours: Network<Ours>,
    theirs: Network<Theirs>,
    servers: Slot,
    limits: Limits,
}

impl Pair {
    fn new(rules: Rules, dice: &mut Dice) -> Pair {
        let servers = [3, 4, MOST][dice.below(3)];
        // The most entries in a message of ours, and bytes of entries in one of theirs. Ours may not be
        // less than what one round proposes: we repeat what is not answered, and raft-rs goes on.
        let (max_entries, max_bytes) = [(1, 0), (3, 0), (64, 1 << 20)][dice.below(3)];
        let guarded = dice.percent(50);
        let limits =
            Limits { servers, commands: max_entries.min(3) as usize, single: max_entries == 1, guarded };
        let backtracking = [Backtracking::StepByOne, Backtracking::ConflictHints][dice.below(2)];
        // Answers to messages out of which entries were taken (`Passes::Old`) tell a pipelining leader of
        // ours again and again that it has found the place.
        let window = if limits.single { 0 } else { [0, 256][dice.below(2)] };
        let (pre_vote, check_quorum, stickiness) = (guarded, guarded, guarded);
        let plain = Options { noop: true, backtracking, max_entries, window, ..Options::default() };
        let options = Options { pre_vote, check_quorum, stickiness, ..plain };
        let ours = Network::new(Ours::new(servers, options, rules), servers);
        let theirs =
            Network::new(Theirs::new(servers, Settings { max_size_per_msg: max_bytes, guarded }), servers);
        Pair { ours, theirs, servers, limits }
    }

    fn leaders(&self) -> Vec<Slot> {
        (0..self.servers).filter(|&slot| self.theirs.side.leads(slot)).collect()
    }

    /// Whether everyone is in the term of the one who leads.
    fn is_led(&self) -> bool {
        let terms = (0..self.servers).map(|slot| self.theirs.side.term(slot));
        self.leaders().len() == 1 && terms.clone().max() == terms.min()
    }

    /// The round on both sides, and how they differ after it.
    fn round(&mut self, round: &Round) -> Result<(), String> {
        self.ours.round(round)?;
        self.theirs.round(round)?;
        for slot in 0..self.servers {
            if let Some(words) = self.ours.side.view(slot).difference(&self.theirs.side.view(slot)) {
                return Err(format!("S{}: {words}", slot + 1));
            }
        }
        Ok(())
    }

    /// Repairs everything, and lets the cluster find a leader that commits: then all logs are the same.
    fn repair(&mut self) -> Result<(), String> {
        self.round(&Round::quiet(Links::all()))?;
        // The one of the highest term tells it to all, though its log may not let it lead.
        let ahead = (0..self.servers).max_by_key(|&slot| self.theirs.side.term(slot));
        for slot in ahead.into_iter().chain(0..self.servers) {
            if !self.is_led() {
                let mut round = Round::quiet(Links::all());
                (0..self.servers).for_each(|voter| round.add(voter, Event::Silence));
                round.add(slot, Event::Stand);
                self.round(&round)?;
            }
        }
        let Some(&leader) = self.leaders().first() else { return Err("nobody leads in the end".into()) };
        self.round(&Round::plain(leader, Event::Propose(u64::MAX)))?;
        let views: Vec<_> = (0..self.servers).map(|slot| self.ours.side.view(slot)).collect();
        let done = views.iter().all(|view| view.applied == views[0].log && view.log == views[0].log);
        if done { Ok(()) } else { Err("the logs are not the same in the end".into()) }
    }
}

/// One seed. An error says where the sides differ.
fn compare(seed: u64, rules: Rules, tally: &mut Tally) -> Result<(), String> {
    let dice = &mut Dice::new(seed);
    let mut pair = Pair::new(rules, dice);
    let (mut links, mut command) = (Links::all(), 0);
    for number in 1..=ROUNDS {
        let round = Round::draw(pair.limits, &pair.leaders(), &links, &mut command, dice);
        pair.round(&round)
            .map_err(|words| format!("seed {seed}, round {number}: {words}\n    after {round:?}"))?;
        links = round.links;
    }
    pair.repair().map_err(|words| format!("seed {seed}, at the end: {words}"))?;
    let log = pair.ours.side.view(0).log;
    tally.rounds += ROUNDS;
    tally.leaders += log.iter().filter(|(_, command)| command.is_none()).count() as u64;
    tally.committed += log.len() as u64;
    Ok(())
}
