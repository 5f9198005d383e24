//! The fields of the dialog.

use super::choice::{Choice, Colours, Form, What};
use super::plain::pixels;
use crate::ui::options_panel::value_of;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub struct FieldsProps {
    /// What was chosen.
    pub choice: Choice,
    /// The last index of the logs.
    pub last: u64,
    /// Whether something is known to follow the moment.
    pub follows: bool,
    /// The size of the picture, once it is known.
    pub size: Option<(f64, f64)>,
    /// Something else was chosen.
    pub change: Callback<Choice>,
}

/// The fields: what, and how.
#[component]
pub fn Fields(props: &FieldsProps) -> Html {
    let choice = &props.choice;
    html! {
        <div class="export-fields">
            { kinds(props, "Pictures", &What::PICTURES) }
            { kinds(props, "Text and data", &What::TEXTS) }
            <p class="export-about">{ choice.what.about() }</p>
            if choice.what.is_picture() {
                { of_picture(props) }
            }
            if !choice.what.is_picture() && props.follows {
                { check(props, "with what follows this moment", choice.whole, |choice, on| choice.whole = on) }
            }
            if choice.what == What::Feed {
                { check(props, "only what the feed’s filter shows", choice.filtered, |choice, on| choice.filtered = on) }
            }
        </div>
    }
}

/// What there is to choose from, under a heading.
fn kinds(props: &FieldsProps, legend: &'static str, kinds: &[What]) -> Html {
    let kind = |what: &What| {
        let (what, choice) = (*what, &props.choice);
        let chosen = Choice { what, ..choice.clone() };
        let onchange = props.change.reform(move |_: Event| chosen.clone());
        html! {
            <label key={what.name()} class="export-kind">
                <input type="radio" name="export-what" value={what.name()} checked={what == choice.what} {onchange} />
                { what.name() }
            </label>
        }
    };
    html! {
        <fieldset class="export-kinds">
            <legend>{ legend }</legend>
            { for kinds.iter().map(kind) }
        </fieldset>
    }
}

fn of_picture(props: &FieldsProps) -> Html {
    let choice = &props.choice;
    if choice.what == What::Diagram {
        // It has its own colours and says itself which stretch it is.
        return html! { <div class="setup-grid">{ forms(props) }</div> };
    }
    let title = change(props, |choice, text| choice.title = text);
    html! {
        <>
            if choice.what == What::Logs { { columns(props) } }
            <div class="setup-grid">
                { forms(props) }
                { colours(props) }
                <label class="wide">{ "title under the picture (empty: none)" }
                    <input class="field" type="text" value={choice.title.clone()} maxlength="300" oninput={title.reform(|event: InputEvent| event.into())} autocomplete="off" />
                </label>
            </div>
            { check(props, "time, seed and servers under it", choice.facts, |choice, on| choice.facts = on) }
            { check(props, "no background", choice.transparent, |choice, on| choice.transparent = on) }
        </>
    }
}

/// What hears of a field.
fn change(props: &FieldsProps, set: fn(&mut Choice, String)) -> Callback<Event> {
    let choice = props.choice.clone();
    props.change.reform(move |event: Event| {
        let mut choice = choice.clone();
        set(&mut choice, value_of(&event));
        choice
    })
}

fn check(props: &FieldsProps, text: &'static str, on: bool, set: fn(&mut Choice, bool)) -> Html {
    let choice = props.choice.clone();
    let onchange = props.change.reform(move |event: Event| {
        let mut choice = choice.clone();
        set(&mut choice, value_of(&event) == "yes");
        choice
    });
    html! { <label class="check"><input type="checkbox" checked={on} {onchange} />{ text }</label> }
}

const FORMS: [(Form, &str); 4] =
    [(Form::Svg, "svg"), (Form::Png(1), "png1"), (Form::Png(2), "png2"), (Form::Png(4), "png4")];

fn forms(props: &FieldsProps) -> Html {
    let onchange = change(props, |choice, value| {
        if let Some((form, _)) = FORMS.into_iter().find(|(_, name)| *name == value) {
            choice.form = form;
        }
    });
    let label = |form: Form| match (form, props.size) {
        (Form::Svg, _) => "SVG: sharp at any size".to_owned(),
        (Form::Png(scale), None) => format!("PNG {scale}×"),
        (Form::Png(scale), Some((width, height))) => match pixels(width, height, scale) {
            Ok((wide, high)) => format!("PNG {scale}×, {wide} × {high} px"),
            Err(_) => format!("PNG {scale}×: too large"),
        },
    };
    let why = props.size.and_then(|(width, height)| match props.choice.form {
        Form::Svg => None,
        Form::Png(scale) => pixels(width, height, scale).err(),
    });
    html! {
        <>
            <label>{ "format" }
                <select class="field" data-field="form" {onchange}>
                    { for FORMS.into_iter().map(|(form, name)| html! {
                        <option key={name} value={name} selected={form == props.choice.form}>{ label(form) }</option>
                    }) }
                </select>
            </label>
            if let Some(why) = why { <p class="trouble wide">{ why }</p> }
        </>
    }
}

fn colours(props: &FieldsProps) -> Html {
    const COLOURS: [(Colours, &str, &str); 3] = [
        (Colours::Screen, "screen", "as on the screen"),
        (Colours::Light, "light", "light, for print"),
        (Colours::Dark, "dark", "dark"),
    ];
    let onchange = change(props, |choice, value| {
        choice.colours = match value.as_str() {
            "light" => Colours::Light,
            "dark" => Colours::Dark,
            _ => Colours::Screen,
        };
    });
    html! {
        <label>{ "colours" }
            <select class="field" data-field="colours" {onchange}>
                { for COLOURS.into_iter().map(|(colours, name, label)| html! {
                    <option key={name} value={name} selected={colours == props.choice.colours}>{ label }</option>
                }) }
            </select>
        </label>
    }
}

/// From which index to which. An empty field leaves it to the page.
fn columns(props: &FieldsProps) -> Html {
    let field = |label: &'static str, value: Option<u64>, onchange: Callback<Event>| {
        html! {
            <label>{ label }
                <input class="field" type="number" min="1" max={props.last.max(1).to_string()} placeholder="as fits"
                    value={value.map(|value| value.to_string()).unwrap_or_default()} {onchange} />
            </label>
        }
    };
    let (from, to) = props.choice.columns;
    html! {
        <div class="setup-grid">
            { field("from index", from, change(props, |choice, text| choice.columns.0 = text.trim().parse().ok())) }
            { field("to index", to, change(props, |choice, text| choice.columns.1 = text.trim().parse().ok())) }
        </div>
    }
}
