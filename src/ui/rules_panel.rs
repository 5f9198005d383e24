//! The rules of Raft, each of which can be broken: what falls then, and a recording that shows it.

use super::context::{use_tank, use_view};
use super::fetch;
use super::options_panel::value_of;
use super::tank::{Tank, Tone};
use crate::check::Property;
use crate::raft::{Rule, Rules};
use crate::sim::Action;
use crate::timeline::Recording;
use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The folder of the recordings, beside the page.
const FOLDER: &str = "broken";

/// What is known of a rule: a row of the index.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Row {
    /// The file of the recording; a harmless rule has none.
    recording: Option<String>,
    rule: Rule,
    /// What falls.
    property: Option<Property>,
    story: String,
}

/// The index, as far as it is there.
#[derive(Clone, Debug, PartialEq)]
enum Index {
    Coming,
    There(Rc<Vec<Row>>),
    Missing(String),
}

thread_local! {
    /// The index is fetched once, and what was searched for stays: a panel that is not in sight does not
    /// exist.
    static KNOWN: RefCell<Option<Rc<Vec<Row>>>> = const { RefCell::new(None) };
    static WANTED: RefCell<String> = const { RefCell::new(String::new()) };
}

#[hook]
fn use_index() -> (Index, Callback<()>) {
    let index = use_state(|| KNOWN.with_borrow(|known| known.clone()).map_or(Index::Coming, Index::There));
    let fetch = {
        let index = index.setter();
        use_callback((), move |(), ()| {
            let index = index.clone();
            spawn_local(async move { index.set(fetch_index().await) });
        })
    };
    let first = fetch.clone();
    let coming = *index == Index::Coming;
    use_effect_with((), move |()| {
        if coming {
            first.emit(());
        }
    });
    ((*index).clone(), fetch)
}

async fn fetch_index() -> Index {
    let text = match fetch::text(&format!("{FOLDER}/index.json")).await {
        Ok(text) => text,
        Err(sentence) => return Index::Missing(sentence),
    };
    match serde_json::from_str::<Vec<Row>>(&text) {
        Ok(rows) => {
            let rows = Rc::new(rows);
            KNOWN.set(Some(Rc::clone(&rows)));
            Index::There(rows)
        }
        Err(why) => Index::Missing(format!(
            "The list of what falls is not what it should be ({why}). Load the page again."
        )),
    }
}

/// Fetches a recording and shows it from its beginning.
fn show(tank: &Tank, file: &str, rule: Rule) {
    let (tank, path) = (tank.clone(), format!("{FOLDER}/{file}"));
    spawn_local(async move {
        let read = |text: String| Recording::from_json(&text).map_err(|error| error.to_string());
        let shown = fetch::text(&path).await.and_then(read).and_then(|recording| {
            let title = format!("What happens without {}", rule.name());
            tank.present_by_actions(recording, title).map_err(|error| error.to_string())
        });
        if let Err(sentence) = shown {
            tank.notify(Tone::Trouble, sentence);
        }
    });
}

/// Other rules from now on.
fn set(tank: &Tank, off: Rules) {
    tank.act_or_say(Action::SetRules { off });
}

/// The rules that are off, in the header, and one click to put them back.
#[component]
pub fn RulesOff() -> Html {
    let tank = use_tank();
    let off = use_view(|tank| tank.with(|run| run.world().rules().off().map(Rule::name).collect::<Vec<_>>()));
    if off.is_empty() {
        return html! {};
    }
    let onclick = move |_: MouseEvent| set(&tank, Rules::ALL_ON);
    let count = if off.len() == 1 { "1 rule is off".into() } else { format!("{} rules are off", off.len()) };
    html! {
        <button type="button" class="button small rules-off" {onclick} title={format!("Off: {}. A click puts all rules back", off.join(", "))}>
            { format!("⚠ {count}: put back") }
        </button>
    }
}

