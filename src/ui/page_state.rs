//! What is open on the page, beside the run: dialogs, and a partition being put together.

use crate::raft::{ServerId, ServerSet};
use std::rc::Rc;
use yew::prelude::*;

/// What is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageState {
    /// The servers that are to be cut off from the rest, while a partition is put together.
    pub partition: Option<ServerSet>,
    /// Whether the setup form is open.
    pub setup_open: bool,
    /// Whether the list of keys is open.
    pub keys_open: bool,
    /// Whether the dialog for exports is open.
    pub export_open: bool,
    /// Whether the list of kept runs is open.
    pub runs_open: bool,
    /// Whether the dialog for sharing is open.
    pub share_open: bool,
    /// The lamp whose promise is explained.
    pub promise: Option<usize>,
    /// Whether the space-time diagram is open.
    pub diagram_open: bool,
    /// Whether single-key shortcuts are on.
    pub shortcuts: bool,
}

/// What can be opened and closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Begins to put a partition together, or gives it up.
    Partition(bool),
    /// Moves a server to the other side of it.
    Toggle(ServerId),
    /// Opens or closes the setup form.
    Setup(bool),
    /// Opens or closes the list of keys.
    Keys(bool),
    /// Opens or closes the dialog for exports.
    Export(bool),
    /// Opens or closes the list of kept runs.
    Runs(bool),
    /// Opens or closes the dialog for sharing.
    Share(bool),
    /// Explains the promise of a lamp, or closes that.
    Promise(Option<usize>),
    /// Opens or closes the space-time diagram.
    Diagram(bool),
    /// Switches single-key shortcuts.
    Shortcuts(bool),
}

impl Reducible for PageState {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut state = (*self).clone();
        match change {
            Change::Partition(on) => state.partition = on.then_some(ServerSet::EMPTY),
            Change::Toggle(id) => {
                if let Some(set) = &mut state.partition {
                    if set.contains(id) { set.remove(id) } else { set.insert(id) }
                }
            }
            Change::Setup(open) => state.setup_open = open,
            Change::Keys(open) => state.keys_open = open,
            Change::Export(open) => state.export_open = open,
            Change::Runs(open) => state.runs_open = open,
            Change::Share(open) => state.share_open = open,
            Change::Promise(lamp) => state.promise = lamp,
            Change::Diagram(open) => state.diagram_open = open,
            Change::Shortcuts(on) => state.shortcuts = on,
        }
        Rc::new(state)
    }
}

/// A handle on what is open.
pub type Page = UseReducerHandle<PageState>;

/// What is open on the page.
///
/// # Panics
/// Outside of the page.
#[hook]
pub fn use_page() -> Page {
    use_context::<Page>().expect("components live inside the page, which provides its state")
}
