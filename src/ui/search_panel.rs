//! Can that ever happen? A goal is typed or picked, and looked for in the worker, while the page goes on.

use super::context::{use_tank, use_view};
use super::desk::{self, Task};
use super::jobs::{Found, Job, News, Wanted, thousands};
use super::options_panel::value_of;
use super::tank::{Tank, Tone};
use crate::check::goal::{Goal, GoalError};
use crate::raft::Rule;
use std::cell::RefCell;
use yew::prelude::*;

/// Goals to pick: what they ask, and how that is written.
const GOALS: [(&str, &str); 10] = [
    ("Two leaders at once?", "leaders >= 2"),
    ("Two leaders in one term?", "violated(ElectionSafety)"),
    (
        "Is a committed entry lost?",
        "any i in 1..3: committed(i) and not any s: termAt(s, i) = committedTerm(i)",
    ),
    ("Can S2 win although its log is shorter than S1’s?", "canWin(S2) and last(S2) < last(S1)"),
    ("Is an entry of an older term committed?", "any i in 1..3: committedTerm(i) < committedIn(i)"),
    (
        "Does a leader that was replaced commit something?",
        "any i in 1..3, t in 1..4: committed(i in term t) and once((any s: role(s) = leader and term(s) > t) and not committed(i))",
    ),
    (
        "Is an entry replaced that was on a majority (Figure 8)?",
        "any i in 1..3, t in 1..4: once(count(s: termAt(s, i) = t) >= majority) and lost(i of term t)",
    ),
    (
        "Two split votes in a row?",
        "all t in 1..2: leaderOf(t) = none and once(count(s: role(s) = candidate and term(s) = t) >= 2)",
    ),
    ("Can nobody win any more?", "count(s: canWin(s)) = 0"),
    ("Is any promise broken?", "violated"),
];

/// A number to fill in: its name, what it is, the least and the most.
const NUMBERS: [(&str, &str, u32, u32); 7] = [
    ("servers", "servers", 1, 5),
    ("terms", "terms from there on", 0, 9),
    ("entries", "entries from there on", 0, 9),
    ("restarts", "restarts", 0, 9),
    ("held", "messages on their way at once", 0, 8),
    ("steps", "steps", 1, 60),
    ("memory", "memory, MB", 16, 2000),
];

/// The shortest time from which a rate is told, in real milliseconds.
const RATE_MS_MIN: f64 = 1000.0;

/// Where the messages on their way stand among them.
const HELD: usize = 4;

/// The form. It outlives the panel.
#[derive(Clone, Debug, PartialEq)]
struct Form {
    goal: String,
    here: bool,
    /// Whether every message is a step of its own.
    messages: bool,
    /// As they were typed, in the order of [`NUMBERS`].
    numbers: [String; NUMBERS.len()],
}

impl Form {
    fn new() -> Form {
        let numbers = [3, 4, 3, 2, 1, 40, 500].map(|number: u32| number.to_string());
        Form { goal: GOALS[0].1.into(), here: false, messages: false, numbers }
    }

    /// The number in a field.
    fn number(&self, at: usize) -> Result<u32, String> {
        let (_, what, least, most) = NUMBERS[at];
        let number = self.numbers[at].trim().parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("{what}: a number from {least} to {most}."))
    }

    /// What is to be looked for; else what is wrong.
    fn wanted(&self, tank: &Tank) -> Result<Wanted, String> {
        let goal: Goal = self.goal.parse().map_err(|error: GoalError| error.to_string())?;
        let servers = if self.here {
            tank.with(|run| run.world().servers().len() as u8)
        } else {
            self.number(0)? as u8
        };
        goal.fits(servers)?;
        goal.fits_search()?;
        Ok(Wanted {
            goal: self.goal.clone(),
            from: self.here.then(|| tank.recording()),
            servers,
            rules_off: tank.with(|run| run.world().rules()),
            messages: self.messages,
            terms: self.number(1)?.into(),
            entries: self.number(2)?.into(),
            restarts: self.number(3)? as u8,
            held: self.number(4)? as u8,
            steps: self.number(5)?,
            memory_mb: self.number(6)?,
            state: None,
        })
    }
}

