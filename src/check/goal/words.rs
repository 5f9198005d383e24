//! The words of the language that take something in parentheses, or stand alone for a number.

use super::syntax::Kind;

macro_rules! words {
    ($($word:ident = $name:literal ($($argument:ident),*) $result:ident;)+) => {
        /// A word that says something of servers, indexes or terms.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Word {
            $($word,)+
        }

        impl Word {
            pub(super) const ALL: &[Word] = &[$(Word::$word),+];

            /// As it is written.
            pub(super) fn name(self) -> &'static str {
                match self { $(Word::$word => $name),+ }
            }

            /// What stands in its parentheses; it has none where that is nothing.
            pub(super) fn arguments(self) -> &'static [Kind] {
                match self { $(Word::$word => &[$(Kind::$argument),*]),+ }
            }

            /// What it is.
            pub(super) fn result(self) -> Kind {
                match self { $(Word::$word => Kind::$result),+ }
            }
        }
    };
}

words! {
    Servers = "servers" () Number;
    Majority = "majority" () Number;
    Leaders = "leaders" () Number;
    Up = "up" (Server) Truth;
    Role = "role" (Server) Role;
    Term = "term" (Server) Number;
    Vote = "vote" (Server) Server;
    Leader = "leader" (Server) Server;
    Log = "log" (Server) Log;
    Last = "last" (Server) Number;
    LastTerm = "lastTerm" (Server) Number;
    TermAt = "termAt" (Server, Number) Number;
    Agree = "agree" (Server, Server) Number;
    Snapshot = "snapshot" (Server) Number;
    Commit = "commit" (Server) Number;
    Applied = "applied" (Server) Number;
    Next = "next" (Server, Server) Number;
    Match = "match" (Server, Server) Number;
    Voter = "voter" (Server, Server) Truth;
    CanWin = "canWin" (Server) Truth;
    LeaderOf = "leaderOf" (Number) Server;
    CommittedTerm = "committedTerm" (Number) Number;
    CommittedIn = "committedIn" (Number) Number;
}

impl Word {
    /// The word of this name, in whatever letters.
    pub(super) fn of(name: &str) -> Option<Word> {
        Word::ALL.iter().copied().find(|word| word.name().eq_ignore_ascii_case(name))
    }
}

/// Words with a grammar of their own, and what connects.
pub(super) const SPECIAL: [&str; 6] = ["count", "once", "committed", "lost", "violated", "empty"];
/// Words that no variable can be called.
pub(super) const CONNECTING: [&str; 9] = ["and", "or", "not", "implies", "any", "all", "of", "in", "none"];
/// What a server can be.
pub(super) const ROLES: [&str; 4] = ["follower", "preCandidate", "candidate", "leader"];

/// Every word of the language, for those who help with typing.
pub fn words() -> impl Iterator<Item = &'static str> {
    let of_table = Word::ALL.iter().map(|word| word.name());
    // `leader` is a role, and in front of a parenthesis whom a server follows.
    let roles = ROLES.into_iter().filter(|role| Word::of(role).is_none());
    of_table.chain(roles).chain(SPECIAL).chain(CONNECTING)
}
