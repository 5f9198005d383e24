//! The feed: every event in one plain sentence, newest at the end. It stays at the end unless the
//! reader has scrolled up; a click unfolds what was decided, and goes to what the sentence speaks of.

mod view;

use super::context::{use_tank, use_view_of};
use super::tank::{Selected, Tank};
use crate::explain::{About, Kind, because, decides};
use crate::raft::{Guard, ServerId};
use crate::sim::{Event, EventId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
pub use view::Filter;
use view::{Cache, Row, Shown};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement};
use yew::prelude::*;

/// So near to the end, in pixels, counts as being there.
const NEAR_PX: i32 = 40;

thread_local! {
    /// The filter as it was set last: a panel that is not in sight does not exist.
    static FILTER: Cell<Filter> = const { Cell::new(Filter::ALL) };
}

/// The filter as it was set last.
#[must_use]
pub fn filter() -> Filter {
    FILTER.get()
}

/// The feed.
#[component]
pub fn Feed() -> Html {
    let tank = use_tank();
    let cache = use_mut_ref(Cache::default);
    let filter = use_state(|| FILTER.get());
    // Where the window ends: nowhere is now; each page back adds one.
    let pages = use_state(Vec::<EventId>::new);
    let open = use_state(|| None::<EventId>);
    let list = use_node_ref();

    let until = pages.last().copied();
    let shown = use_view_of(tank.clone(), (*filter, until), move |tank, (filter, until)| {
        tank.with(|run| cache.borrow_mut().look(run, tank.generation(), *filter, *until))
    });
    use_reset(&tank, &pages, &open);
    {
        // The list's end is where its scrolling begins (see the style sheet), so it stays there by itself:
        // nothing has to be measured when events come.
        let list = list.clone();
        use_effect_with(until, move |until| {
            if let (None, Some(list)) = (until, list.cast::<Element>()) {
                list.set_scroll_top(0);
            }
        });
    }
    let toggle = {
        let (open, tank, pages) = (open.clone(), tank.clone(), pages.clone());
        let last = shown.rows.last().map(|row| row.event());
        Callback::from(move |row: Rc<Row>| {
            let folds = *open == Some(row.event());
            if pages.is_empty() && !folds {
                // What is being read does not run away.
                pages.set(last.into_iter().collect());
            }
            open.set((!folds).then(|| row.event()));
            tank.select((!folds).then(|| goes_to(&tank, &row.sentence.about)));
        })
    };
    let reading = use_mut_ref(|| false);
    let onscroll = scrolled(&list, &pages, &shown, &reading);
    // One row can be reached by Tab; the arrows go on from there.
    let unfolded = open.filter(|open| shown.rows.iter().any(|row| row.event() == *open));
    let stop = unfolded.or_else(|| shown.rows.last().map(|row| row.event()));
    html! {
        <div class="feed">
            <FeedFilter filter={*filter} servers={shown.servers} on_change={set_filter(&filter, &pages)} />
            <div class="feed-scroll" ref={list} {onscroll} onkeydown={walking(&reading)}
                onwheel={wheeled(&reading)} ontouchmove={touched(&reading)} onpointerdown={touched(&reading)} tabindex="0"
                role="region" aria-label="Events, newest at the end">
                <div class="feed-window">
                    { earlier(&pages, &shown) }
                    <ol class="feed-rows">
                        { for shown.rows.iter().map(|row| html! {
                            <FeedRow key={row.event().0} row={Rc::clone(row)} open={*open == Some(row.event())}
                                stop={stop == Some(row.event())} on_toggle={toggle.clone()} />
                        }) }
                    </ol>
                    { empty(&shown) }
                </div>
            </div>
            { newest(&pages, &reading) }
        </div>
    }
}

/// A new run: the window is at its end again, and nothing is unfolded.
#[hook]
fn use_reset(tank: &Tank, pages: &UseStateHandle<Vec<EventId>>, open: &UseStateHandle<Option<EventId>>) {
    let generation = use_view_of(tank.clone(), (), |tank, ()| tank.generation());
    let (pages, open) = (pages.clone(), open.clone());
    use_effect_with(*generation, move |_| {
        pages.set(Vec::new());
        open.set(None);
    });
}

fn set_filter(filter: &UseStateHandle<Filter>, pages: &UseStateHandle<Vec<EventId>>) -> Callback<Filter> {
    let (filter, pages) = (filter.clone(), pages.clone());
    Callback::from(move |new| {
        FILTER.set(new);
        filter.set(new);
        pages.set(Vec::new());
    })
}

