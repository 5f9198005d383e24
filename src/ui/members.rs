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
/// server that runs with the most up-to-date log.
pub fn in_sight(world: &World) -> Configuration {
    let rank = |server: &&Server| {
        let node = &server.node;
        let leads = (server.up && node.is_leader()).then(|| node.term());
        (leads, server.up, node.log().last_term(), node.log().last_index())
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
            Place::Retired => "retired: its disk is lost",
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
            "Joint consensus: every decision needs a majority of the old {}\u{a0}❨ and one of the new {}\u{a0}❩.",
            configuration.outgoing, configuration.voters
        )
    })
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

/// Starts a new server and asks the leader to take it in. Why it does not, if it does not, is a notice;
/// the server is there all the same, and is selected.
pub fn add(tank: &Tank, learner: bool) {
    let Some(server) = next(tank) else {
        return tank.notify(Tone::Trouble, format!("Nothing was done: {}.", Refusal::Full));
    };
    tank.act_or_say(Action::Boot { server });
    let change = if learner { Change::Learner(server) } else { Change::Add(server) };
    tank.act_or_say(Action::Change { change, at: None });
    tank.select(Some(Selected::Server(server)));
}

/// Buttons on the stage: the members, and one server more.
#[component]
pub fn StageTools() -> Html {
    let tank = use_tank();
    let next = use_view(next);
    let add = {
        let tank = tank.clone();
        move |_: MouseEvent| add(&tank, false)
    };
    let show = move |_: MouseEvent| tank.select(Some(Selected::Members));
    html! {
        <div class="stage-tools group" role="group" aria-label="Members">
            if let Some(next) = *next {
                <button type="button" class="button small" data-do="add" onclick={add} title={format!("Starts {next}, and asks the leader to make it a voter (A)")}>{ format!("Add {next}") }</button>
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

/// The members, and how they are changed.
#[component]
pub fn Members() -> Html {
    let tank = use_tank();
    let view =
        use_view(|tank| tank.with(|run| (in_sight(run.world()), run.world().ids().collect::<Vec<_>>())));
    let next = use_view(next);
    let (now, ids) = &*view;
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
    let add_one = |learner: bool| {
        let tank = tank.clone();
        move |_: MouseEvent| add(&tank, learner)
    };
    html! {
        <>
            <p>{ joint_sentence(now).unwrap_or_else(|| format!("Every decision needs {} of {}.", majority_of(now.voters.len()), now.voters)) }
                if !now.learners.is_empty() { { format!(" {} only learn: they get the log and never count.", now.learners) } }</p>
            <div class="actions" role="group" aria-label="One more server">
                if let Some(next) = *next {
                    <button type="button" class="button" onclick={add_one(false)} title={format!("Starts {next}, and asks the leader to make it a voter (§6, D4.1)")}>{ format!("Add {next} as voter") }</button>
                    <button type="button" class="button" onclick={add_one(true)} title={format!("Starts {next}, and asks the leader to make it a learner (D4.2.1)")}>{ format!("Add {next} as learner") }</button>
                }
                if now.is_joint() {
                    <Act action={Action::Change { change: Change::Leave, at: None }} label="Leave joint consensus" hint="From now on only the new majority counts (§6)" />
                }
            </div>
            if !now.is_joint() {
                <h3>{ "Any change at once, by joint consensus (§6)" }</h3>
                <table class="peers members">
                    <thead><tr><th scope="col">{ "server" }</th><th scope="col">{ "is" }</th><th scope="col">{ "shall be" }</th></tr></thead>
                    <tbody>{ for ids.iter().map(|id| html! {
                        <tr key={id.number()}>
                            <th scope="row">{ id.to_string() }</th>
                            <td>{ ROLES[role(now, *id)] }</td>
                            <td><select class="field" aria-label={format!("{id} shall be")} onchange={choose(*id)}>
                                { for ROLES.iter().enumerate().map(|(n, name)| html! { <option key={*name} value={*name} selected={n == to_be(*id)}>{ *name }</option> }) }
                            </select></td>
                        </tr>
                    }) }</tbody>
                </table>
                <label class="check"><input type="checkbox" checked={*manual} onchange={stay} />{ "stay in between, until told to leave" }</label>
                if differs {
                    <Act action={Action::Change { change: joint, at: None }} label="Ask the leader for this change" hint="Old and new majorities both decide until the new configuration is committed (§6)" class="primary" />
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
}
