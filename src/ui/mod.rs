//! The page: Yew components around one [`Tank`].
//!
//! **The page shows a moment.** Yew decides which elements exist; one loop of frames writes the
//! transforms of what moves, as a function of virtual time. A view is a function of the world at a
//! moment, the trace and the selection.

pub mod app;
pub mod console;
pub mod context;
pub mod feed;
mod frame;
pub mod js;
mod outside;
pub mod tank;

pub use app::App;
pub use context::{use_tank, use_view, use_view_of};
pub use tank::{Selected, Tank};

use crate::sim::Setup;
use crate::timeline::Start;

/// Starts the page: makes the tank and mounts the components into `#app`.
pub fn start() {
    outside::watch_for_panics();
    let setup = Setup::new(5, 1);
    let Ok(tank) = Tank::new(&setup, Start::Empty) else { return };
    tank.install();
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
