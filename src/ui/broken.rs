//! A promise is broken: what can be done about it; and the recording that is done again.

use super::context::{use_tank, use_view};
use super::desk;
use super::jobs::{Job, News};
use super::tank::{Tank, Tone};
use super::words::time_text;
use crate::check::Violation;
use crate::raft::{Rule, Rules};
use crate::sim::Action;
use crate::timeline::{Recording, RecordingError};
use yew::prelude::*;

/// The promise that was broken, as long as the person has not let it pass.
#[component]
pub fn Broken() -> Html {
    let tank = use_tank();
    let unheeded = use_view(|tank| tank.unheeded());
    let Some((violation, others)) = unheeded.split_first() else { return html! {} };
    let also: Vec<String> = others.iter().map(|other| other.property.to_string()).collect();
    let go_on = move |_: MouseEvent| tank.play();
    html! {
        <section class="panel broken-panel" role="alert" aria-label="A promise of Raft is broken">
            <h2>{ "A promise of Raft is broken: " }{ violation.property.name() }</h2>
            <p data-broken={violation.property.name()}>
                { format!("At {}: {}", time_text(violation.at_us as f64), violation.sentence) }
                if !also.is_empty() { { format!(" With it fell: {}.", also.join(", ")) } }
            </p>
            <Offers violation={violation.clone()} on_done={Callback::noop()}>
                <button type="button" class="button" onclick={go_on} title="The run goes on, and stops again only when another promise is broken">{ "Go on anyway" }</button>
            </Offers>
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
pub struct OffersProps {
    /// What is broken.
    pub violation: Violation,
    /// Something of it was chosen.
    pub on_done: Callback<()>,
    /// More buttons.
    #[prop_or_default]
    pub children: Html,
}

/// What a button does.
type Doing = Box<dyn Fn(&Tank) -> Result<(), RecordingError>>;

/// What can be done about a broken promise.
#[component]
pub fn Offers(props: &OffersProps) -> Html {
    let tank = use_tank();
    let off = use_view(|tank| tank.with(|run| run.world().rules().off().collect::<Vec<_>>()));
    let doing = |does: Doing| {
        let (tank, on_done) = (tank.clone(), props.on_done.clone());
        move |_: MouseEvent| {
            on_done.emit(());
            if let Err(error) = does(&tank) {
                tank.notify(Tone::Trouble, error.to_string());
            }
        }
    };
    let violation = props.violation.clone();
    let replay = doing(Box::new(move |tank| tank.replay_last_steps(&violation)));
    let property = props.violation.property;
    let shrink = doing(Box::new(move |tank| {
        desk::start(tank, Job::Shrink(tank.recording(), property));
        Ok(())
    }));
    // One button for each rule that is off; where they are many, one for all.
    let single = off.iter().filter(|_| off.len() <= 3).map(|rule| (rule.name(), vec![*rule]));
    let all = (off.len() != 1).then(|| ("all rules", Rule::ALL.to_vec()));
    html! {
        <div class="actions" role="group" aria-label="What to do about it">
            <button type="button" class="button" onclick={replay} title="Goes back to the last steps of the servers concerned, to step through them">{ "Replay the last steps" }</button>
            <button type="button" class="button" onclick={shrink} title="Looks for a run as small as possible in which the same promise falls; this one stays until you say so">{ "Shrink it" }</button>
            <>{ for single.chain(all).map(|(name, rules)| {
                let onclick = doing(Box::new(move |tank| repair(tank, &rules)));
                html! { <button key={name} type="button" class="button" {onclick} title="The same recording with the rule in force, up to the first step that it refuses">{ format!("Repair {name} and replay") }</button> }
            }) }</>
            { props.children.clone() }
        </div>
    }
}

/// Does the run again with rules on. Only those matter that were off at any time.
fn repair(tank: &Tank, rules: &[Rule]) -> Result<(), RecordingError> {
    let recording = tank.whole_recording();
    let switched = recording.actions.iter().filter_map(|stamped| match &stamped.action {
        Action::SetRules { off } => Some(*off),
        _ => None,
    });
    let ever_off: Vec<Rules> = switched.chain([recording.setup.rules_off]).collect();
    let wanted = rules.iter().filter(|rule| ever_off.iter().any(|off| !off.is_on(**rule)));
    let wanted: Vec<Rule> = wanted.copied().collect();
    if wanted.is_empty() {
        let text = "No rule was off in this run: something outside of Raft’s fault model breaks the promise, a disk for instance.";
        tank.notify(Tone::Note, text);
        return Ok(());
    }
    tank.repair_and_replay(Rules::without(&wanted))
}

/// A recording that is being shrunk, or was: the small one is shown when the person wants it.
#[component]
pub fn ShrinkPanel() -> Html {
    let tank = use_tank();
    let task = use_view(|_| desk::task().filter(|task| matches!(*task.job, Job::Shrink(..))));
    let Some(task) = &*task else { return html! {} };
    let Job::Shrink(whole, property) = &*task.job else { return html! {} };
    let actions = whole.actions.len();
    let leave = {
        let tank = tank.clone();
        move |_: MouseEvent| desk::cancel(&tank)
    };
    let sentence = match (task.result.as_deref(), task.shrunk) {
        (None, None) => format!("Shrinking the run: {actions} actions to begin with."),
        (None, Some(so_far)) => format!(
            "Shrinking the run: {} of {actions} actions are left after {} tries.",
            so_far.actions, so_far.replays
        ),
        (Some(News::Shrunk(_, shrunk)), _) => format!(
            "{property} falls with {} of the {actions} actions: {} runs were tried. Shall this run be replaced by the small one?",
            shrunk.actions, shrunk.replays
        ),
        (Some(News::Failed(sentence)), _) => sentence.clone(),
        (Some(_), _) => String::new(),
    };
    let found = match task.result.as_deref() {
        Some(News::Shrunk(recording, _)) => Some(Recording::clone(recording)),
        _ => None,
    };
    let show = {
        let title = format!("As little as it takes until {property} falls");
        move |recording: &Recording| {
            desk::cancel(&tank);
            if let Err(error) = tank.present_by_actions(recording.clone(), title.clone()) {
                tank.notify(Tone::Trouble, error.to_string());
            }
        }
    };
    html! {
        <section class="panel playback" aria-label="Shrinking">
            // While it goes on it changes too often to be read out.
            <p role={found.is_some().then_some("status")}>{ sentence }</p>
            <div class="actions">
                if let Some(recording) = found { <button type="button" class="button primary" onclick={move |_: MouseEvent| show(&recording)}>{ "Show the small one" }</button> }
                <button type="button" class="button" onclick={leave}>{ if task.result.is_some() { "Leave it" } else { "Cancel" } }</button>
            </div>
        </section>
    }
}

/// The recording that is done again: its steps, and the way through them.
#[component]
pub fn PlaybackPanel() -> Html {
    let tank = use_tank();
    let view = use_view(|tank| tank.playback());
    let place = use_node_ref();
    {
        // The step in sight stays in sight.
        let place = place.clone();
        let done = view.as_ref().as_ref().map_or(0, |view| view.done);
        use_effect_with(done, move |_| {
            let list = place.cast::<web_sys::Element>();
            if let Some(step) = list.and_then(|list| list.query_selector("[aria-current]").ok().flatten()) {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                step.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    let Some(view) = &*view else { return html! {} };
    let does = |what: fn(&Tank)| {
        let tank = tank.clone();
        move |_: MouseEvent| what(&tank)
    };
    let at_start = (view.done == 0).to_string();
    let steps = view.marks.len();
    html! {
        <section class="panel playback" aria-label="Recording">
            <header>
                <h2>{ &*view.title }</h2>
                <span role="status">{ if view.over { "at its end".to_owned() } else { format!("step {} of {steps}", view.done) } }</span>
                <button type="button" class="button icon" onclick={does(Tank::end_playback)} aria-label="Leave the recording; the run stays" title="Leave the recording; the run stays where it is">{ "✕" }</button>
            </header>
            if steps > 0 {
                <ol ref={place} tabindex="0" aria-label="Steps">
                    { for view.marks.iter().enumerate().map(|(n, mark)| html! {
                        <li key={n} class={classes!((n < view.done).then_some("done"))} aria-current={(n + 1 == view.done).then_some("step")}>{ &mark.text }</li>
                    }) }
                </ol>
            }
            <div class="actions" role="group" aria-label="Through the recording">
                if steps > 0 {
                    <button type="button" class="button" aria-disabled={at_start} onclick={does(Tank::previous_mark)}>{ "Step back" }</button>
                    <button type="button" class="button primary" aria-disabled={(view.done == steps).to_string()} onclick={does(Tank::next_mark)}>{ "Next step" }</button>
                }
                <EarlierRun />
            </div>
        </section>
    }
}

/// Back to the run before, where there is one.
#[component]
pub fn EarlierRun() -> Html {
    let tank = use_tank();
    let earlier = use_view(|tank| tank.earlier());
    let Some(earlier) = &*earlier else { return html! {} };
    let onclick = move |_: MouseEvent| tank.go_back();
    html! {
        <button type="button" class="button" {onclick} data-do="earlier" title={format!("Back to the run that was here before: {earlier}. This one is put aside")}>{ "Earlier run" }</button>
    }
}