/// What a click on a sentence goes to: the message while it is on its way, the entry, the server, and
/// else the event itself.
fn goes_to(tank: &Tank, about: &About) -> Selected {
    let on_its_way =
        about.message.filter(|name| tank.with(|run| run.world().network().packet(*name).is_some()));
    let entry = about.index.filter(|index| index.0 > 0).zip(about.server).filter(|(index, server)| {
        tank.with(|run| run.world().server(*server).is_some_and(|s| s.node.log().get(*index).is_some()))
    });
    match (on_its_way, entry, about.server) {
        (Some(message), ..) => Selected::Message(message),
        (None, Some((index, server)), _) => Selected::Entry(server, index),
        (None, None, Some(server)) => Selected::Server(server),
        (None, None, None) => Selected::Event(about.event),
    }
}

/// Whether the reader has touched the list since it was last at its end: else it was the page itself,
/// or the browser, that scrolled.
type Touched = Rc<RefCell<bool>>;

fn touched<E: 'static>(reading: &Touched) -> Callback<E> {
    let reading = Rc::clone(reading);
    Callback::from(move |_| *reading.borrow_mut() = true)
}

/// The wheel upwards.
fn wheeled(reading: &Touched) -> Callback<WheelEvent> {
    let reading = Rc::clone(reading);
    Callback::from(move |event: WheelEvent| {
        if event.delta_y() < 0.0 {
            *reading.borrow_mut() = true;
        }
    })
}

fn walking(reading: &Touched) -> Callback<KeyboardEvent> {
    let reading = Rc::clone(reading);
    Callback::from(move |event: KeyboardEvent| {
        if ["ArrowUp", "PageUp", "Home"].contains(&event.key().as_str()) {
            *reading.borrow_mut() = true;
        }
        walk(event);
    })
}

/// Scrolling up stops the window where it is; scrolling back to its end lets it go on.
fn scrolled(
    list: &NodeRef,
    pages: &UseStateHandle<Vec<EventId>>,
    shown: &Rc<Shown>,
    reading: &Touched,
) -> Callback<web_sys::Event> {
    let (list, pages, shown) = (list.clone(), pages.clone(), Rc::clone(shown));
    let reading = Rc::clone(reading);
    Callback::from(move |_| {
        let Some(list) = list.cast::<Element>() else { return };
        let away = -list.scroll_top();
        match (pages.as_slice(), shown.rows.last()) {
            ([], Some(last)) if away > NEAR_PX && *reading.borrow() => pages.set(vec![last.event()]),
            ([_], _) if away <= 1 => {
                *reading.borrow_mut() = false;
                pages.set(Vec::new());
            }
            _ => {}
        }
    })
}

fn earlier(pages: &UseStateHandle<Vec<EventId>>, shown: &Rc<Shown>) -> Html {
    let Some(middle) = shown.rows.get(shown.rows.len() / 2).filter(|_| shown.more_before) else {
        return Html::default();
    };
    let (pages, middle) = (pages.clone(), middle.event());
    let last = shown.rows.last().map(|row| row.event());
    let onclick = Callback::from(move |_: MouseEvent| {
        let mut back = (*pages).clone();
        if back.is_empty() {
            back.extend(last);
        }
        back.push(middle);
        pages.set(back);
    });
    html! { <button type="button" class="feed-more" {onclick}>{ "Earlier events" }</button> }
}

fn newest(pages: &UseStateHandle<Vec<EventId>>, reading: &Touched) -> Html {
    if pages.is_empty() {
        return Html::default();
    }
    let back = {
        let pages = pages.clone();
        Callback::from(move |_: MouseEvent| pages.set(pages[..pages.len() - 1].to_vec()))
    };
    let now = {
        let (pages, reading) = (pages.clone(), Rc::clone(reading));
        Callback::from(move |_: MouseEvent| {
            *reading.borrow_mut() = false;
            pages.set(Vec::new());
        })
    };
    html! {
        <div class="feed-newest">
            if pages.len() > 1 {
                <button type="button" onclick={back}>{ "Later events" }</button>
            }
            <button type="button" onclick={now}>{ "To the newest ↓" }</button>
        </div>
    }
}

fn empty(shown: &Shown) -> Html {
    match (shown.rows.is_empty(), shown.any) {
        (false, _) => Html::default(),
        (true, false) => html! { <p class="feed-empty">{ "Nothing has happened yet." }</p> },
        (true, true) => html! { <p class="feed-empty">{ "Nothing lately that passes the filter." }</p> },
    }
}

/// Up and down go from row to row.
fn walk(event: KeyboardEvent) {
    let step: fn(&Element) -> Option<Element> = match event.key().as_str() {
        "ArrowDown" => Element::next_element_sibling,
        "ArrowUp" => Element::previous_element_sibling,
        _ => return,
    };
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(row) = target.closest(".feed-row").ok().flatten() else { return };
    event.prevent_default();
    let button = step(&row).and_then(|row| row.query_selector("button").ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        // A button that can't be focused leaves the focus where it is.
        let _ = button.focus();
    }
}

