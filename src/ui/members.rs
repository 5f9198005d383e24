//! Who the cluster is made of, as the page shows it: which configuration is in sight, what each server
//! is in it, and the panel in which it is changed.

use super::context::{use_tank, use_view};
use super::control::Act;
use super::options_panel::value_of;
use super::tank::{Selected, Tank, Tone};
use crate::raft::quorum::majority_of;
use crate::raft::{Change, Configuration, MAX_SERVERS, ServerId, ServerSet};
use crate::sim::{Action, Refusal, Server, World};
use yew::prelude::*;

/// What a server is in the configuration in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It votes.
    Voter,
    /// During joint consensus it votes in the old configuration only.
    Old,
    /// During joint consensus it votes in the new configuration only.
    New,
    /// During joint consensus it votes in both.
    Both,
    /// It receives the log and has no vote.
    Learner,
    /// It belongs to no configuration.
    Outside,
    /// It has lost its disk: nobody of its name comes back.
    Retired,
}

/// The configuration that is shown: that of the leader of the latest term; without a leader, of the
/// server that runs with the most up-to-date log. Who waits to be added knows of none.
pub fn in_sight(world: &World) -> Configuration {
    let rank = |server: &&Server| {
        let node = &server.node;
        let leads = (server.up && node.is_leader()).then(|| node.term());
        let knows = !node.configuration().members().is_empty();
        (leads, knows, server.up, node.log().last_term(), node.log().last_index())
    };
    world.servers().iter().max_by_key(rank).map(|server| *server.node.configuration()).unwrap_or_default()
}

/// What a server is in a configuration.
pub fn place(configuration: &Configuration, server: &Server) -> Place {
    let id = server.node.id();
    match (configuration.outgoing.contains(id), configuration.voters.contains(id)) {
        _ if server.retired => Place::Retired,
        (true, new) => {
            if new {
                Place::Both
            } else {
                Place::Old
            }
        }
        (_, true) => {
            if configuration.is_joint() {
                Place::New
            } else {
                Place::Voter
            }
        }
        _ if configuration.learners.contains(id) => Place::Learner,
        _ => Place::Outside,
    }
}

impl Place {
    /// What it is, in words; nothing for an ordinary voter.
    pub fn words(self) -> &'static str {
        match self {
            Place::Voter => "",
            Place::Old => "votes in the old configuration",
            Place::New => "votes in the new configuration",
            Place::Both => "votes in the old and the new configuration",
            Place::Learner => "learner",
            Place::Outside => "outside the configuration",
            // Its state says so.
            Place::Retired => "",
        }
    }
}

/// The majorities that a configuration asks for: what each is called, and of whom.
fn majorities(configuration: &Configuration) -> Vec<(&'static str, ServerSet)> {
    if configuration.is_joint() {
        vec![("old", configuration.outgoing), ("new", configuration.voters)]
    } else {
        vec![("", configuration.voters)]
    }
}

/// What decides now, in a sentence, while that is not simply a majority of all.
pub fn joint_sentence(configuration: &Configuration) -> Option<String> {
    configuration.is_joint().then(|| {
        format!(
            "Joint consensus: every decision needs two majorities, one of the old {} (left bracket) and one of the new {} (dashed, right).",
            configuration.outgoing, configuration.voters
        )
    })
}

/// Who gets the log without counting, in sentences; a learner may still vote in the old configuration.
fn learners_sentence(configuration: &Configuration) -> String {
    let only = configuration.learners.minus(configuration.outgoing);
    let mut text = String::new();
    if !only.is_empty() {
        text = format!(" Learners: {only}. They get the log and are not counted.");
    }
    for id in configuration.learners.and(configuration.outgoing).iter() {
        text += &format!(" {id} still votes in the old configuration; in the new one it is a learner.");
    }
    text
}

/// How many of each majority there are: a name and a value a majority.
pub fn counts(configuration: &Configuration, what: &str, have: ServerSet) -> Vec<(String, String)> {
    let line = |(name, voters): (&str, ServerSet)| {
        let (n, need) = (have.and(voters).len(), majority_of(voters.len()));
        let mark = if n >= need { "✓" } else { "…" };
        (format!("{what} {name}").trim().to_owned(), format!("{n} of {}, needs {need} {mark}", voters.len()))
    };
    majorities(configuration).into_iter().map(line).collect()
}

/// The next server that can be added, if there is a name left.
pub fn next(tank: &Tank) -> Option<ServerId> {
    tank.with(|run| ServerId::new(run.world().servers().len() as u8 + 1))
}

/// Why no server can be added during joint consensus.
const UNDER_WAY: &str = "change is under way: leave joint consensus first (§6)";

