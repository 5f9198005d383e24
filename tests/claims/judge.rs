//! Whether a claim is so: by the event, by what left because of it, and by the servers before and after.

use super::witness::{Past, counted};
use std::collections::BTreeMap;
use wavetank::explain::{Because, Claim, Fate, Written};
use wavetank::raft::{
    AppendOutcome, Body, Configuration, Index, Message, Node, ReadMode, RoleName, Rule, ServerId, ServerSet,
    Term, Timer,
};
use wavetank::sim::{Action, Content, Endpoint, Event, Server, What, World};

/// An event, with all that may be consulted about it.
pub struct Moment<'a> {
    /// After the event.
    pub world: &'a World,
    pub event: &'a Event,
    /// The servers before it.
    pub before: &'a BTreeMap<ServerId, Past>,
    /// Those of a candidate's votes that answered a request of an older term.
    pub stale: ServerSet,
    pub text: &'a str,
}

type Verdict = Result<(), String>;

fn so(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(why()) }
}

impl Moment<'_> {
    fn now(&self, id: ServerId) -> Result<&Server, String> {
        self.world.server(id).ok_or_else(|| format!("there is no {id}"))
    }

    fn was(&self, id: ServerId) -> Result<&Past, String> {
        self.before.get(&id).ok_or_else(|| format!("there was no {id}"))
    }

    fn both(&self, id: ServerId) -> Result<(&Node, &Node), String> {
        Ok((&self.was(id)?.node, &self.now(id)?.node))
    }

    fn arrived(&self) -> Option<&Message> {
        match &self.event.what {
            What::Delivered { content: Content::Raft(message), .. } => Some(message),
            _ => None,
        }
    }

    /// The messages that a server sent in this event, or that wait for its disk since.
    fn said(&self, id: ServerId) -> Vec<&Message> {
        let packets = self.event.sent.iter().filter_map(|name| self.world.network().packet(*name));
        let sent = packets.filter_map(|packet| match &packet.content {
            Content::Raft(message) if message.from == id => Some(message),
            _ => None,
        });
        let waiting = self.world.server(id).into_iter().flat_map(|server| &server.waiting);
        sent.chain(waiting.filter(|one| one.cause == self.event.id).map(|one| &one.message)).collect()
    }

    fn is_on(&self, rule: Rule) -> bool {
        self.world.rules().is_on(rule)
    }

    /// The term of the entry that an AppendEntries has for that index, at the place where the server puts it.
    fn brought(&self, before: &Node, index: Index) -> Option<Term> {
        let Some(Message { body: Body::AppendEntries { prev_index, entries, .. }, .. }) = self.arrived()
        else {
            return None;
        };
        let first = (*prev_index).min(before.log().last_index()).next();
        entries.get(index.0.checked_sub(first.0)? as usize).map(|entry| entry.term)
    }
}

/// More than half of the voters, and of those that go where there are some.
fn is_majority(configuration: &Configuration, of: ServerSet) -> bool {
    let enough =
        |voters: ServerSet| 2 * voters.iter().filter(|&id| of.contains(id)).count() > voters.iter().count();
    enough(configuration.voters) && (configuration.outgoing.is_empty() || enough(configuration.outgoing))
}

