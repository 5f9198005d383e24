//! Latest Configuration (§6): a server uses the latest configuration in its log, committed or not; where
//! its entries hold none, the one of its snapshot (§7).

use super::Finding;
use super::look::Look;
use crate::raft::{Configuration, Index, Payload};

pub(super) fn look(look: &Look) -> Option<Finding> {
    let (was, is) = (&look.before, &look.now);
    let touched = look.log_from.is_some() || look.reborn || is.base != was.base;
    if !touched && is.configuration == was.configuration {
        return None;
    }
    let (log, goes_by) = (look.node.log(), is.configuration);
    let (index, latest) = latest(look);
    (goes_by != latest).then(|| {
        let id = look.id;
        let place = if index > log.base_index() { "entry" } else { "its snapshot up to" };
        let sentence =
            format!("{id} goes by the configuration {goes_by}, but {place} {index} says {latest}.");
        let finding = Finding::new([id], sentence).at(index);
        finding.value("it goes by", goes_by).value("the last in its log", latest)
    })
}

/// The last configuration there is, and where. What was just written is looked through; where nothing is
/// found, the log's own account of the rest is taken.
fn latest(look: &Look) -> (Index, Configuration) {
    let log = look.node.log();
    let mut index = log.last_index();
    while let Some(from) = look.log_from
        && index >= from
        && let Some(entry) = log.get(index)
    {
        if let Payload::Configuration(configuration) = entry.payload {
            return (index, configuration);
        }
        index = index.prev();
    }
    let carried = look.node.snapshot().filter(|snapshot| log.configuration_index() == snapshot.index);
    let configuration = carried.map_or(log.configuration(), |snapshot| &snapshot.configuration);
    (log.configuration_index(), *configuration)
}