/// Starts a new server and asks the leader to take it in. Why it does not, if it does not, is a notice;
/// the server is there all the same, and is selected.
pub fn add(tank: &Tank, learner: bool) {
    let Some(server) = next(tank) else {
        return tank.notify(Tone::Trouble, format!("Nothing was done: {}.", Refusal::Full));
    };
    if is_joint(tank) {
        return tank.notify(Tone::Trouble, format!("Nothing was done: a {UNDER_WAY}."));
    }
    if let Err(why) = tank.act(Action::Boot { server }) {
        return tank.notify(Tone::Trouble, format!("Nothing was done: {why}."));
    }
    let (change, choice) = match learner {
        true => (Change::Learner(server), "Add as learner"),
        false => (Change::Add(server), "Add as voter"),
    };
    if let Err(why) = tank.act(Action::Change { change, at: None }) {
        let text = format!(
            "{server} has started and waits outside: {why}. Choose ‘{choice}’ at {server} when the leader can."
        );
        tank.notify(Tone::Trouble, text);
    }
    tank.select(Some(Selected::Server(server)));
}

fn is_joint(tank: &Tank) -> bool {
    tank.with(|run| in_sight(run.world()).is_joint())
}

#[derive(Clone, PartialEq, Properties)]
struct AddProps {
    learner: bool,
    label: String,
    hint: String,
    #[prop_or_default]
    small: bool,
}

/// Adds a server. It stays focusable during joint consensus, so that the reason can be read.
#[component]
fn AddButton(props: &AddProps) -> Html {
    let tank = use_tank();
    let joint = use_view(is_joint);
    let AddProps { learner, label, hint, small } = props.clone();
    let title = if *joint { format!("A {UNDER_WAY}") } else { hint };
    let onclick = {
        let joint = *joint;
        move |_: MouseEvent| {
            if !joint {
                add(&tank, learner);
            }
        }
    };
    html! {
        <button type="button" class={classes!("button", small.then_some("small"))} data-do={small.then_some("add")}
            aria-disabled={joint.to_string()} {title} {onclick}>{ label }</button>
    }
}

/// Buttons on the stage: the members, and one server more.
#[component]
pub fn StageTools() -> Html {
    let tank = use_tank();
    let next = use_view(next);
    let show = move |_: MouseEvent| tank.select(Some(Selected::Members));
    html! {
        <div class="stage-tools group" role="group" aria-label="Members">
            if let Some(next) = *next {
                <AddButton learner={false} small=true label={format!("Add {next}")} hint={format!("Starts {next}, and asks the leader to make it a voter (A)")} />
            }
            <button type="button" class="button small" data-do="members" onclick={show} title="Who votes, who learns, and how that is changed (E)">{ "Members" }</button>
        </div>
    }
}

/// What a server is, and shall be.
const ROLES: [&str; 3] = ["voter", "learner", "outside"];

fn role(configuration: &Configuration, id: ServerId) -> usize {
    match () {
        () if configuration.voters.contains(id) => 0,
        () if configuration.learners.contains(id) => 1,
        () => 2,
    }
}

/// What a server is, in the table of members.
fn role_words(configuration: &Configuration, id: ServerId) -> String {
    let new = ROLES[role(configuration, id)];
    match (configuration.outgoing.contains(id), configuration.is_joint(), new) {
        (true, _, "voter") => "voter, old and new".into(),
        (true, ..) => format!("voter, old; {new}, new"),
        (false, true, "voter") => "voter, new".into(),
        _ => new.into(),
    }
}