pub fn judge(moment: &Moment, claim: &Claim) -> Verdict {
    named(moment, claim)?;
    match *claim {
        Claim::Role { server, role, term, because } => {
            let (before, after) = moment.both(server)?;
            let changed = (before.role().name(), before.term()) != (role, term);
            let is = (after.role().name(), after.term()) == (role, term);
            so(changed && is, || format!("it was {:?} in {}", before.role().name(), before.term()))?;
            is_because(moment, server, because)
        }
        Claim::Term { server, from, to } => {
            let (before, after) = moment.both(server)?;
            so((before.term(), after.term()) == (from, to) && from < to, || {
                format!("{} to {}", before.term(), after.term())
            })
        }
        Claim::Vote { voter, candidate, asked, granted, pre } => {
            vote(moment, voter, candidate, (asked, granted, pre))
        }
        Claim::Votes { candidate, .. } => votes(moment, candidate, claim),
        Claim::Append { follower, leader, accepted } => {
            let answer = |message: &&Message| {
                message.to == leader
                    && matches!(
                        (&message.body, accepted),
                        (Body::AppendEntriesReply { outcome: AppendOutcome::Success, .. }, true)
                            | (
                                Body::AppendEntriesReply { outcome: AppendOutcome::Mismatch { .. }, .. },
                                false
                            )
                    )
            };
            so(moment.said(follower).iter().any(answer), || format!("it says {:?}", moment.said(follower)))
        }
        Claim::Entries { server, from, to, fate } => entries(moment, server, (from, to), fate),
        Claim::Commit { server, from, to } => {
            let (before, after) = moment.both(server)?;
            let was_and_is = (before.commit(), after.commit());
            so(was_and_is == (from, to) && from < to, || format!("{was_and_is:?}"))
        }
        Claim::Copies { leader, index, on, majority } => copies(moment, leader, index, on, majority),
        Claim::Heard { leader, heard, majority } => {
            let (before, _) = moment.both(leader)?;
            let known = before.leadership().map(|leading| leading.heard).unwrap_or_default();
            let configuration = before.configuration();
            let expected = known.or([leader].into_iter().collect()).and(configuration.all_voters());
            so(expected == heard && is_majority(configuration, heard) == majority, || {
                format!("it heard {expected}")
            })
        }
        Claim::Retries { leader, follower, lowered } => {
            let (before, after) = moment.both(leader)?;
            let next = |node: &Node| node.progress(follower).map(|progress| progress.next);
            so((next(after) < next(before)) == lowered, || {
                format!("nextIndex {:?}, then {:?}", next(before), next(after))
            })
        }
        Claim::ElectionTimer { server } => {
            let timer = moment.now(server)?.timer(Timer::Election);
            so(timer.is_some_and(|timer| timer.cause == moment.event.id), || format!("{timer:?}"))
        }
        Claim::Unchanged { server } => {
            let (before, after) = moment.both(server)?;
            let silent = moment.event.sent.is_empty() && moment.event.waiting == 0;
            let timer = moment.now(server)?.timer(Timer::Election);
            let runs_on = timer.is_none_or(|timer| timer.cause != moment.event.id);
            so(before == after && silent && runs_on, || "something changed, or left".into())
        }
        Claim::Waits { server } => {
            let waits = moment.now(server)?.waiting.iter().any(|one| one.cause == moment.event.id);
            so(waits, || "nothing waits".into())
        }
        Claim::Sends { server, to } => {
            let ours = moment.event.sent.iter().filter(|name| name.from == Endpoint::Server(server));
            let to_all: ServerSet = ours.filter_map(|name| name.to.server()).collect();
            so(to_all == to && !to.is_empty(), || format!("it sent to {to_all}"))
        }
        Claim::Durable { server, what, lies } => durable(moment.now(server)?, what, lies),
        Claim::Configuration { server, configuration, committed } => {
            let (before, after) = moment.both(server)?;
            let place = after.log().configuration_index();
            let news = if committed {
                place > before.commit() && place <= after.commit()
            } else {
                before.configuration() != after.configuration()
            };
            so(*after.configuration() == configuration && news, || {
                format!("{} at {place}", after.configuration())
            })
        }
        Claim::Snapshot { server, upto, installed } => snapshot(moment, server, upto, installed),
        Claim::Transfer { leader, to, caught_up } => {
            let after = &moment.now(leader)?.node;
            let has = after.progress(to).is_some_and(|progress| progress.matched >= after.log().last_index());
            so(after.transferring() == Some(to) && has == caught_up, || format!("caught up: {has}"))
        }
        Claim::Read { server, client, confirmed } => {
            let answered = moment.event.sent.iter().any(|name| name.to == Endpoint::Client(client));
            let (before, after) = moment.both(server)?;
            let reads = before.leadership().map(|leading| &leading.reads[..]).unwrap_or_default();
            let read =
                reads.iter().find(|read| read.follower.is_none() && read.id.0 >> 32 == u64::from(client.0));
            // A round that began with this event has a number that none had before.
            let next = before.leadership().map_or(0, |leading| leading.round.0) + 1;
            let confirmed_now = after.leadership().map_or(0, |leading| leading.confirmed.0);
            let by_round = read.is_some_and(|read| read.round.map_or(next, |round| round.0) <= confirmed_now);
            let by_lease = read.is_some_and(|read| read.mode == ReadMode::Lease);
            let right = if confirmed { by_round } else { by_lease || !moment.is_on(Rule::ReadConfirmed) };
            so(answered && right, || format!("{read:?}"))
        }
        Claim::Asks { client, server } => {
            let ends = (Endpoint::Client(client), Endpoint::Server(server));
            so(moment.event.sent.iter().any(|name| (name.from, name.to) == ends), || "it does not".into())
        }
        Claim::Up { server, up } => {
            so(moment.was(server)?.up != up && moment.now(server)?.up == up, || "it is not".into())
        }
    }
}

