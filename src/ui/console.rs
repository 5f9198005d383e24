//! The console: commands typed by hand, with history, completion and answers. What is typed is text and
//! stays text.

use super::context::use_tank;
use super::shorthand;
use super::tank::Tank;
use crate::console::{Line, Shell, complete};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// How many lines are kept.
const LINES_MAX: usize = 300;
/// How many ways to go on are shown.
const OFFERED_MAX: usize = 12;
/// The name of the input field in the page.
const INPUT_ID: &str = "console-input";
/// The name of the tab behind which the console is.
const TAB: &str = "Console";

/// Something that stands in the console.
#[derive(Clone, Debug, PartialEq)]
enum Spoken {
    /// What was typed.
    Typed(String),
    /// What was answered.
    Answer(Line),
}

/// The console's state. It outlives the component: a panel that is not in sight does not exist.
struct State {
    /// Whether the input field is to have the focus as soon as it is there.
    wanted: bool,
    shell: Shell,
    lines: VecDeque<(u64, Rc<Spoken>)>,
    /// The number of the next line.
    next: u64,
    /// Which run it is about.
    generation: u64,
    /// The ways in which the line could go on.
    offers: Vec<String>,
}

impl State {
    fn new(tank: &Tank) -> State {
        let mut shell = Shell::new();
        tank.with(|run| shell.attach(run));
        let welcome = "Type a command: status, put x 1, kill S1 … help shows them all.";
        let mut state = State {
            wanted: false,
            shell,
            lines: VecDeque::new(),
            next: 0,
            generation: tank.generation(),
            offers: Vec::new(),
        };
        state.add(Spoken::Answer(Line::Text(welcome.into())));
        state
    }

    fn add(&mut self, spoken: Spoken) {
        if spoken == Spoken::Answer(Line::Clear) {
            self.lines.clear();
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back((self.next, Rc::new(spoken)));
        self.next += 1;
    }

    /// Does what was typed.
    fn enter(&mut self, tank: &Tank, line: &str) {
        self.offers.clear();
        if !line.trim().is_empty() {
            self.add(Spoken::Typed(line.trim().to_string()));
        }
        let shell = &mut self.shell;
        let answers = tank.with_mut(|run, note| shell.execute_noting(line, run, note));
        for answer in answers {
            match answer {
                Line::Begin(state) => match shorthand::open(tank, &state) {
                    Ok(()) => self.add(Spoken::Answer(Line::Text(shorthand::verdict(&state)))),
                    Err(why) => self.add(Spoken::Answer(Line::Error(why))),
                },
                answer => self.add(Spoken::Answer(answer)),
            }
        }
    }

    /// Listens for what C1 has learnt. Whether there is anything new.
    fn listen(&mut self, tank: &Tank) -> bool {
        if self.generation != tank.generation() {
            self.generation = tank.generation();
            tank.with(|run| self.shell.attach(run));
            self.add(Spoken::Answer(Line::Text("Another run has begun.".into())));
            return true;
        }
        let news = tank.with(|run| self.shell.poll(run));
        let any = !news.is_empty();
        news.into_iter().map(Spoken::Answer).for_each(|spoken| self.add(spoken));
        any
    }

    /// The line that Tab makes of this one, if it does anything.
    fn completed(&mut self, tank: &Tank, line: &str) -> Option<String> {
        let mut offers = tank.with(|run| complete(line, run));
        let common = match offers.as_slice() {
            [] => return None,
            [one] => format!("{one} "),
            several => common_start(several),
        };
        if offers.len() == 1 || common.len() > line.len() {
            offers.clear();
        }
        self.offers = offers;
        Some(if common.len() > line.len() { common } else { line.to_string() })
    }
}

/// The longest start that all of these share, whatever their case.
fn common_start(lines: &[String]) -> String {
    let Some((first, rest)) = lines.split_first() else { return String::new() };
    let shared = |other: &String| {
        let same = first.chars().zip(other.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
        same.count()
    };
    let length = rest.iter().map(shared).min().unwrap_or_else(|| first.chars().count());
    first.chars().take(length).collect()
}

type StateRef = Rc<RefCell<State>>;

thread_local! {
    static STATE: RefCell<Option<StateRef>> = const { RefCell::new(None) };
}

fn state_of(tank: &Tank) -> StateRef {
    STATE.with(|kept| {
        let mut kept = kept.borrow_mut();
        Rc::clone(kept.get_or_insert_with(|| Rc::new(RefCell::new(State::new(tank)))))
    })
}

/// Goes to the console, wherever it is: brings it into sight and puts the focus into its input field.
pub fn go_to_console(tank: &Tank) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    if let Some(input) = document.get_element_by_id(INPUT_ID) {
        return focus(input.dyn_into::<HtmlElement>().ok());
    }
    let Ok(tabs) = document.query_selector_all("[role=tab]") else { return };
    let tabs = (0..tabs.length()).filter_map(|n| tabs.item(n)?.dyn_into::<HtmlElement>().ok());
    if let Some(tab) = tabs.into_iter().find(|tab| tab.text_content().as_deref() == Some(TAB)) {
        state_of(tank).borrow_mut().wanted = true;
        tab.click();
    }
}

fn focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        // What can't have the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// The console.
#[component]
pub fn Console() -> Html {
    let tank = use_tank();
    let state = {
        let tank = tank.clone();
        use_memo((), move |()| state_of(&tank))
    };
    let update = use_force_update();
    let (input, output) = (use_node_ref(), use_node_ref());
    {
        let (state, update) = (Rc::clone(&state), update.clone());
        use_effect_with(tank.clone(), move |tank| {
            let listener = tank.clone();
            let subscription = tank.subscribe(move || {
                if state.borrow_mut().listen(&listener) {
                    update.force_update();
                }
            });
            move || drop(subscription)
        });
    }
    {
        let (input, state) = (input.clone(), Rc::clone(&state));
        use_effect_with((), move |()| {
            if std::mem::take(&mut state.borrow_mut().wanted) {
                focus(input.cast::<HtmlElement>());
            }
        });
    }
    {
        let output = output.clone();
        use_effect_with(state.borrow().next, move |_| {
            if let Some(output) = output.cast::<Element>() {
                output.set_scroll_top(output.scroll_height());
            }
        });
    }
    let onkeydown = on_key(&tank, &state, &input, &update);
    let onsubmit = on_enter(&tank, &state, &input, &update);
    let state = state.borrow();
    html! {
        <div class="console">
            <div class="console-output" ref={output} role="log" aria-label="What the console says" tabindex="0">
                { for state.lines.iter().map(|(key, spoken)| html! {
                    <Said key={*key} spoken={Rc::clone(spoken)} />
                }) }
            </div>
            <p class="console-offers" role="status">{ offered(&state.offers) }</p>
            <form class="console-form" {onsubmit}>
                <label class="console-prompt" for={INPUT_ID}>{ "Command" }</label>
                <input ref={input} id={INPUT_ID} class="console-input" type="text" autocomplete="off"
                    autocapitalize="off" spellcheck="false" enterkeyhint="go" placeholder="put x 1"
                    aria-describedby="console-keys" {onkeydown} />
                <button type="submit" class="console-go">{ "Do it" }</button>
            </form>
            <p class="console-keys" id="console-keys">
                { "↑ ↓ what was typed before · Tab completes, and moves on from an empty line · Esc empties the line" }
            </p>
        </div>
    }
}

fn offered(offers: &[String]) -> String {
    let words = offers.iter().take(OFFERED_MAX).map(|offer| offer.rsplit(' ').next().unwrap_or_default());
    let mut text = words.collect::<Vec<_>>().join("   ");
    if offers.len() > OFFERED_MAX {
        text.push_str("   …");
    }
    text
}

fn on_enter(
    tank: &Tank,
    state: &StateRef,
    input: &NodeRef,
    update: &UseForceUpdateHandle,
) -> Callback<SubmitEvent> {
    let (tank, state, input, update) = (tank.clone(), Rc::clone(state), input.clone(), update.clone());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let Some(input) = input.cast::<HtmlInputElement>() else { return };
        let line = input.value();
        input.set_value("");
        state.borrow_mut().enter(&tank, &line);
        update.force_update();
    })
}

