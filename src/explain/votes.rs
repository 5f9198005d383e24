//! Votes in words: asked for, given, counted; and what is asked before (D9.6, D3.10).

use super::guards::{of, refused, vote_refused};
use super::quorums;
use super::sentence::{Draft, Kind, Scene, draft};
use super::servers::{change_of, gives_up, only_a_term, reason, stale_reply, waits};
use super::words::{electorate, list};
use crate::raft::{Guard, Message, RoleName, Rule, ServerSet, Term, Value};
use crate::sim::Event;

/// Why a vote, or the word to give one, was refused.
fn refusal(event: &Event, guard: &Guard) -> String {
    match guard.rule {
        Rule::Stickiness | Rule::PreVote if change_of(event).0.role == RoleName::Leader => {
            "it leads itself".into()
        }
        Rule::Stickiness | Rule::PreVote => "it hears from a leader, so nobody need be elected".into(),
        _ => reason(guard),
    }
}

pub(super) fn asked(event: &Event, said: &Message) -> Draft {
    let (voter, candidate, term) = (said.to, said.from, said.term);
    let Some(guard) = vote_refused(&event.guards) else {
        let given =
            format!("{voter} grants its vote to {candidate} in term {term}{}", gives_up(event, "having"));
        let in_spite =
            of(event, Rule::Stickiness).filter(|guard| guard.held && guard.right == Value::Flag(true));
        let draft = draft(Kind::Election, &["§5.2", "§5.4.1"], given).and(&waits(event, "its vote leaves"));
        return match in_spite {
            Some(_) => draft.and("; that it hears from a leader is no matter, since that leader has asked for this election").also("D3.10"),
            None => draft,
        };
    };
    let why = refusal(event, guard);
    let text = if guard.rule == Rule::Stickiness {
        format!(
            "{voter} ignores {candidate}'s request for a vote in term {term}: {why}, and its term stays as it is"
        )
    } else {
        format!("{voter} refuses its vote to {candidate} in term {term}{}: {why}", gives_up(event, "having"))
    };
    draft(Kind::Election, &[guard.rule.section()], text)
}

/// A majority of the voters has said yes: "S1, S2 and S4, a majority of five".
fn majority(event: &Event, have: ServerSet) -> String {
    let configuration = change_of(event).0.configuration;
    let votes = list(have.and(configuration.all_voters()).iter());
    format!("{votes}, a majority of {}", electorate(&configuration))
}

pub(super) fn came(event: &Event, said: &Message, asked: Term, granted: bool, scene: Scene) -> Draft {
    let what = if granted { "vote" } else { "refusal" };
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return draft;
    }
    let (before, after) = change_of(event);
    let (voter, candidate, term) = (said.from, said.to, after.term);
    if before.role != RoleName::Candidate {
        let state = if before.role == RoleName::Leader { "leads already" } else { "no longer stands" };
        let text = format!("{voter}'s {what} reaches {candidate}, which {state}: nothing changes");
        return draft(Kind::Election, &["§5.2"], text);
    }
    if refused(event, Rule::CountVotesOnce).is_some() {
        let text = format!(
            "{voter}'s vote reaches {candidate} a second time: it is counted already, and nothing changes"
        );
        return draft(Kind::Election, &["§5.2"], text);
    }
    let have = quorums::granted(scene, event, candidate, term);
    let text = if after.role == RoleName::Leader {
        format!("{candidate} has the votes of {}: it leads in term {term}", majority(event, have))
    } else if granted {
        let (votes, of) = (list(have.iter()), electorate(&after.configuration));
        format!("{candidate} has the votes of {votes} in term {term}, not yet a majority of {of}")
    } else {
        format!("{candidate} hears that {voter} does not vote for it in term {term}")
    };
    draft(Kind::Election, &["§5.2"], text)
}

// Before an election (D9.6).

pub(super) fn would_be_asked(event: &Event, said: &Message, asked: Term) -> Draft {
    let (voter, candidate) = (said.to, said.from);
    match vote_refused(&event.guards) {
        None => {
            let text = format!(
                "{voter} would vote for {candidate} in term {asked} and says so; nothing changes at {voter} itself"
            );
            draft(Kind::Election, &["D9.6", "§5.4.1"], text)
        }
        Some(guard) => {
            let why = refusal(event, guard);
            let text = format!("{voter} would not vote for {candidate} in term {asked}: {why}");
            draft(Kind::Election, &["D9.6", guard.rule.section()], text)
        }
    }
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
    if before.role != RoleName::PreCandidate || asked != before.term.next() {
        let text = format!(
            "{voter} has said whether it would vote for {candidate} in term {asked}, which {candidate} does not ask any more: nothing changes"
        );
        return draft(Kind::Election, sections, text);
    }
    if after.role != RoleName::PreCandidate {
        let have = majority(event, quorums::promised(scene, event, candidate, asked));
        let text = format!("{candidate} has the word of {have}: it stands for election in term {asked}");
        return draft(Kind::Election, &["D9.6", "§5.2"], text).and(&waits(event, "it asks for votes"));
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
        return draft(text).and(&waits(event, "it asks for votes"));
    }
    let why = match after.role {
        _ if before.term > said.term => "that was in an older term",
        RoleName::Leader => "it leads already",
        _ => "it has no vote",
    };
    draft(format!("{from} asks {to} to take over, but {why}: nothing comes of it"))
}
