//! The page: Yew components around one [`Tank`].
//!
//! **The page shows a moment.** Yew decides which elements exist; one loop of frames writes the
//! transforms of what moves, as a function of virtual time. A view is a function of the world at a
//! moment, the trace and the selection.

mod address;
pub mod app;
mod branches;
mod broken;
mod compare;
pub mod console;
pub mod context;
mod control;
mod desk;
mod details;
mod diagram;
mod dialog;
pub mod export;
pub mod feed;
mod fetch;
mod files;
mod frame;
pub mod geometry;
mod header;
mod jobs;
pub mod js;
pub mod kept;
mod keys;
mod lamps;
mod lanes;
mod later;
mod link_presets;
mod logs;
mod math;
mod members;
mod notices;
pub mod options;
mod options_panel;
mod outside;
mod pack;
pub mod page_state;
pub mod prefs;
mod requests;
mod rules_panel;
mod run_control;
mod schedules;
mod search_panel;
mod setup_form;
pub mod setup_url;
mod share;
mod shorthand;
pub mod stage;
mod status;
mod table;
mod tabs;
pub mod tank;
pub mod tape;
mod transport;
pub mod words;
mod worker;
mod workload;

pub use app::App;
pub use context::{use_tank, use_view, use_view_of};
pub use tank::{Selected, Tank};

use crate::sim::Setup;
use crate::timeline::Start;

/// Starts the page: makes the tank and mounts the components into `#app`. Where there is no page, in a
/// worker, waits for work instead.
pub fn start() {
    if web_sys::window().is_none() {
        return worker::serve();
    }
    outside::watch_for_panics();
    prefs::Theme::stored().apply();
    match kept::session() {
        // The page was loaded again: the tab goes on with its run.
        Some(id) => wasm_bindgen_futures::spawn_local(async { mount(begin(Some(kept::resume(id).await))) }),
        None => mount(begin(None)),
    }
}

/// Begins the run that goes on, or else the one that the address asks for.
fn begin(resumed: Option<Result<kept::Resumed, String>>) -> Option<Tank> {
    match resumed {
        Some(Ok(resumed)) => kept::go_on(resumed),
        Some(Err(why)) => {
            let tank = new_run()?;
            tank.notify(tank::Tone::Trouble, why);
            Some(tank)
        }
        None => new_run(),
    }
}

/// Begins the run that the address asks for: one that it has in it, or one of a setup.
fn new_run() -> Option<Tank> {
    let wanted = run_control::wanted();
    let tank = match Tank::new(&wanted.setup, wanted.start) {
        Ok(tank) => tank,
        // What the address asks for was checked; if a run can't be made of it all the same, say why.
        Err(error) => {
            let tank = Tank::new(&Setup::new(5, 1), Start::Empty).ok()?;
            tank.notify(tank::Tone::Trouble, error.to_string());
            tank
        }
    };
    for text in wanted.troubles {
        tank.notify(tank::Tone::Trouble, text);
    }
    address::open(&tank);
    Some(tank)
}

/// Mounts the components into `#app`.
fn mount(tank: Option<Tank>) {
    let Some(tank) = tank else { return };
    tank.install();
    kept::install();
    address::follow(&tank);
    // Without `window.wavetank` the page works all the same.
    let _ = js::install(&tank);
    let Some(root) = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
    else {
        return;
    };
    root.set_inner_html("");
    yew::Renderer::<App>::with_root_and_props(root, app::AppProps { tank }).render();
}
