//! The run as a link or a file, for somebody else.

use super::address;
use super::context::use_tank;
use super::dialog::{Dialog, use_still};
use super::page_state::{Change, use_page};
use super::{pack, run_control};
use crate::explain::duration;
use crate::timeline::{Document, Opening};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Longer links are cut off by some chats and mail programs, which is worth a word.
const SHORT_CHARACTERS: usize = 2000;

/// The dialog for sharing.
#[component]
pub fn ShareDialog() -> Html {
    let page = use_page();
    let close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Share(false)))
    };
    html! {
        <Dialog open={page.share_open} title="Share this run" on_close={close}>
            <ShareForm />
        </Dialog>
    }
}

/// At which moment the link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Here,
    End,
    Start,
}

/// What became of the link.
#[derive(Clone, Debug, PartialEq)]
enum Made {
    Packing,
    Link(AttrValue),
    Trouble(AttrValue),
}

/// What there is to share: as it was when the dialog was opened.
struct Shared {
    document: Document,
    /// After how many events the page stands.
    events: u64,
    now_us: u64,
}

#[component]
fn ShareForm() -> Html {
    let tank = use_tank();
    // Before time is stopped: a run that played goes on playing where it is opened.
    let shared = use_memo((), |()| Shared {
        document: tank.document(),
        events: tank.with(|run| run.world().events()),
        now_us: tank.with(|run| run.world().now_us()),
    });
    use_still(&tank);
    let at = use_state(|| if shared.document.open.events.is_some() { At::Here } else { At::End });
    let playing = use_state(|| shared.document.open.playing);
    let made = use_link(&shared, *at, *playing);
    let save = {
        let tank = tank.clone();
        move |_: MouseEvent| run_control::save(&tank)
    };
    let ats = [
        (At::Here, format!("at this moment ({})", duration(shared.now_us))),
        (At::End, "at its end".to_owned()),
        (At::Start, "from the start".to_owned()),
    ];
    let branches = shared.document.branches.len();
    html! {
        <div class="share">
            <div class="share-choices">
                <fieldset>
                    <legend>{ "The link opens" }</legend>
                    { for ats.into_iter().map(|(one, text)| choice("share-at", text, one == *at, {
                        let at = at.clone();
                        move || at.set(one)
                    })) }
                </fieldset>
                <fieldset>
                    <legend>{ "and the run is" }</legend>
                    { for [(false, "paused"), (true, "playing")].map(|(one, text)| choice("share-playing", text.to_owned(), one == *playing, {
                        let playing = playing.clone();
                        move || playing.set(one)
                    })) }
                </fieldset>
            </div>
            <LinkField made={(*made).clone()} />
            <div class="share-end">
                <p>
                    { "The whole run is in the link, behind its #: no server ever sees it. " }
                    if branches > 1 {
                        { format!("A link carries the branch that is shown; the file has all {branches}.") }
                    } else {
                        { "A file has the same, and is not limited to the length of a link." }
                    }
                </p>
                <button type="button" class={classes!("button", matches!(*made, Made::Trouble(_)).then_some("primary"))} data-do="share-save" onclick={save}>
                    { if matches!(*made, Made::Trouble(_)) { "Save as a file instead" } else { "Save as a file" } }
                </button>
            </div>
        </div>
    }
}

/// One of several, of which one is chosen.
fn choice(name: &'static str, text: String, checked: bool, choose: impl Fn() + 'static) -> Html {
    html! {
        <label key={text.clone()} class="check">
            <input type="radio" {name} {checked} onchange={move |_: Event| choose()} />
            { text }
        </label>
    }
}

/// The link of what is chosen; packing takes a moment.
#[hook]
fn use_link(shared: &Rc<Shared>, at: At, playing: bool) -> UseStateHandle<Made> {
    let made = use_state(|| Made::Packing);
    let (setter, shared) = (made.setter(), Rc::clone(shared));
    use_effect_with((at, playing), move |&(at, playing)| {
        let events = match at {
            At::Here => Some(shared.events),
            At::End => None,
            At::Start => Some(0),
        };
        let wanted = Rc::new(Cell::new(true));
        let still = Rc::clone(&wanted);
        spawn_local(async move {
            let document = Document { open: Opening { events, playing }, ..shared.document.clone() };
            let link = pack::link(&document).await;
            // Something else may have been chosen meanwhile.
            if still.get() {
                setter.set(match link {
                    Ok(link) => Made::Link(address::of_link(&link).into()),
                    Err(why) => Made::Trouble(why.into()),
                });
            }
        });
        move || wanted.set(false)
    });
    made
}

#[derive(Clone, PartialEq, Properties)]
struct LinkProps {
    made: Made,
}

/// The link, to be copied.
#[component]
fn LinkField(props: &LinkProps) -> Html {
    let said = use_state(|| None);
    {
        let said = said.setter();
        use_effect_with(props.made.clone(), move |_| said.set(None));
    }
    let field = use_node_ref();
    let Made::Link(link) = &props.made else {
        return match &props.made {
            Made::Trouble(why) => html! { <p class="trouble" role="alert">{ why }</p> },
            _ => html! { <p class="faint" role="status">{ "Packing …" }</p> },
        };
    };
    let copy = {
        let (link, field, said) = (link.clone(), field.clone(), said.setter());
        move |_: MouseEvent| {
            let (link, field, said) = (link.clone(), field.clone(), said.clone());
            spawn_local(async move {
                let copied = copied(&link).await;
                if !copied && let Some(field) = field.cast::<HtmlInputElement>() {
                    // A field that takes no focus can still be selected by hand.
                    let _ = field.focus();
                    field.select();
                }
                said.set(Some(if copied {
                    "Copied."
                } else {
                    "The browser did not allow the clipboard. The link is selected: copy it by hand (Ctrl+C, or ⌘C)."
                }));
            });
        }
    };
    let select = |event: FocusEvent| {
        if let Some(field) = event.target_dyn_into::<HtmlInputElement>() {
            field.select();
        }
    };
    let count = link.chars().count();
    html! {
        <>
            <div class="share-link">
                <input ref={field} class="field mono" type="text" readonly={true} value={link.clone()} aria-label="The link" spellcheck="false" onfocus={select} />
                <button type="button" class="button primary" data-do="share-copy" onclick={copy}>{ "Copy link" }</button>
            </div>
            <p class="share-said">
                <span>{ format!("{count} characters. ") }</span>
                if count > SHORT_CHARACTERS {
                    <span class="warning">{ "Some chats and mail programs cut off links of more than 2,000 to 8,000: try it, or send a file. " }</span>
                }
                <span role="status">{ said.unwrap_or_default() }</span>
            </p>
        </>
    }
}

/// Whether the clipboard took it.
async fn copied(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator = window.navigator();
    // There is none on a page that came without encryption.
    let has_clipboard =
        js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    has_clipboard && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