#[derive(Clone, PartialEq, Properties)]
struct FilterProps {
    filter: Filter,
    servers: u8,
    on_change: Callback<Filter>,
}

/// Which events are shown.
#[component]
fn FeedFilter(props: &FilterProps) -> Html {
    let FilterProps { filter, servers, on_change } = props.clone();
    let onchange = {
        let on_change = on_change.clone();
        Callback::from(move |event: web_sys::Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let server = select.and_then(|select| select.value().parse().ok());
            on_change.emit(Filter { server, ..filter });
        })
    };
    html! {
        <div class="feed-filter" role="group" aria-label="Which events are shown">
            <label for="feed-server">{ "Server" }</label>
            <select id="feed-server" {onchange}>
                    <option value="" selected={filter.server.is_none()}>{ "all" }</option>
                    { for ServerId::first(servers).map(|id| html! {
                        <option key={id.number()} value={id.to_string()} selected={filter.server == Some(id)}>
                            { id.to_string() }
                        </option>
                    }) }
            </select>
            { for Kind::ALL.into_iter().map(|kind| {
                let on_change = on_change.clone();
                let onclick = Callback::from(move |_: MouseEvent| on_change.emit(filter.toggled(kind)));
                html! {
                    <button key={kind.name()} type="button" class={classes!("feed-kind", kind.name())}
                        aria-pressed={filter.shows(kind).to_string()} {onclick}>
                        { kind.name() }
                    </button>
                }
            }) }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RowProps {
    row: Rc<Row>,
    open: bool,
    /// Whether Tab comes here.
    stop: bool,
    on_toggle: Callback<Rc<Row>>,
}

/// One event.
#[component]
fn FeedRow(props: &RowProps) -> Html {
    let RowProps { row, open, stop, on_toggle } = props;
    let tabindex = if *stop { "0" } else { "-1" };
    let tank = use_tank();
    let onclick = {
        let (row, on_toggle) = (Rc::clone(row), on_toggle.clone());
        Callback::from(move |_: MouseEvent| on_toggle.emit(Rc::clone(&row)))
    };
    let citation = row.sentence.citation();
    html! {
        <li class={classes!("feed-row", row.sentence.kind.name(), open.then_some("open"))}>
            <button type="button" class="feed-line" aria-expanded={open.to_string()} {tabindex} {onclick}>
                <span class="feed-time">{ time(row.at_us) }</span>
                <span class="feed-text">
                    { &row.sentence.text }
                    if !citation.is_empty() { <span class="feed-section">{ format!(" ({citation})") }</span> }
                    { "." }
                </span>
            </button>
            if *open { { guards(&tank, row.event()) } }
        </li>
    }
}

/// What was decided in an event.
fn guards(tank: &Tank, id: EventId) -> Html {
    let event = tank.with(|run| run.event(id).cloned());
    let Some(event) = event else {
        return html! { <p class="feed-guards">{ "This event is no longer kept; a replay brings it back." }</p> };
    };
    decisions(&event)
}

/// What was decided in an event, decision by decision.
pub fn decisions(event: &Event) -> Html {
    if event.guards.is_empty() {
        return html! { <p class="feed-guards">{ "No rule had anything to decide here." }</p> };
    }
    html! {
        <ul class="feed-guards">
            { for event.guards.iter().enumerate().map(|(n, guard)| decision(event, n, guard)) }
        </ul>
    }
}

fn decision(event: &Event, n: usize, guard: &Guard) -> Html {
    let (class, sign) = verdict(guard);
    let decisive = decides(event, guard.rule).then_some("decisive");
    html! {
        <li key={n} class={classes!(class, decisive)}>
            <span class="feed-verdict" aria-hidden="true">{ sign }</span>
            <span>
                { capital(&because(guard)) }
                <span class="feed-section">
                    { format!(" Rule: {} ({}).", guard.rule.title(), guard.rule.section()) }
                </span>
            </span>
        </li>
    }
}

/// A sentence out of what was compared.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// How a decision looks: by sign and by class, not by colour alone.
fn verdict(guard: &Guard) -> (&'static str, &'static str) {
    if guard.broken() {
        ("broken", "⚠")
    } else if guard.refused() {
        ("turned", "●")
    } else {
        ("passed", "✓")
    }
}

fn time(at_us: u64) -> String {
    if at_us < 10_000_000 {
        format!("{}.{:02} ms", at_us / 1000, at_us % 1000 / 10)
    } else {
        format!("{}.{:04} s", at_us / 1_000_000, at_us % 1_000_000 / 100)
    }
}