/// The words name whom and what the claim is about.
fn named(moment: &Moment, claim: &Claim) -> Verdict {
    let (servers, numbers): (Vec<ServerId>, Vec<u64>) = match *claim {
        Claim::Role { server, because, .. } => match because {
            Because::HigherTerm { saw, .. } => (vec![server], vec![saw.0]),
            Because::Leader { leader, .. } => (vec![server, leader], vec![]),
            Because::Voted { candidate } => (vec![server, candidate], vec![]),
            Because::Asked { leader } => (vec![server, leader], vec![]),
            _ => (vec![server], vec![]),
        },
        Claim::Term { server, to, .. } => (vec![server], vec![to.0]),
        Claim::Vote { voter, candidate, asked, .. } => (vec![voter, candidate], vec![asked.0]),
        Claim::Votes { candidate, voters, .. } => {
            (voters.or([candidate].into_iter().collect()).iter().collect(), vec![])
        }
        Claim::Append { follower, leader, .. } => (vec![follower, leader], vec![]),
        Claim::Entries { server, from, to, .. } => (vec![server], vec![from.0, to.0]),
        Claim::Commit { server, to, .. } => (vec![server], vec![to.0]),
        Claim::Copies { leader, index, on, .. } => {
            (on.or([leader].into_iter().collect()).iter().collect(), vec![index.0])
        }
        Claim::Heard { leader, heard, .. } => {
            (heard.or([leader].into_iter().collect()).iter().collect(), vec![])
        }
        Claim::Sends { server, to } => (to.or([server].into_iter().collect()).iter().collect(), vec![]),
        Claim::Snapshot { server, upto, .. } => (vec![server], vec![upto.0]),
        Claim::Transfer { leader, to, .. } | Claim::Retries { leader, follower: to, .. } => {
            (vec![leader, to], vec![])
        }
        Claim::ElectionTimer { server }
        | Claim::Unchanged { server }
        | Claim::Waits { server }
        | Claim::Durable { server, .. }
        | Claim::Configuration { server, .. }
        | Claim::Read { server, .. }
        | Claim::Asks { server, .. }
        | Claim::Up { server, .. } => (vec![server], vec![]),
    };
    let words: Vec<&str> = moment.text.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let of_servers = servers.iter().map(ToString::to_string);
    let missing = of_servers
        .chain(numbers.iter().map(ToString::to_string))
        .find(|word| !words.contains(&word.as_str()));
    missing.map_or(Ok(()), |word| Err(format!("the words do not name {word}")))
}

fn is_because(moment: &Moment, server: ServerId, because: Because) -> Verdict {
    let (before, after) = moment.both(server)?;
    let (what, arrived) = (&moment.event.what, moment.arrived());
    let holds = match because {
        Because::HigherTerm { saw, own } => {
            own == before.term() && saw > own && arrived.is_some_and(|message| message.term == saw)
        }
        Because::Leader { leader, term } => arrived.is_some_and(|message| {
            let from_leader =
                matches!(message.body, Body::AppendEntries { .. } | Body::InstallSnapshot { .. });
            from_leader && (message.from, message.term) == (leader, term) && term <= before.term()
        }),
        Because::Votes => match (before.role().name(), after.role().name()) {
            (RoleName::Candidate, RoleName::Leader) => true,
            (RoleName::PreCandidate, RoleName::Candidate) => arrived.is_some(),
            _ => false,
        },
        Because::Voted { candidate } => moment.said(server).iter().any(|message| {
            message.to == candidate && matches!(message.body, Body::RequestVoteReply { granted: true, .. })
        }),
        Because::Timeout => matches!(what, What::Fired { timer: Timer::Election }),
        Because::Asked { leader } => {
            arrived.is_some_and(|message| message.from == leader && message.body == Body::TimeoutNow)
        }
        Because::NoQuorum => {
            let heard = before.leadership().map(|leading| leading.heard).unwrap_or_default();
            let heard = heard.or([server].into_iter().collect());
            matches!(what, What::Fired { timer: Timer::Quorum })
                && !is_majority(before.configuration(), heard)
        }
        Because::Removed => !after.configuration().all_voters().contains(server),
        Because::Hand => matches!(what, What::Acted { .. }),
    };
    so(holds, || format!("that is not why: {what:?}"))
}

