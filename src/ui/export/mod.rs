//! Exports for people: pictures of the page for slides and print, and a run as text or for other programs.
//!
//! **A picture is the page's own**: its SVG with the computed styles written into it ([`picture`]), so there is
//! one drawing and one palette. **Text is a replay** in the worker (`write`), so a long run does not stop the
//! page.

mod choice;
mod colour;
mod dialog;
mod fields;
pub(super) mod file;
mod logs;
pub mod picture;
pub mod plain;
pub mod write;
mod writing;

pub use dialog::ExportDialog;

use super::tank::Tank;
use crate::timeline::Recording;
use choice::{Choice, Colours, Form, What};
use picture::{Look, Picture};
use web_sys::{Blob, Element};
use write::Order;
use writing::Desk;
use yew::Callback;

/// Why there is no picture of the diagram.
const NO_DIAGRAM: &str = "The space-time diagram is not open: close this, press W, go to the stretch that you want, and export it then.";

/// What stands under a picture: when it was, and of which run.
fn facts(tank: &Tank) -> String {
    tank.with(|run| {
        let world = run.world();
        let time = super::words::time_text(tank.view_us());
        let (seed, servers) = (world.setup().seed, world.servers().len());
        let off: Vec<&str> = world.rules().off().map(crate::raft::Rule::name).collect();
        let off = if off.is_empty() { String::new() } else { format!(" · without {}", off.join(", ")) };
        format!("Wavetank · time {time} · seed {seed} · {servers} servers{off}")
    })
}

/// The first such element on the page.
fn on_page(selector: &str) -> Option<Element> {
    web_sys::window()?.document()?.query_selector(selector).ok().flatten()
}

/// The picture that was chosen, of what stands on the page now, or in the room where it is drawn for this.
fn picture(tank: &Tank, choice: &Choice, room: Option<Element>) -> Result<Picture, String> {
    if choice.what == What::Diagram {
        // It is drawn anew, and not from the page: there it is a canvas.
        let made = super::diagram::exported().map(|(svg, width, height)| Picture { svg, width, height });
        return made.ok_or_else(|| NO_DIAGRAM.to_owned());
    }
    let look = Look {
        scheme: match choice.colours {
            Colours::Screen => None,
            Colours::Light => Some("light"),
            Colours::Dark => Some("dark"),
        },
        transparent: choice.transparent,
        title: choice.title.trim().to_owned(),
        facts: if choice.facts { facts(tank) } else { String::new() },
    };
    // The page has no stage while the diagram has its place: then there is one in the room.
    let name = if choice.what == What::Logs { ".log-grid" } else { "svg.stage" };
    let source = room.and_then(|room| room.query_selector(name).ok().flatten()).or_else(|| on_page(name));
    source.and_then(|source| picture::of(&source, &look).ok()).ok_or_else(|| file::NO_PICTURE.to_owned())
}

/// The run that is written: up to the moment, or as far as it is known.
fn recording(tank: &Tank, choice: &Choice) -> Recording {
    if choice.whole && !choice.what.is_picture() { tank.whole_recording() } else { tank.recording() }
}

/// What was chosen, made: a blob of that kind.
async fn made(
    tank: Tank,
    choice: Choice,
    room: Option<Element>,
    kind: &'static str,
    desk: Desk,
    progress: Callback<u64>,
) -> Result<Blob, String> {
    let text = |text: &str| {
        file::blob(&js_sys::Array::of1(&text.into()), kind).map_err(|_| file::NO_ROOM.to_owned())
    };
    let form = match choice.what {
        What::Recording => return text(&recording(&tank, &choice).to_json()),
        What::Stage | What::Logs | What::Diagram => {
            let picture = picture(&tank, &choice, room)?;
            return match choice.form {
                Form::Svg => text(&picture.svg),
                Form::Png(scale) => file::png(picture, scale).await,
            };
        }
        What::Feed if choice.filtered => write::Form::Words(super::feed::filter()),
        What::Feed => write::Form::Words(super::feed::Filter::ALL),
        What::Trace => write::Form::Trace,
        What::History => write::Form::History,
        What::Shiviz => write::Form::Shiviz,
    };
    let order = Order { recording: recording(&tank, &choice), form };
    let blob = wasm_bindgen_futures::JsFuture::from(writing::write(order, kind, &desk, progress)).await;
    blob.map(Into::into).map_err(|why| why.as_string().unwrap_or_else(|| file::NO_PICTURE.to_owned()))
}
