//! Durable Commit (§5.4, D10.2.1): what a leader commits is on the disks of a majority of its
//! configuration, in the log or under a snapshot; of both majorities in joint consensus (§6). And from then
//! on nobody who lacks it can be elected: whatever servers are a majority of the configuration that a
//! server goes by, one of them has a more up-to-date log and refuses it its vote (§5.4.1).
//!
//! A server that has lost its disk for good votes no more. That it had the entry when it said so is
//! enough.

use super::Finding;
use super::leader_completeness::{Committed, LeaderCompleteness};
use super::log_matching::LogMatching;
use super::look::Look;
use super::violation::{entry, stands_at};
use crate::raft::{Configuration, Index, Log, ServerId, ServerSet, Term, quorum};
use crate::sim::{Server, World};

/// What was committed is remembered elsewhere: [`LeaderCompleteness`].
pub(super) struct DurableCommit<'a> {
    pub(super) committed: &'a LeaderCompleteness,
    pub(super) seen: &'a LogMatching,
}

impl DurableCommit<'_> {
    /// `news`: whether something was committed just now that had not been before.
    pub(super) fn look(&self, look: &Look, news: bool) -> Option<Finding> {
        self.counts_disks(look).or_else(|| self.keeps_out(look, news))
    }

    /// The leader's side: there are enough disks.
    fn counts_disks(&self, look: &Look) -> Option<Finding> {
        let (was, is) = (&look.before, &look.now);
        let leads = is.leads() || was.leads() && was.term == is.term;
        if !leads || !look.same_life() || is.commit <= was.commit {
            return None;
        }
        let log = look.node.log();
        let term = log.term_at(is.commit)?;
        // A leader that commits a configuration may go on to the next in the same step.
        let went_by = [&is.configuration, &was.configuration];
        let lacking = |configuration: &Configuration| {
            let voters = configuration.all_voters();
            let on_disk = |id: &ServerId| {
                let server = look.world.server(*id);
                server.is_some_and(|server| holds(&server.disk.durable.log, is.commit, term))
            };
            let holders: ServerSet = voters.iter().filter(on_disk).collect();
            (!quorum::is_quorum(configuration, holders)).then_some((*configuration, holders))
        };
        let found = went_by.map(lacking);
        let [Some((configuration, holders)), Some(_)] = found else { return None };
        Some(self.too_few(look, term, configuration, holders))
    }

    #[cold]
    fn too_few(&self, look: &Look, term: Term, configuration: Configuration, holders: ServerSet) -> Finding {
        let (id, index) = (look.id, look.now.commit);
        let on = if holders.is_empty() { "no disk".to_string() } else { format!("the disks of {holders}") };
        let sentence = format!(
            "{id} committed entry {index} of term {term} when it was on {on}: no majority of {configuration}."
        );
        let voters = configuration.all_voters();
        let servers = voters.minus(holders).or([id].into_iter().collect());
        let mut finding = Finding::new(servers.iter(), sentence).at(index);
        finding = finding.since(self.seen.appeared(index, term)).value("configuration", configuration);
        for server in voters.iter().filter_map(|voter| look.world.server(voter)) {
            let label = format!("on the disk of {}", server.node.id());
            finding = finding.value(label, stands_at(&server.disk.durable.log, index));
        }
        finding
    }

    /// Everybody's side: who lacks something can't be elected. Only what this step has changed can have
    /// made that otherwise.
    fn keeps_out(&self, look: &Look, news: bool) -> Option<Finding> {
        let last = self.committed.committed();
        let term = self.committed.get(last)?.entry.term;
        let lacks = |server: &Server| !holds(server.node.log(), last, term);
        let end = |known: &super::look::Known| (known.last_term, known.last);
        let electable = if news || look.reborn || end(&look.now) < end(&look.before) {
            // Somebody else may have found a voter.
            look.world.servers().iter().find(|server| lacks(server) && electors(look.world, server).is_some())
        } else {
            let changed = look.log_from.is_some() || look.now.configuration != look.before.configuration;
            (changed && lacks(look.server) && electors(look.world, look.server).is_some())
                .then_some(look.server)
        }?;
        let (index, committed) = self.committed.first_lacking(electable.node.log(), |_| true)?;
        Some(self.could_lead(look.world, electable, index, committed))
    }

    #[cold]
    fn could_lead(&self, world: &World, server: &Server, index: Index, committed: &Committed) -> Finding {
        let Committed { entry: lost, by, in_term, event } = committed;
        let (id, node) = (server.node.id(), &server.node);
        let voters = electors(world, server).unwrap_or_default();
        let sentence = format!(
            "{id} could be elected by {voters}, and lacks entry {index} of term {}, which {by} had committed in term {in_term}.",
            lost.term
        );
        let mut finding = Finding::new([*by, id], sentence).at(index).since([*event]);
        // What stands there instead.
        let instead = node.log().get(index).and_then(|entry| self.seen.appeared(index, entry.term));
        finding = finding.since(instead);
        finding =
            finding.value("committed", entry(lost)).value(format!("on {id}"), stands_at(node.log(), index));
        finding = finding.value(format!("{id} goes by"), node.configuration());
        for voter in voters.iter().filter_map(|voter| world.server(voter)) {
            let log = voter.node.log();
            let end = format!("{} of term {}", log.last_index(), log.last_term());
            finding = finding.value(format!("log of {} ends at", voter.node.id()), end);
        }
        finding
    }
}

/// Whether a log has that entry, in sight or under its snapshot.
fn holds(log: &Log, index: Index, term: Term) -> bool {
    log.term_at(index).map_or(index < log.base_index(), |there| there == term)
}

/// Who would vote for a server, if they are enough to elect it.
fn electors(world: &World, candidate: &Server) -> Option<ServerSet> {
    let node = &candidate.node;
    let (id, log) = (node.id(), node.log());
    let mut possible = log.configurations_from(node.commit()).chain([node.configuration()]);
    if candidate.retired || !possible.any(|one| one.all_voters().contains(id)) {
        return None;
    }
    let end = |log: &Log| (log.last_term(), log.last_index());
    let grants = |server: &&Server| !server.retired && end(log) >= end(server.node.log());
    let granting: ServerSet = world.servers().iter().filter(grants).map(|server| server.node.id()).collect();
    let voters = granting.and(node.configuration().all_voters());
    quorum::is_quorum(node.configuration(), voters).then_some(voters)
}
