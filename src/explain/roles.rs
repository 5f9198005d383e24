//! What makes a server something else, and its words: who gives up what, and because of which term.

use super::claim::{Because, Claim};
use crate::raft::{Body, Message, RoleName, ServerId, Timer};
use crate::sim::{Brief, Content, Event, What};

/// What a server has become by this event, if it has become something else.
pub(super) fn role_change(event: &Event) -> Option<Claim> {
    let (server, change) = (event.server?, event.change?);
    let (before, after) = (change.before, change.after);
    let stands_again =
        before.role == RoleName::Candidate && after.role == before.role && stood(server, before, after);
    (before.role != after.role || stands_again).then(|| Claim::Role {
        server,
        role: after.role,
        term: after.term,
        because: because(event, before, after),
    })
}

/// Whether a server has begun an election: in a new term, and with its own vote.
pub(super) fn stood(server: ServerId, before: Brief, after: Brief) -> bool {
    after.term > before.term && after.role != RoleName::Follower && after.voted_for == Some(server)
}

fn because(event: &Event, before: Brief, after: Brief) -> Because {
    match &event.what {
        What::Delivered { content: Content::Raft(message), .. } => because_of(message, before, after),
        What::Fired { timer: Timer::Election } => Because::Timeout,
        What::Fired { timer: Timer::Quorum } => Because::NoQuorum,
        What::Synced { .. } if after.role == RoleName::Leader => Because::Votes,
        What::Acted { .. } => Because::Hand,
        _ => Because::Removed,
    }
}

fn because_of(message: &Message, before: Brief, after: Brief) -> Because {
    let Message { from, term, body, .. } = message;
    if *term > before.term && *term == after.term {
        return Because::HigherTerm { saw: *term, own: before.term };
    }
    match body {
        Body::AppendEntries { .. } | Body::InstallSnapshot { .. } => {
            Because::Leader { leader: *from, term: *term }
        }
        Body::RequestVote { .. } => Because::Voted { candidate: *from },
        Body::TimeoutNow => Because::Asked { leader: *from },
        Body::RequestVoteReply { .. } | Body::PreVoteReply { .. } => Because::Votes,
        _ => Because::Removed,
    }
}

/// What a server gives up for a message, and because of what: behind its name as the subject with `having`
/// ("having"), behind its name elsewhere with "which has".
pub(super) fn gives_up(event: &Event, having: &str) -> String {
    let (Some(Claim::Role { role: RoleName::Follower, because, .. }), Some(change)) =
        (role_change(event), event.change)
    else {
        return String::new();
    };
    let what = match change.before.role {
        RoleName::Leader => format!("stepped down as leader of term {}", change.before.term),
        RoleName::Candidate => format!("given up its candidacy in term {}", change.before.term),
        _ => "given up asking whether it would be elected".into(),
    };
    let because = match because {
        Because::HigherTerm { saw, own } => format!(" because term {saw} is above its term {own}"),
        Because::Leader { leader, term } if term == change.after.term => {
            format!(" because {leader} leads term {term}")
        }
        Because::Leader { leader, term } => format!(" for {leader}, the leader of the older term {term}"),
        _ => String::new(),
    };
    format!(", {having} {what}{because}")
}
