//! The whole page.

use super::branches::Branches;
use super::broken::{Broken, PlaybackPanel, ShrinkPanel};
use super::compare::Compare;
use super::console::Console;
use super::details::Details;
use super::diagram::Diagram;
use super::export::ExportDialog;
use super::feed::Feed;
use super::files::use_drop;
use super::header::Header;
use super::kept::RunsDialog;
use super::keys::{KeysDialog, use_keys};
use super::lamps::PromiseDialog;
use super::lanes::Lanes;
use super::logs::Logs;
use super::notices::Notices;
use super::options_panel::OptionsPanel;
use super::page_state::{Page, PageState};
use super::prefs;
use super::rules_panel::RulesPanel;
use super::search_panel::SearchPanel;
use super::setup_form::SetupDialog;
use super::share::ShareDialog;
use super::shorthand::{StartState, use_paste};
use super::stage::Stage;
use super::table::StateTable;
use super::tabs::Tabs;
use super::tank::Tank;
use super::tape::TermTape;
use super::transport::Transport;
use yew::prelude::*;

/// What the page is mounted with.
#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    /// The page's tank.
    pub tank: Tank,
}

/// The whole page.
#[component]
pub fn App(props: &AppProps) -> Html {
    let page: Page = use_reducer(|| PageState { shortcuts: prefs::shortcuts(), ..PageState::default() });
    use_keys(&props.tank, &page);
    let diagram_open = page.diagram_open;
    let roomy = prefs::use_media("(max-width: 900px), (min-height: 70rem)");
    let dropping = use_drop(&props.tank);
    use_paste(&props.tank);
    let tabs = vec![
        ("Feed", html! { <Feed /> }),
        ("Branches", html! { <><Branches /><Compare /></> }),
        ("Console", html! { <Console /> }),
        ("State", html! { <StateTable /> }),
        ("Clients", html! { <Lanes /> }),
        ("Options", html! { <OptionsPanel /> }),
        ("Rules", html! { <RulesPanel /> }),
        ("Search", html! { <SearchPanel /> }),
    ];
    html! {
        <ContextProvider<Tank> context={props.tank.clone()}>
            <ContextProvider<Page> context={page}>
                <Header />
                <main class="layout" id="main">
                    <div class="column-main">
                        <StartState />
                        <Broken />
                        <ShrinkPanel />
                        <PlaybackPanel />
                        // Where there is no room for all, the diagram has the place of stage and logs.
                        if roomy || !diagram_open { <Stage /> }
                        <Diagram />
                        <Notices />
                        <Transport />
                        if roomy || !diagram_open { <Logs /> }
                    </div>
                    <div class="column-side">
                        <Details />
                        <Tabs {tabs} />
                    </div>
                    <TermTape />
                </main>
                <SetupDialog />
                <RunsDialog />
                <ShareDialog />
                <KeysDialog />
                <ExportDialog />
                <PromiseDialog />
                if dropping { <div class="drop-cover" aria-hidden="true">{ "Drop the run to open it" }</div> }
            </ContextProvider<Page>>
        </ContextProvider<Tank>>
    }
}
