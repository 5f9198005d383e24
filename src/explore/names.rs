//! Servers are alike: states that differ only in their names are one.

use super::local::Local;
use super::pool::print_of;
use super::space::{NONE, Space};
use crate::raft::{Index, Role, ServerId};

/// More servers have too many names: 720 ways to exchange those of six.
pub(super) const RENAMED_MAX: usize = 5;

/// The kinds of parts, in `Space::renamed`.
const LOCALS: usize = 0;
const MESSAGES: usize = 1;
const PASTS: usize = 2;

impl Space<'_> {
    /// Exchanges names so that of all the states that differ only in names one stands for all.
    pub(super) fn canonical(&mut self, row: &mut Vec<u32>) {
        if !self.frame.symmetric {
            return;
        }
        let servers = self.frame.servers;
        let mut best: Option<Vec<u32>> = None;
        for exchange in 0..self.names.len() {
            // Servers stand in the order of what does not change with names. Only those that are alike in
            // that leave a choice.
            let mut order = [0_u64; RENAMED_MAX];
            for (&local, &name) in row[..servers].iter().zip(&self.names[exchange]) {
                order[usize::from(name)] = self.traits[local as usize].nameless;
            }
            if !order[..servers].is_sorted() {
                continue;
            }
            let mut other = std::mem::take(&mut self.scratch);
            self.rename(row, exchange, &mut other);
            match &mut best {
                Some(best) if !self.comes_before(&other, best) => self.scratch = other,
                Some(best) => self.scratch = std::mem::replace(best, other),
                None => best = Some(other),
            }
        }
        if let Some(best) = best {
            self.scratch = std::mem::replace(row, best);
        }
    }

    fn comes_before(&self, a: &[u32], b: &[u32]) -> bool {
        self.prints(a).lt(self.prints(b))
    }

    /// The fingerprints of the parts of a row.
    fn prints<'r>(&'r self, row: &'r [u32]) -> impl Iterator<Item = u64> + 'r {
        let servers = self.frame.servers;
        let locals = row[..servers].iter().map(|&local| self.locals.print(local));
        let messages = row[servers + 1..].iter().map(|&message| self.messages.print(message));
        locals.chain([self.pasts.print(row[servers])]).chain(messages)
    }

    /// The row under other names.
    fn rename(&mut self, row: &[u32], exchange: usize, out: &mut Vec<u32>) {
        let servers = self.frame.servers;
        out.clear();
        out.resize(servers + 1, 0);
        for at in 0..servers {
            let renamed = self.renamed(LOCALS, row[at], exchange);
            out[usize::from(self.names[exchange][at])] = renamed;
        }
        out[servers] = self.renamed(PASTS, row[servers], exchange);
        for &message in &row[servers + 1..] {
            let renamed = self.renamed(MESSAGES, message, exchange);
            self.add(out, renamed);
        }
    }

    /// The number of a part under other names.
    fn renamed(&mut self, kind: usize, number: u32, exchange: usize) -> u32 {
        let slot = number as usize * self.names.len() + exchange;
        if let Some(&known) = self.renamed[kind].get(slot).filter(|&&known| known != NONE) {
            return known;
        }
        let names = self.names[exchange].clone();
        let name =
            |id: ServerId| names.get(id.slot()).and_then(|&name| ServerId::new(name + 1)).unwrap_or(id);
        let renamed = match kind {
            LOCALS => {
                let local = self.locals.get(number).renamed(&name);
                self.local(local)
            }
            MESSAGES => {
                let message = self.messages.get(number).renamed(&name);
                self.message(message)
            }
            _ => {
                let number = self.parts.pasts.number(self.pasts.get(number).renamed(&name));
                self.know_past(number);
                number
            }
        };
        let memo = &mut self.renamed[kind];
        memo.resize(memo.len().max(slot + 1), NONE);
        memo[slot] = renamed;
        renamed
    }
}

/// A fingerprint of what stays the same when servers exchange their names.
pub(super) fn nameless(local: &Local) -> u64 {
    let node = &local.node;
    let voted = node.voted_for().map(|id| id == node.id());
    let role = match node.role() {
        Role::Follower { .. } => (0, 0, 0),
        Role::PreCandidate { granted, refused } => (1, granted.len(), refused.len()),
        Role::Candidate { granted, refused, .. } => (2, granted.len(), refused.len()),
        Role::Leader(_) => (3, 0, 0),
    };
    let mut progress: Vec<(Index, Index)> = match node.leadership() {
        Some(leading) => leading.progress.iter().map(|peer| (peer.next, peer.matched)).collect(),
        None => Vec::new(),
    };
    progress.sort_unstable();
    let whole = (local.up, node.term(), node.commit(), node.log(), voted, role, progress);
    print_of(&whole)
}

/// All the ways to exchange the names of so many servers: what each becomes.
pub(super) fn permutations(servers: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for _ in 0..servers {
        let longer = |names: &Vec<u8>| {
            let free = (0..servers as u8).filter(|name| !names.contains(name)).collect::<Vec<u8>>();
            let names = names.clone();
            free.into_iter().map(move |name| [names.as_slice(), &[name]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}