fn on_key(
    tank: &Tank,
    state: &StateRef,
    input: &NodeRef,
    update: &UseForceUpdateHandle,
) -> Callback<KeyboardEvent> {
    let (tank, state, input, update) = (tank.clone(), Rc::clone(state), input.clone(), update.clone());
    Callback::from(move |event: KeyboardEvent| {
        let Some(input) = input.cast::<HtmlInputElement>() else { return };
        let typed = input.value();
        let mut state = state.borrow_mut();
        let with = event.ctrl_key() || event.meta_key() || event.alt_key();
        let line = match event.key().as_str() {
            "ArrowUp" => state.shell.older(&typed),
            "ArrowDown" => state.shell.newer(),
            "Tab" if !typed.is_empty() && !event.shift_key() && !with => state.completed(&tank, &typed),
            "Escape" if !typed.is_empty() => {
                state.offers.clear();
                Some(String::new())
            }
            "l" if event.ctrl_key() => {
                state.lines.clear();
                Some(typed)
            }
            _ => None,
        };
        if let Some(line) = line {
            event.prevent_default();
            event.stop_propagation();
            input.set_value(&line);
            update.force_update();
        }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct SaidProps {
    spoken: Rc<Spoken>,
}

/// One thing that was typed or answered.
#[component]
fn Said(props: &SaidProps) -> Html {
    match &*props.spoken {
        Spoken::Typed(line) => html! { <p class="console-typed">{ line }</p> },
        Spoken::Answer(Line::Text(text)) => html! { <p class="console-text">{ text }</p> },
        Spoken::Answer(Line::Error(text)) => html! { <p class="console-error">{ text }</p> },
        Spoken::Answer(Line::Table { head, rows }) => table(head, rows),
        Spoken::Answer(Line::Clear | Line::Begin(_)) => Html::default(),
    }
}

fn table(head: &[String], rows: &[Vec<String>]) -> Html {
    html! {
        <div class="console-table" role="group" aria-label="Table" tabindex="0">
            <table>
                <thead>
                    <tr>{ for head.iter().map(|cell| html! { <th scope="col">{ cell }</th> }) }</tr>
                </thead>
                <tbody>
                    { for rows.iter().map(|row| html! {
                        <tr>
                            { for row.iter().enumerate().map(|(n, cell)| match n {
                                0 => html! { <th scope="row">{ cell }</th> },
                                _ => html! { <td>{ cell }</td> },
                            }) }
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}