/// The members, and how they are changed.
#[component]
pub fn Members() -> Html {
    let view = use_view(|tank| {
        tank.with(|run| {
            let world = run.world();
            let retired = world.servers().iter().filter(|server| server.retired).map(|s| s.node.id());
            (in_sight(world), world.ids().collect::<Vec<_>>(), retired.collect::<ServerSet>())
        })
    });
    let next = use_view(next);
    let (now, ids, retired) = &*view;
    let is = |id: ServerId| {
        let retired = match (retired.contains(id), now.is_joint()) {
            (false, _) => "",
            (true, false) => ", retired",
            (true, true) => "; retired",
        };
        format!("{}{retired}", role_words(now, id))
    };
    // What was chosen; the rest stays as it is.
    let wanted = use_state(|| [None::<usize>; MAX_SERVERS as usize]);
    let manual = use_state(|| false);
    {
        let wanted = wanted.setter();
        use_effect_with(*now, move |_| wanted.set([None; MAX_SERVERS as usize]));
    }
    let to_be = |id: ServerId| wanted[id.slot()].unwrap_or(role(now, id));
    let of = |which: usize| ids.iter().copied().filter(|id| to_be(*id) == which).collect::<ServerSet>();
    let joint = Change::Joint { voters: of(0), learners: of(1), manual: *manual };
    let differs = ids.iter().any(|id| to_be(*id) != role(now, *id));
    let choose = |id: ServerId| {
        let wanted = wanted.clone();
        move |event: Event| {
            let value = value_of(&event);
            let mut all = *wanted;
            all[id.slot()] = ROLES.iter().position(|name| *name == value);
            wanted.set(all);
        }
    };
    let stay = {
        let manual = manual.clone();
        move |event: Event| manual.set(value_of(&event) == "yes")
    };
    html! {
        <>
            <p>{ joint_sentence(now).unwrap_or_else(|| format!("Every decision needs {} of {}.", majority_of(now.voters.len()), now.voters)) }{ learners_sentence(now) }</p>
            <div class="actions" role="group" aria-label="One more server">
                if let Some(next) = *next {
                    <AddButton learner={false} label={format!("Add {next} as voter")} hint={format!("Starts {next}, and asks the leader to make it a voter (§6, D4.1)")} />
                    <AddButton learner={true} label={format!("Add {next} as learner")} hint={format!("Starts {next}, and asks the leader to make it a learner (D4.2.1)")} />
                }
                if now.is_joint() {
                    <Act action={Action::Change { change: Change::Leave, at: None }} label="Leave joint consensus" hint="The leader appends the new configuration; from then on only its majority counts (§6)" />
                }
            </div>
            <h3>{ if now.is_joint() { "Now, in joint consensus (§6)" } else { "Any change at once, by joint consensus (§6)" } }</h3>
            <table class="peers members">
                <thead><tr><th scope="col">{ "server" }</th><th scope="col">{ "is" }</th>if !now.is_joint() { <th scope="col">{ "shall be" }</th> }</tr></thead>
                <tbody>{ for ids.iter().map(|id| html! {
                    <tr key={id.number()}>
                        <th scope="row">{ id.to_string() }</th>
                        <td>{ is(*id) }</td>
                        if !now.is_joint() {
                            <td><select class="field" aria-label={format!("{id} shall be")} onchange={choose(*id)}>
                                { for ROLES.iter().enumerate().map(|(n, name)| html! { <option key={*name} value={*name} selected={n == to_be(*id)}>{ *name }</option> }) }
                            </select></td>
                        }
                    </tr>
                }) }</tbody>
            </table>
            if !now.is_joint() {
                <label class="check"><input type="checkbox" checked={*manual} onchange={stay} />{ "stay in between, until told to leave" }</label>
                if differs {
                    <Act action={Action::Change { change: joint, at: None }} label="Ask the leader for this change" hint="Old and new majorities both decide until the joint configuration is committed; then the new one alone, from the moment it is appended (§6)" class="primary" />
                } else {
                    <p class="faint">{ "Choose what each server shall be." }</p>
                }
            }
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn during_joint_consensus_each_majority_is_counted_for_itself() {
        let set = |ids: &[u8]| ids.iter().filter_map(|n| ServerId::new(*n)).collect::<ServerSet>();
        let simple = Configuration::of_first(3);
        assert_eq!(counts(&simple, "votes", set(&[1, 4])), [("votes".into(), "1 of 3, needs 2 …".into())]);
        let joint = Configuration { outgoing: set(&[3, 4, 5, 6]), ..simple };
        let lines = counts(&joint, "votes", set(&[1, 2, 3, 4]));
        assert_eq!(lines[0], ("votes old".into(), "2 of 4, needs 3 …".into()));
        assert_eq!(lines[1], ("votes new".into(), "3 of 3, needs 2 ✓".into()));
        assert!(joint_sentence(&simple).is_none());
        assert!(joint_sentence(&joint).unwrap().contains("{S3, S4, S5, S6}"));
    }

    #[test]
    fn a_learner_of_the_new_configuration_may_still_vote_in_the_old_one() {
        let set = |ids: &[u8]| ids.iter().filter_map(|n| ServerId::new(*n)).collect::<ServerSet>();
        let now = Configuration {
            outgoing: set(&[1, 2]),
            voters: set(&[1, 3]),
            learners: set(&[2, 4]),
            ..Configuration::default()
        };
        let words = learners_sentence(&now);
        assert!(words.contains("Learners: {S4}. They"), "{words}");
        assert!(
            words.contains(" S2 still votes in the old configuration; in the new one it is a learner."),
            "{words}"
        );
        let is = |n| role_words(&now, ServerId::new(n).unwrap());
        assert_eq!(
            [is(1), is(2), is(3), is(4)],
            ["voter, old and new", "voter, old; learner, new", "voter, new", "learner"]
        );
        assert_eq!(learners_sentence(&Configuration::of_first(3)), "");
    }
}
