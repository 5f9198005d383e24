//! Votes in words: asked for, given, counted; and what is asked before (D9.6, D3.10).

use super::claim::Claim;
use super::guards::{of, refused, vote_refused};
use super::quorums::{self, Tally};
use super::roles::{gives_up, role_change};
use super::sentence::{Draft, Kind, Scene, draft};
use super::servers::{change_of, only_a_term, reason, stale_reply};
use super::words::{electorate, list};
use crate::raft::{Body, Guard, Message, RoleName, Rule, ServerId, Term, Value, quorum};
use crate::sim::{Action, Content, Event, What};

/// Why a vote, or the word to give one, was refused.
fn refusal(event: &Event, guard: &Guard, scene: Scene) -> String {
    match guard.rule {
        Rule::Stickiness | Rule::PreVote if change_of(event).0.role == RoleName::Leader => {
            "it leads itself".into()
        }
        Rule::Stickiness | Rule::PreVote if heard_leader(event, scene) => {
            "it hears from a leader, so nobody need be elected".into()
        }
        Rule::Stickiness | Rule::PreVote => {
            "it was just started, and a lease may count on its silence".into()
        }
        _ => reason(guard),
    }
}

/// Whether a server withholds its vote because it has heard from a leader; else because it was just started.
pub(super) fn heard_leader(event: &Event, scene: Scene) -> bool {
    change_of(event).0.leader.is_some()
        || scene
            .before(event.id)
            .filter(|other| other.server == event.server)
            .find_map(withholds)
            .unwrap_or_else(|| !quorums::from_the_start(scene))
}

fn withholds(event: &Event) -> Option<bool> {
    match &event.what {
        What::Acted {
            action: Action::Restart { .. } | Action::Wipe { .. } | Action::Boot { .. },
            refused: None,
        } => Some(false),
        What::Delivered { content: Content::Raft(Message { body, .. }), .. } => {
            let from_leader = matches!(body, Body::AppendEntries { .. } | Body::InstallSnapshot { .. });
            (from_leader && refused(event, Rule::RefuseStaleAppend).is_none()).then_some(true)
        }
        _ => None,
    }
}

pub(super) fn asked(event: &Event, said: &Message, scene: Scene) -> Draft {
    let (voter, candidate, term) = (said.to, said.from, said.term);
    let (before, after) = change_of(event);
    let having = || gives_up(event, "having");
    let refusal_by = vote_refused(&event.guards);
    let answer = Claim::Vote { voter, candidate, asked: term, granted: refusal_by.is_none(), pre: false };
    let Some(guard) = refusal_by else {
        let given = if after.term > term {
            format!(
                "{voter} grants its vote of term {} to {candidate}, whose request is of term {term}",
                after.term
            )
        } else if (before.term, before.voted_for) == (term, Some(candidate)) {
            format!(
                "{voter} has voted for {candidate} in term {term} already, and grants it the same vote again"
            )
        } else {
            format!("{voter} grants its vote to {candidate} in term {term}{}", having())
        };
        let in_spite = of(event, Rule::Stickiness)
            .filter(|guard| (guard.left, guard.right) == (Value::Flag(true), Value::Flag(true)));
        let draft = draft(Kind::Election, &["§5.2", "§5.4.1"], given)
            .claim([answer])
            .claim(role_change(event))
            .waits(event, "its vote leaves");
        return match in_spite {
            Some(_) => draft
                .and("; that a leader is there is no matter, since a leader has asked for this election")
                .also("D3.10"),
            None => draft,
        };
    };
    let why = refusal(event, guard, scene);
    let text = if guard.rule == Rule::Stickiness {
        format!(
            "{voter} ignores {candidate}'s request for a vote in term {term}: {why}, and its term stays as it is"
        )
    } else {
        format!("{voter} refuses its vote to {candidate} in term {term}{}: {why}", having())
    };
    draft(Kind::Election, &[guard.rule.section()], text).claim([answer]).claim(role_change(event))
}

/// What a candidate has that has enough, behind "has": "the votes of S1, S2 and S4, a majority of five"; and
/// where a rule is off, why that is enough though it is none.
pub(super) fn won(event: &Event, scene: Scene, candidate: ServerId) -> (String, Option<Claim>) {
    let tally = quorums::granted(scene, event, candidate);
    enough(event, candidate, &tally, false)
}

fn enough(event: &Event, candidate: ServerId, tally: &Tally, pre: bool) -> (String, Option<Claim>) {
    let configuration = change_of(event).0.configuration;
    let (what, of_all) = (if pre { "word" } else { "votes" }, electorate(&configuration));
    let claim = tally.claim(candidate, &configuration, pre);
    if claim.is_none() {
        return (format!("the {what} of enough servers"), None);
    }
    let names = list(tally.voters.iter());
    let answered = of(event, Rule::QuorumOfAll).filter(|guard| guard.broken()).map(|guard| guard.right);
    let majority = quorum::is_quorum(&configuration, tally.voters);
    let enough = match answered {
        _ if majority => format!("a majority of {of_all}"),
        Some(Value::Servers(answered)) => {
            format!("a majority of those that have answered, {}, but not of {of_all}", list(answered.iter()))
        }
        _ => format!("no majority of {of_all}"),
    };
    let but = if majority { "," } else { ", but" };
    (format!("the {what} of {names}{}, {enough}{}", stale(tally), twice(tally, but)), claim)
}

