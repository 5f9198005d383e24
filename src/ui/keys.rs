//! The keyboard: every control has a key, `?` lists them, and single keys can be switched off.

use super::page_state::{Change, Page, use_page};
use super::tank::{Selected, Tank, Tone};
use super::{dialog::Dialog, prefs, requests};
use crate::raft::{ServerId, ServerSet, Timer};
use crate::sim::{Action, PacketName};
use crate::timeline::Landmark;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

/// The keys, as the list shows them.
const KEYS: &[(&str, &str)] = &[
    ("Space", "play, pause"),
    (".", "pause, and let one event happen"),
    (",", "pause, and go back by one event"),
    ("Ctrl Z", "back to before the last action"),
    ("[  ]", "slower, faster"),
    ("←  →", "on the term tape: one event back, one on; with Page keys one commit"),
    ("+  −", "on the term tape: zoom; with Shift and arrows it moves"),
    ("C", "the client asks something small (x=1)"),
    ("1 … 9", "select a server; on side A or B while a partition is put together"),
    ("X", "crash or restart the selected server"),
    ("Z", "pause or resume the selected server"),
    ("T", "the selected server’s timer fires now"),
    ("K", "the selected server takes a snapshot"),
    ("F", "leadership is handed over to the selected server"),
    ("A", "add a server, as a voter"),
    ("E", "the members: who votes, who learns"),
    ("R", "crash the leader and restart it"),
    ("B", "restart and resume all servers"),
    ("M  N", "select the next, the previous message"),
    ("V", "deliver the selected message now"),
    ("D", "drop the selected message"),
    ("U", "duplicate the selected message"),
    ("L", "hold or release the selected message"),
    ("P", "put a partition together; Enter cuts"),
    ("H", "heal the network"),
    ("G", "manual mode: time stands still"),
    ("0", "begin again, with the same seed"),
    ("/", "the console"),
    ("W", "the space-time diagram"),
    ("S", "the setup"),
    ("O", "export: pictures, text, files for other programs"),
    ("Y", "share: this run as a link"),
    ("?", "this list"),
    ("Esc", "close, or select nothing"),
];

/// Whether a key belongs to what has the focus.
fn is_taken(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return false;
    };
    let typing =
        target.closest("input:not([type=range]), textarea, select, [contenteditable]").ok().flatten();
    let dialog = target.closest("dialog").ok().flatten();
    // Enter and Space press a button. On the stage Enter does, and Space plays, as it does everywhere.
    let pressed = match event.key().as_str() {
        "Enter" => "button, a, summary, [role=button], [role=tab]",
        " " => "button, a, summary, [role=tab]",
        _ => ":not(*)",
    };
    let presses = target.closest(pressed).ok().flatten().is_some();
    typing.is_some() || dialog.is_some() || presses
}

fn handle(event: &KeyboardEvent, tank: &Tank, page: &Page) -> bool {
    let undoes = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && event.key() == "z";
    if undoes && !is_taken(event) {
        tank.undo_action();
        return true;
    }
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() || is_taken(event) {
        return false;
    }
    let key = event.key();
    if key == "Escape" {
        if page.partition.is_some() {
            page.dispatch(Change::Partition(false));
        } else {
            tank.select(None);
        }
        return true;
    }
    if !page.shortcuts {
        return false;
    }
    match key.as_str() {
        " " => {
            if tank.is_playing() {
                tank.pause();
            } else {
                tank.play();
            }
        }
        "." => {
            tank.step_event();
        }
        "," => tank.go_to(Landmark::Event, false),
        "[" => tank.set_speed(tank.speed() / 1.3),
        "]" => tank.set_speed(tank.speed() * 1.3),
        "?" => page.dispatch(Change::Keys(true)),
        "/" => super::console::go_to_console(tank),
        "0" => super::run_control::reset_same(tank),
        "Enter" => {
            let Some(set) = page.partition.filter(|set| !set.is_empty()) else { return false };
            let all = ServerSet::first(tank.with(|run| run.world().servers().len() as u8));
            tank.act_or_say(Action::Partition { groups: vec![all.minus(set), set] });
            page.dispatch(Change::Partition(false));
        }
        digit if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => {
            let id = ServerId::new(digit.as_bytes()[0] - b'0');
            let there = id.filter(|id| tank.with(|run| run.world().server(*id).is_some()));
            match there {
                Some(id) if page.partition.is_some() => page.dispatch(Change::Toggle(id)),
                Some(id) => tank.select(Some(Selected::Server(id))),
                None => return false,
            }
        }
        letter => return act(&letter.to_ascii_lowercase(), tank, page),
    }
    true
}

