//! Who the cluster is made of, and how that changes (§6, D4).
//!
//! A change is a pure function here: from one configuration to the next, or a reason why not. Any two
//! configurations that follow each other this way have overlapping majorities, so no two leaders can
//! be elected in one term by disjoint halves of the cluster.

use super::types::{ServerId, ServerSet};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A configuration: whose votes and acknowledgements count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Configuration {
    /// The servers whose majority decides.
    #[serde(skip_serializing_if = "is_empty")]
    pub voters: ServerSet,
    /// During a change by joint consensus, the voters of the old configuration, whose majority is
    /// needed as well (§6). Empty otherwise.
    #[serde(skip_serializing_if = "is_empty")]
    pub outgoing: ServerSet,
    /// Servers that receive the log and are never counted (D4.2.1). One that was a voter before a joint
    /// change counts among the outgoing ones until the change is over.
    #[serde(skip_serializing_if = "is_empty")]
    pub learners: ServerSet,
    /// During joint consensus: whether the leader goes on to the new configuration by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_leave: bool,
}

fn is_empty(servers: &ServerSet) -> bool {
    servers.is_empty()
}

/// A change of the configuration, as an administrator asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Change {
    /// One server becomes a voter (D4.1), be it new or a learner.
    Add(ServerId),
    /// One server becomes a learner, be it new or a voter (D4.2.1).
    Learner(ServerId),
    /// One server leaves (D4.1).
    Remove(ServerId),
    /// Any other configuration, by joint consensus (§6, D4.3).
    Joint {
        /// The new voters.
        voters: ServerSet,
        /// The new learners.
        #[serde(default)]
        learners: ServerSet,
        /// Whether the joint configuration stays until somebody asks to leave it.
        #[serde(default)]
        manual: bool,
    },
    /// From the joint configuration to the new one (C_new, §6).
    Leave,
}

/// Why a configuration can't be changed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeError {
    /// It is so already.
    NoChange,
    /// Nobody would be left to vote.
    NoVoters,
    /// A joint change is under way: it has to be left first.
    Joint,
    /// No joint change is under way.
    NotJoint,
    /// The same server would be a voter and a learner.
    Both,
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChangeError::NoChange => "the configuration already looks like that",
            ChangeError::NoVoters => "no voter would be left",
            ChangeError::Joint => "the cluster is in a joint configuration: leave it first",
            ChangeError::NotJoint => "the cluster is in no joint configuration",
            ChangeError::Both => "a server can't be a voter and a learner at once",
        })
    }
}

impl Configuration {
    /// Nobody: what a server knows of the cluster that has never heard of one.
    pub const NOBODY: Configuration = Configuration {
        voters: ServerSet::EMPTY,
        outgoing: ServerSet::EMPTY,
        learners: ServerSet::EMPTY,
        auto_leave: false,
    };

    /// The configuration of these voters and nobody else.
    #[must_use]
    pub fn of(voters: ServerSet) -> Configuration {
        Configuration { voters, ..Configuration::NOBODY }
    }

    /// The configuration of S1 to S`n`.
    #[must_use]
    pub fn of_first(n: u8) -> Configuration {
        Configuration::of(ServerSet::first(n))
    }

    /// Whether two majorities are needed (§6).
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Everyone whose vote counts.
    #[must_use]
    pub fn all_voters(&self) -> ServerSet {
        self.voters.or(self.outgoing)
    }

    /// Everyone that a leader sends entries to.
    #[must_use]
    pub fn members(&self) -> ServerSet {
        self.all_voters().or(self.learners)
    }

    /// This configuration as it would be if only these servers existed.
    #[must_use]
    pub fn restricted_to(&self, servers: ServerSet) -> Configuration {
        Configuration {
            voters: self.voters.and(servers),
            outgoing: self.outgoing.and(servers),
            learners: self.learners.and(servers),
            auto_leave: self.auto_leave,
        }
    }

    /// What a change makes of this configuration.
    ///
    /// # Errors
    /// When it makes no sense here.
    pub fn changed_by(&self, change: Change) -> Result<Configuration, ChangeError> {
        match change {
            Change::Leave => self.left(),
            _ if self.is_joint() => Err(ChangeError::Joint),
            Change::Add(id) => self.with_one(id, true, false),
            Change::Learner(id) => self.with_one(id, false, true),
            Change::Remove(id) => self.with_one(id, false, false),
            Change::Joint { voters, learners, manual } => self.joint(voters, learners, !manual),
        }
    }

    /// One server voter, learner or gone: majorities before and after share a server, since at most one
    /// voter differs (D4.1).
    fn with_one(&self, id: ServerId, votes: bool, learns: bool) -> Result<Configuration, ChangeError> {
        let mut new = *self;
        let set = |set: &mut ServerSet, member| if member { set.insert(id) } else { set.remove(id) };
        set(&mut new.voters, votes);
        set(&mut new.learners, learns);
        new.checked(self)
    }

    /// C_old,new: from now on majorities of both decide (§6).
    fn joint(
        &self,
        voters: ServerSet,
        learners: ServerSet,
        auto_leave: bool,
    ) -> Result<Configuration, ChangeError> {
        if !voters.and(learners).is_empty() {
            return Err(ChangeError::Both);
        }
        Configuration { voters, learners, ..*self }.checked(self)?;
        Ok(Configuration { voters, outgoing: self.voters, learners, auto_leave })
    }

    /// C_new: the old voters no longer count.
    fn left(&self) -> Result<Configuration, ChangeError> {
        if !self.is_joint() {
            return Err(ChangeError::NotJoint);
        }
        Ok(Configuration { outgoing: ServerSet::EMPTY, auto_leave: false, ..*self })
    }

    fn checked(self, old: &Configuration) -> Result<Configuration, ChangeError> {
        match () {
            () if self == *old => Err(ChangeError::NoChange),
            () if self.voters.is_empty() => Err(ChangeError::NoVoters),
            () => Ok(self),
        }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.voters.fmt(f)?;
        if self.is_joint() {
            write!(f, " and {}", self.outgoing)?;
        }
        if !self.learners.is_empty() {
            write!(f, ", learners {}", self.learners)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Add(id) => write!(f, "add {id}"),
            Change::Learner(id) => write!(f, "learner {id}"),
            Change::Remove(id) => write!(f, "remove {id}"),
            Change::Joint { voters, learners, manual } => {
                write!(f, "joint {voters}")?;
                if !learners.is_empty() {
                    write!(f, " learners {learners}")?;
                }
                f.write_str(if *manual { " manual" } else { "" })
            }
            Change::Leave => f.write_str("leave"),
        }
    }
}