thread_local! {
    static FORM: RefCell<Form> = RefCell::new(Form::new());
}

/// The panel.
#[component]
pub fn SearchPanel() -> Html {
    let tank = use_tank();
    let form = use_state(|| FORM.with_borrow(Form::clone));
    let trouble = use_state(String::new);
    let task = use_view(|_| desk::task());
    let off = use_view(|tank| tank.with(|run| run.world().rules().off().map(Rule::name).collect::<Vec<_>>()));
    let change = {
        let (form, trouble) = (form.clone(), trouble.setter());
        move |new: Form| {
            FORM.set(new.clone());
            form.set(new);
            trouble.set(String::new());
        }
    };
    let field = |put: fn(&mut Form, String)| {
        let (form, change) = (form.clone(), change.clone());
        move |event: InputEvent| {
            let mut new = (*form).clone();
            put(&mut new, value_of(&event));
            change(new);
        }
    };
    let pick = {
        let (form, change) = (form.clone(), change.clone());
        move |event: Event| {
            if let Some((_, goal)) = value_of(&event).parse().ok().and_then(|at: usize| GOALS.get(at)) {
                change(Form { goal: (*goal).to_owned(), ..(*form).clone() });
            }
        }
    };
    let searches = |task: &Task| task.result.is_none() && matches!(*task.job, Job::Search(_));
    let busy = task.as_ref().as_ref().is_some_and(searches);
    let onsubmit = {
        let (tank, form, trouble) = (tank.clone(), form.clone(), trouble.setter());
        move |event: SubmitEvent| {
            event.prevent_default();
            match form.wanted(&tank) {
                Ok(wanted) => desk::start(&tank, Job::Search(wanted)),
                Err(sentence) => trouble.set(sentence),
            }
        }
    };
    let cancel = {
        let tank = tank.clone();
        move |_: MouseEvent| desk::cancel(&tank)
    };
    let grain = {
        let (form, change) = (form.clone(), change.clone());
        move |event: Event| {
            let mut new = Form { messages: value_of(&event) == "message", ..(*form).clone() };
            // Of gestures few have to be kept on their way; messages all are.
            new.numbers[HELD] = if new.messages { "4" } else { "1" }.into();
            change(new);
        }
    };
    let picked = GOALS.iter().position(|(_, goal)| *goal == form.goal);
    let error = form.goal.parse::<Goal>().err();
    html! {
        <div class="options-panel search">
            <form {onsubmit} novalidate=true>
                <label>{ "Can that ever happen?" }
                    <select class="field" name="pick" onchange={pick}>
                        <option value="" selected={picked.is_none()}>{ "As typed below" }</option>
                        { for GOALS.iter().enumerate().map(|(at, (asks, _))| html! { <option key={at} value={at.to_string()} selected={picked == Some(at)}>{ *asks }</option> }) }
                    </select>
                </label>
                <label>{ "The goal" }
                    <input class="field mono" type="text" name="goal" value={form.goal.clone()} oninput={field(|form, text| form.goal = text)}
                        autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid={error.is_some().to_string()} aria-describedby="goal-error" />
                </label>
                <div id="goal-error" role="status">{ for error.map(|error| place(&form.goal, &error)) }</div>
                <div class="group" role="radiogroup" aria-label="From where">
                    <label class="check"><input type="radio" name="from" value="empty" checked={!form.here} oninput={field(|form, _| form.here = false)} />{ "From servers that have never run" }</label>
                    <label class="check"><input type="radio" name="from" value="here" checked={form.here} oninput={field(|form, _| form.here = true)} />{ "From here" }</label>
                </div>
                <details>
                    <summary>{ "How far" }</summary>
                    <label>{ "A step is" }
                        <select class="field" name="grain" onchange={grain}>
                            <option value="" selected={!form.messages}>{ "a gesture: a request with its reply" }</option>
                            <option value="message" selected={form.messages}>{ "a single message" }</option>
                        </select>
                    </label>
                    <div class="setup-grid">
                        { for NUMBERS.iter().enumerate().filter(|(at, _)| *at > 0 || !form.here).map(|(at, (name, what, least, most))| {
                            let (form, change) = (form.clone(), change.clone());
                            let oninput = move |event: InputEvent| {
                                let mut new = (*form).clone();
                                new.numbers[at] = value_of(&event);
                                change(new);
                            };
                            html! {
                                <label key={*name}>{ *what }<input class="field" type="number" name={*name} min={least.to_string()} max={most.to_string()} value={FORM.with_borrow(|form| form.numbers[at].clone())} {oninput} /></label>
                            }
                        }) }
                    </div>
                </details>
                <p class="faint">{ if off.is_empty() { "All rules are in force.".to_owned() } else { format!("Off, as in the run: {}.", off.join(", ")) } }</p>
                <div class="group">
                    <button type="submit" class="button primary" data-do="search">{ "Search" }</button>
                    if busy { <button type="button" class="button" onclick={cancel}>{ "Cancel" }</button> }
                </div>
            </form>
            <p class="trouble" role="alert">{ (*trouble).clone() }</p>
            <div>{ for task.as_ref().as_ref().map(|task| shown(&tank, task)) }</div>
        </div>
    }
}