/// Which of the votes were not for this term.
fn stale(tally: &Tally) -> String {
    match tally.stale.is_empty() {
        true => String::new(),
        false => format!(" (for an older term: {})", list(tally.stale.iter())),
    }
}

/// As how many they are counted, where copies are counted as well.
fn twice(tally: &Tally, but: &str) -> String {
    let counted = tally.voters.len() + tally.again;
    if tally.again > 0 { format!("{but} counted as {counted}") } else { String::new() }
}

pub(super) fn came(event: &Event, said: &Message, asked: Term, granted: bool, scene: Scene) -> Draft {
    let what = if granted { "vote" } else { "refusal" };
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return draft;
    }
    let (before, after) = change_of(event);
    let (voter, candidate, term) = (said.from, said.to, after.term);
    let unchanged = [Claim::Unchanged { server: candidate }];
    let draft = |text| draft(Kind::Election, &["§5.2"], text);
    if before.role != RoleName::Candidate {
        let state = if before.role == RoleName::Leader { "leads already" } else { "no longer stands" };
        return draft(format!("{voter}'s {what} reaches {candidate}, which {state}: nothing changes"))
            .claim(unchanged);
    }
    if refused(event, Rule::CountVotesOnce).is_some() {
        return draft(format!(
            "{voter}'s vote reaches {candidate} a second time: it is counted already, and nothing changes"
        ))
        .claim(unchanged);
    }
    if after.role == RoleName::Leader {
        let (won, claim) = won(event, scene, candidate);
        return draft(format!("{candidate} has {won}: it leads in term {term}"))
            .claim(claim)
            .claim(role_change(event));
    }
    if !granted {
        return draft(format!("{candidate} hears that {voter} does not vote for it in term {term}"));
    }
    let tally = quorums::granted(scene, event, candidate);
    match tally.claim(candidate, &before.configuration, false) {
        Some(claim) => {
            let (votes, of) = (list(tally.voters.iter()), electorate(&before.configuration));
            let doubts = stale(&tally) + &twice(&tally, ",");
            draft(format!(
                "{candidate} has the votes of {votes}{doubts} in term {term}, not yet a majority of {of}"
            ))
            .claim([claim])
        }
        None => draft(format!("{candidate} has the vote of {voter} in term {term}, and needs more")),
    }
}

// Before an election (D9.6).

pub(super) fn would_be_asked(event: &Event, said: &Message, asked: Term, scene: Scene) -> Draft {
    let (voter, candidate) = (said.to, said.from);
    let refusal_by = vote_refused(&event.guards);
    let answer = Claim::Vote { voter, candidate, asked, granted: refusal_by.is_none(), pre: true };
    let draft = match refusal_by {
        None => {
            let text = format!(
                "{voter} would vote for {candidate} in term {asked} and says so; nothing changes at {voter} itself"
            );
            draft(Kind::Election, &["D9.6", "§5.4.1"], text)
        }
        Some(guard) => {
            let why = refusal(event, guard, scene);
            let text = format!("{voter} would not vote for {candidate} in term {asked}: {why}");
            draft(Kind::Election, &["D9.6", guard.rule.section()], text)
        }
    };
    draft.claim([answer])
}

pub(super) fn would_be_came(
    event: &Event,
    said: &Message,
    asked: Term,
    granted: bool,
    scene: Scene,
) -> Draft {
    if let Some(draft) = only_a_term(event, said) {
        return draft;
    }
    let (before, after) = change_of(event);
    let (voter, candidate) = (said.from, said.to);
    let sections = &["D9.6"];
    if before.role != RoleName::PreCandidate || refused(event, Rule::DropStaleReplies).is_some() {
        let text = format!(
            "{voter} has said whether it would vote for {candidate} in term {asked}, which {candidate} does not ask any more: nothing changes"
        );
        return draft(Kind::Election, sections, text).claim([Claim::Unchanged { server: candidate }]);
    }
    if after.role != RoleName::PreCandidate {
        let (have, claim) = enough(event, candidate, &quorums::promised(scene, event, candidate), true);
        let text = format!("{candidate} has {have}: it stands for election in term {}", after.term);
        return draft(Kind::Election, &["D9.6", "§5.2"], text)
            .claim(claim)
            .claim(role_change(event))
            .waits(event, "it asks for votes");
    }
    let would = if granted { "would" } else { "would not" };
    let text = format!("{candidate} hears that {voter} {would} vote for it in term {asked}");
    draft(Kind::Election, sections, text)
}

/// The leader has asked a server to take over (D3.10).
pub(super) fn told_to_stand(event: &Event, said: &Message) -> Draft {
    let (before, after) = change_of(event);
    let (to, from) = (said.to, said.from);
    let draft = |text| draft(Kind::Election, &["D3.10"], text);
    if after.term > said.term && after.role == RoleName::Candidate && before.term <= said.term {
        let text = format!(
            "{from} asks {to} to take over: it stands for election in term {} at once, and asks nobody before",
            after.term
        );
        return draft(text).claim(role_change(event)).waits(event, "it asks for votes");
    }
    let why = match after.role {
        _ if before.term > said.term => "that was in an older term",
        RoleName::Leader => "it leads already",
        _ => "it has no vote",
    };
    let having = gives_up(event, "having");
    draft(format!("{from} asks {to} to take over, but {why}: it does not stand{having}"))
        .claim(role_change(event))
}