fn act(letter: &str, tank: &Tank, page: &Page) -> bool {
    match letter {
        "c" => requests::ask(tank, "", None, None),
        "p" => page.dispatch(Change::Partition(page.partition.is_none())),
        "h" => tank.act_or_say(Action::Heal),
        "g" => tank.act_or_say(Action::Manual { on: !tank.with(|run| run.world().is_manual()) }),
        "w" => page.dispatch(Change::Diagram(!page.diagram_open)),
        "s" => page.dispatch(Change::Setup(true)),
        "o" => page.dispatch(Change::Export(true)),
        "y" => page.dispatch(Change::Share(true)),
        "a" => super::members::add(tank, false),
        "e" => tank.select(Some(Selected::Members)),
        "r" => restart_leader(tank),
        "b" => resume_all(tank),
        "m" => next_message(tank, 1),
        "n" => next_message(tank, -1),
        "x" | "z" | "t" | "k" | "f" => match tank.selected() {
            Some(Selected::Server(id)) => on_server(letter, id, tank),
            _ => tank.notify(Tone::Note, "Select a server first: press its number."),
        },
        "v" | "d" | "u" | "l" => match tank.selected() {
            Some(Selected::Message(message)) => on_message(letter, message, tank),
            _ => tank.notify(Tone::Note, "Select a message first: press M."),
        },
        _ => return false,
    }
    true
}

fn on_server(letter: &str, server: ServerId, tank: &Tank) {
    let Some((up, paused, leads)) = tank.with(|run| {
        let server = run.world().server(server)?;
        Some((server.up, server.paused, server.node.is_leader()))
    }) else {
        return;
    };
    tank.act_or_say(match letter {
        "x" if up => Action::Crash { server },
        "x" => Action::Restart { server },
        "k" => Action::Snapshot { server },
        "f" => Action::Transfer { to: server, at: None },
        "z" if paused => Action::Resume { server },
        "z" => Action::Pause { server },
        _ => Action::Fire { server, timer: if leads { Timer::Heartbeat } else { Timer::Election } },
    });
}

fn on_message(letter: &str, message: PacketName, tank: &Tank) {
    let held = tank.with(|run| run.world().network().packet(message).is_some_and(|packet| packet.held));
    tank.act_or_say(match letter {
        "v" => Action::Deliver { message },
        "d" => Action::Drop { message },
        "u" => Action::Duplicate { message },
        _ if held => Action::Release { message },
        _ => Action::Hold { message },
    });
}

fn restart_leader(tank: &Tank) {
    let leader = tank.with(|run| {
        let leaders = run.world().servers().iter().filter(|s| s.up && s.node.is_leader());
        leaders.max_by_key(|s| s.node.term()).map(|s| s.node.id())
    });
    match leader {
        Some(server) => {
            tank.act_or_say(Action::Crash { server });
            tank.act_or_say(Action::Restart { server });
        }
        None => tank.notify(Tone::Note, "Nobody leads now."),
    }
}

fn resume_all(tank: &Tank) {
    let stopped: Vec<(ServerId, bool)> = tank.with(|run| {
        let servers = run.world().servers().iter().filter(|s| !s.up || s.paused);
        servers.map(|s| (s.node.id(), s.up)).collect()
    });
    for (server, up) in stopped {
        tank.act_or_say(if up { Action::Resume { server } } else { Action::Restart { server } });
    }
}

/// Selects another message, in the order of their arrivals.
fn next_message(tank: &Tank, by: isize) {
    let names = tank.with(|run| {
        let names = run.world().network().packets().map(|p| (p.arrives_us, p.name));
        crate::order::by_key(names, |name| *name)
    });
    let here = match tank.selected() {
        Some(Selected::Message(name)) => names.iter().position(|(_, other)| *other == name),
        _ => None,
    };
    let count = names.len() as isize;
    if count == 0 {
        tank.notify(Tone::Note, "No message is on its way.");
        return;
    }
    let place =
        here.map_or(if by > 0 { 0 } else { count - 1 }, |here| (here as isize + by).rem_euclid(count));
    tank.select(Some(Selected::Message(names[place as usize].1)));
}

/// Listens to the keyboard as long as the component lives.
#[hook]
pub fn use_keys(tank: &Tank, page: &Page) {
    use_effect_with((tank.clone(), page.clone()), move |(tank, page)| {
        let (tank, page) = (tank.clone(), page.clone());
        let closure = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            if handle(&event, &tank, &page) {
                event.prevent_default();
            }
        });
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(document) = &document {
            let function = closure.as_ref().unchecked_ref();
            // Where no listener can be added, buttons do the same.
            let _ = document.add_event_listener_with_callback("keydown", function);
        }
        move || {
            if let Some(document) = &document {
                let _ =
                    document.remove_event_listener_with_callback("keydown", closure.as_ref().unchecked_ref());
            }
            drop(closure);
        }
    });
}

/// The list of keys.
#[component]
pub fn KeysDialog() -> Html {
    let page = use_page();
    let close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Keys(false)))
    };
    let toggle = {
        let (page, on) = (page.clone(), !page.shortcuts);
        move |_: Event| {
            prefs::write("shortcuts", if on { "on" } else { "off" });
            page.dispatch(Change::Shortcuts(on));
        }
    };
    html! {
        <Dialog open={page.keys_open} title="Keys" on_close={close}>
            <label class="check"><input type="checkbox" checked={page.shortcuts} onchange={toggle} />{ "single keys do things" }</label>
            <dl class="keys">
                { for KEYS.iter().map(|(key, what)| html! {
                    <div key={*key}><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div>
                }) }
            </dl>
            <p class="faint">{ "Tab and Enter reach servers and buttons as well. Messages have a list under State." }</p>
        </Dialog>
    }
}