fn vote(moment: &Moment, voter: ServerId, candidate: ServerId, answer: (Term, bool, bool)) -> Verdict {
    let said = moment.said(voter);
    let answers =
        said.iter().filter(|message| message.to == candidate).filter_map(|message| match message.body {
            Body::RequestVoteReply { asked, granted } => Some((asked, granted, false)),
            Body::PreVoteReply { asked, granted } => Some((asked, granted, true)),
            _ => None,
        });
    so(answers.clone().any(|one| one == answer), || format!("it answers {:?}", answers.collect::<Vec<_>>()))?;
    let (before, after) = moment.both(voter)?;
    let (_, granted, pre) = answer;
    so(!pre || before == after, || "the question has changed something".into())?;
    so(!granted || pre || after.voted_for() == Some(candidate), || {
        format!("its vote is {:?}", after.voted_for())
    })
}

/// The votes that a candidate has, or had when they were enough.
fn votes(moment: &Moment, candidate: ServerId, claim: &Claim) -> Verdict {
    let Claim::Votes { voters, stale, counted: number, majority, pre, .. } = *claim else { return Ok(()) };
    let (before, after) = moment.both(candidate)?;
    let role = if pre { RoleName::PreCandidate } else { RoleName::Candidate };
    let (now, mut have, mut again) = counted(after);
    if now != role {
        let (was, granted, copies) = counted(before);
        so(was == role, || format!("it was {was:?}"))?;
        (have, again) = (granted, copies);
        let new = match moment.arrived() {
            Some(message) => Some(message.from).filter(|_| {
                matches!(
                    message.body,
                    Body::RequestVoteReply { granted: true, .. } | Body::PreVoteReply { granted: true, .. }
                )
            }),
            None => Some(candidate),
        };
        again += u32::from(new.is_some_and(|new| have.contains(new)));
        have = have.or(new.into_iter().collect());
    }
    let right = (have, have.len() + again, moment.stale) == (voters, number, stale);
    so(right, || format!("it counts {have}, {again} again, of older terms {}", moment.stale))?;
    so(is_majority(before.configuration(), voters) == majority, || format!("of {}", before.configuration()))
}

fn entries(moment: &Moment, server: ServerId, (from, to): (Index, Index), fate: Fate) -> Verdict {
    let (before, after) = moment.both(server)?;
    let (was, is) = (before.log(), after.log());
    let follower = moment.arrived().is_some_and(|message| matches!(message.body, Body::AppendEntries { .. }));
    for index in (from.0..=to.0).map(Index) {
        let (was_term, is_term, brought) =
            (was.term_at(index), is.term_at(index), moment.brought(before, index));
        let holds = match fate {
            Fate::Stored if follower => is_term.is_some() && is_term == brought,
            Fate::Stored => index > was.last_index() && is_term == Some(after.term()),
            Fate::Present => {
                brought.is_some() && (index <= is.base_index() || (is_term == brought && was_term == is_term))
            }
            Fate::Deleted => index <= was.last_index() && (index > from || is_term != was_term),
            Fate::Cut => index <= was.last_index() && !moment.is_on(Rule::TruncateOnlyOnConflict),
            Fate::Kept => was_term == is_term && (index > from || is_term != brought),
            Fate::Lost => index <= was.last_index() && index > is.last_index(),
        };
        so(holds, || format!("{index}: was {was_term:?}, is {is_term:?}, brought {brought:?}"))?;
    }
    let written = moment.event.change.and_then(|change| change.log_from);
    let ends = match fate {
        Fate::Stored => written.is_some_and(|first| first <= from),
        Fate::Deleted | Fate::Cut => {
            let spared = !moment.is_on(Rule::NewTailReplacesSuffix);
            spared || to == was.last_index()
        }
        Fate::Lost => to == was.last_index(),
        Fate::Present => written.is_none(),
        Fate::Kept => !moment.is_on(Rule::DeleteConflicts),
    };
    so(ends, || format!("written from {written:?}, the log ended at {}", was.last_index()))
}