/// Where a goal is wrong, and what is.
fn place(goal: &str, error: &GoalError) -> Html {
    let letters: Vec<char> = goal.chars().collect();
    let at = error.column.saturating_sub(1).min(letters.len());
    let text = |part: &[char]| part.iter().collect::<String>();
    html! {
        <>
            <p class="trouble">{ error.to_string() }</p>
            <p class="goal-place" aria-hidden="true">{ text(&letters[..at]) }<mark>{ letters.get(at).map_or(" ".into(), |letter| letter.to_string()) }</mark>{ text(letters.get(at + 1..).unwrap_or_default()) }</p>
        </>
    }
}

/// What became of a search so far.
pub(super) fn shown(tank: &Tank, task: &Task) -> Html {
    let Job::Search(wanted) = &*task.job else { return html! {} };
    let counted = thousands(task.progress.states);
    // So short a time says little about the rate: most of it is the worker's start.
    let rate = (task.since_ms > RATE_MS_MIN).then(|| {
        let rate = task.progress.states as f64 / (task.since_ms / 1000.0);
        format!(", {} states a second", thousands(rate as u64))
    });
    let rate = rate.unwrap_or_default();
    let depth = task.progress.depth;
    match task.result.as_deref() {
        None => html! {
            <p class="search-progress" data-progress={task.progress.states.to_string()}>{ format!("{counted} states, {depth} steps deep{rate}") }</p>
        },
        Some(News::Found(found)) => found_html(tank, wanted, found, &rate),
        Some(News::NotFound(sentence)) => html! { <p role="status" class="search-result">{ sentence }</p> },
        Some(News::Failed(sentence)) => html! { <p role="alert" class="trouble">{ sentence }</p> },
        Some(_) => html! {},
    }
}

fn found_html(tank: &Tank, wanted: &Wanted, found: &Found, rate: &str) -> Html {
    let steps = found.marks.len();
    let onclick = {
        let goal = wanted.state.as_ref().unwrap_or(&wanted.goal).clone();
        let (tank, found) = (tank.clone(), found.clone());
        move |_: MouseEvent| {
            let title =
                format!("{} to: {goal}", if found.states.is_some() { "The shortest way" } else { "A way" });
            if let Err(error) = tank.present(found.recording.clone(), title, found.marks.clone(), found.from)
            {
                tank.notify(Tone::Trouble, error.to_string());
            }
        }
    };
    html! {
        <div class="search-result">
            <p role="status">{ match found.states {
                Some(states) => format!("Yes: {steps} steps are the fewest. {} states were looked at{rate}.", thousands(states)),
                None => format!("Yes, in {steps} steps. Perhaps there is a shorter way."),
            } }</p>
            <ol aria-label="The way there">{ for found.marks.iter().enumerate().map(|(n, mark)| html! { <li key={n}>{ &mark.text }</li> }) }</ol>
            <button type="button" class="button primary" {onclick}>{ "Step through it" }</button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_goals_to_pick_are_goals() {
        for (asks, goal) in GOALS {
            assert!(goal.parse::<Goal>().is_ok_and(|goal| goal.fits(3).is_ok()), "{asks} {goal}");
        }
    }
}