/// The rules, by what falls without them.
#[component]
pub fn RulesPanel() -> Html {
    let tank = use_tank();
    let (index, again) = use_index();
    let wanted = use_state(|| WANTED.with_borrow(String::clone));
    let off = use_view(|tank| tank.with(|run| run.world().rules()));
    let onsearch = {
        let wanted = wanted.setter();
        move |event: InputEvent| {
            let text = value_of(&event);
            WANTED.set(text.clone());
            wanted.set(text);
        }
    };
    let rows = match &index {
        Index::There(rows) => Rc::clone(rows),
        _ => Rc::default(),
    };
    let words: Vec<String> = wanted.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let groups = groups(&rows);
    let shown: Vec<(&str, Vec<Rule>)> = groups
        .into_iter()
        .map(|(group, rules)| (group, rules.into_iter().filter(|rule| fits(*rule, group, &words)).collect()))
        .filter(|(_, rules): &(_, Vec<_>)| !rules.is_empty())
        .collect();
    let count: usize = shown.iter().map(|(_, rules)| rules.len()).sum();
    let reload = move |_: MouseEvent| again.emit(());
    html! {
        <div class="options-panel rules">
            <p class="warning">{ "Without any of these rules it is no longer Raft: promises break, and the lamps say which." }</p>
            <RulesOff />
            if let Index::Missing(sentence) = &index {
                <p class="trouble" role="alert">{ sentence }{ " " }<button type="button" class="button small" onclick={reload}>{ "Try again" }</button></p>
            }
            <label class="rules-search">{ "Search" }
                <input class="field" type="search" name="rule" value={(*wanted).clone()} oninput={onsearch} placeholder="vote, §5.4.2, snapshot …" autocomplete="off" />
            </label>
            <p class="unseen" role="status">{ format!("{count} rules") }</p>
            if count == 0 { <p>{ "No rule has these words." }</p> }
            <div>{ for shown.into_iter().map(|(group, rules)| html! {
                <fieldset key={group} class="options">
                    <legend>{ group }</legend>
                    <div>{ for rules.into_iter().map(|rule| rule_row(&tank, rule, *off, &rows)) }</div>
                </fieldset>
            }) }</div>
        </div>
    }
}

/// The rules by what falls; those of which that is not known, or that look as if they were needed, last.
fn groups(rows: &[Row]) -> Vec<(&'static str, Vec<Rule>)> {
    let falls = |rule: Rule| rows.iter().find(|row| row.rule == rule).and_then(|row| row.property);
    let of = |property: Option<Property>| {
        Rule::ALL.iter().copied().filter(|rule| falls(*rule) == property).collect()
    };
    let rest = if rows.is_empty() { "All rules" } else { "Nothing falls" };
    let known = Property::ALL.into_iter().map(|property| (property.name(), of(Some(property))));
    known.chain([(rest, of(None))]).collect()
}

/// Whether all the words are somewhere in what is said of a rule.
fn fits(rule: Rule, group: &str, words: &[String]) -> bool {
    let said = [rule.name(), rule.title(), rule.section(), rule.off(), group].join(" ").to_lowercase();
    words.iter().all(|word| said.contains(word))
}

fn rule_row(tank: &Tank, rule: Rule, rules: Rules, rows: &Rc<Vec<Row>>) -> Html {
    let on = rules.is_on(rule);
    let onchange = {
        let tank = tank.clone();
        // As the rules are at the click: another one may have been switched since this row was drawn.
        move |_: Event| set(&tank, tank.with(|run| run.world().rules()).set(rule, !on))
    };
    html! {
        <div key={rule.name()} class={classes!("option", "flag", (!on).then_some("is-off"))} data-rule={rule.name()}>
            <label><input type="checkbox" name={rule.name()} checked={on} {onchange} /><span class="rule-title">{ rule.title() }</span></label>
            <p><code>{ rule.name() }</code>{ " " }<span class="option-section">{ rule.section() }</span>{ " Off: " }{ rule.off() }</p>
            <div>{ for rows.iter().filter(|row| row.rule == rule).map(|row| {
                let Some(file) = row.recording.clone() else { return html! { <p>{ &row.story }</p> } };
                let (tank, key) = (tank.clone(), file.clone());
                let onclick = move |_: MouseEvent| show(&tank, &file, rule);
                html! {
                    <p key={key} class="rule-story"><button type="button" class="button small" {onclick} aria-label={format!("Show me {}", rule.name())}>{ "Show me" }</button>{ " " }{ &row.story }</p>
                }
            }) }</div>
        </div>
    }
}