fn copies(moment: &Moment, leader: ServerId, index: Index, on: ServerSet, majority: bool) -> Verdict {
    let (before, after) = moment.both(leader)?;
    let configuration = before.configuration();
    so(is_majority(configuration, on) == majority, || format!("of {configuration}"))?;
    let itself: ServerSet = [leader].into_iter().collect();
    let mut counted = configuration.all_voters();
    if !moment.is_on(Rule::LeaderOutsideNotCounted) {
        counted = counted.or(itself);
    }
    if !moment.is_on(Rule::LearnersNotCounted) {
        counted = counted.or(configuration.members());
    }
    let in_memory = !moment.is_on(Rule::LeaderCountsSelfWhenDurable);
    // A leader that has stepped down by this knows nothing of its followers any more: then it knew what it knew
    // before, and this answer.
    let answers = |id: ServerId| moment.arrived().is_some_and(|message| message.from == id);
    let has = |id: ServerId| match after.progress(id).or(before.progress(id)) {
        Some(progress) => progress.matched >= index || (after.leadership().is_none() && answers(id)),
        None => in_memory || after.durable_index() >= index,
    };
    let expected: ServerSet = counted.iter().filter(|&id| has(id)).collect();
    so(expected == on, || format!("it counts {expected}"))
}

fn durable(server: &Server, what: Written, lies: bool) -> Verdict {
    so(server.disk.lies == lies, || format!("the disk lies: {}", server.disk.lies))?;
    let disk = &server.disk.durable;
    let holds = match what {
        _ if lies => true,
        // With a rule off a server may write what its disk's snapshot covers already.
        Written::Log { upto } => disk.log.last_index() == upto || upto <= disk.log.base_index(),
        Written::Term { term, vote } => (disk.hard.term, disk.hard.voted_for) == (term, vote),
        Written::Snapshot { upto } => disk.snapshot.as_ref().is_some_and(|snapshot| snapshot.index == upto),
        Written::Other => true,
    };
    so(holds, || format!("on the disk: {:?}, the log up to {}", disk.hard, disk.log.last_index()))
}

fn snapshot(moment: &Moment, server: ServerId, upto: Index, installed: bool) -> Verdict {
    let (before, after) = moment.both(server)?;
    if installed {
        let is = after.snapshot().map(|snapshot| snapshot.index);
        return so(is == Some(upto) && after.applied() >= upto, || {
            format!("{is:?}, applied {}", after.applied())
        });
    }
    let queue = &moment.now(server)?.disk.queue;
    let writes = queue.iter().filter(|pending| pending.cause == moment.event.id);
    let under_way = writes.filter_map(|pending| pending.write.snapshot.as_ref());
    let taken = under_way.into_iter().any(|one| one.snapshot.index == upto && one.keep);
    let covers = after.log().base_index() == upto && before.log().base_index() < upto;
    so(taken || covers, || "no snapshot is taken, and none takes the log's place".into())
}

/// What has changed at a server that goes on running, and nothing is claimed about it.
pub fn lacks(moment: &Moment, claims: &[Claim]) -> Vec<String> {
    let Some((server, change)) = moment.event.server.zip(moment.event.change) else { return Vec::new() };
    let restarted = matches!(
        moment.event.what,
        What::Acted {
            action: Action::Restart { .. }
                | Action::Wipe { .. }
                | Action::Boot { .. }
                | Action::Crash { .. }
                | Action::Tear { .. },
            ..
        }
    );
    if restarted || !change.before.up || !change.after.up {
        return Vec::new();
    }
    let (before, after) = (change.before, change.after);
    let says = |of: fn(&Claim) -> bool| claims.iter().any(of);
    let installed = says(|claim| matches!(claim, Claim::Snapshot { installed: true, .. }));
    let mut lacking = Vec::new();
    if before.role != after.role && !says(|claim| matches!(claim, Claim::Role { .. })) {
        lacking.push(format!("{server} is {:?} now, and nothing says so", after.role));
    }
    let told = matches!(moment.event.what, What::Delivered { .. } | What::Synced { .. });
    if told
        && before.commit < after.commit
        && !installed
        && !says(|claim| matches!(claim, Claim::Commit { .. }))
    {
        lacking.push(format!("commitIndex of {server} rises to {}, and nothing says so", after.commit));
    }
    let follows = moment.arrived().is_some_and(|message| matches!(message.body, Body::AppendEntries { .. }));
    if follows && change.log_from.is_some() && !says(|claim| matches!(claim, Claim::Entries { .. })) {
        lacking.push(format!("the log of {server} changes, and nothing says so"));
    }
    lacking
}
