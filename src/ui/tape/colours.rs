//! The colours of the page's tokens, for a canvas: it takes no variables.

use web_sys::{CssStyleDeclaration, Element, NodeList};

/// A fill and what is written on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// The fill.
    pub fill: String,
    /// What is written on it.
    pub ink: String,
}

/// The colours of a tape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Colours {
    /// By term: 0, and then in turns.
    pub terms: Vec<Pair>,
    /// What is written beside the lanes.
    pub ink: String,
    /// Less important.
    pub soft: String,
    /// Fine lines.
    pub line: String,
    /// What lies under everything.
    pub ground: String,
    /// Outlines.
    pub outline: String,
    /// Trouble.
    pub bad: String,
    /// What is safe.
    pub good: String,
    /// What a person did.
    pub accent: String,
    /// What is uncertain.
    pub warn: String,
}

/// The classes whose colours are read, in the order in which they stand in the page.
pub const SWATCHES: [&str; 17] = [
    "t0",
    "t1",
    "t2",
    "t3",
    "t4",
    "t5",
    "t6",
    "t7",
    "of-ink",
    "of-soft",
    "of-line",
    "of-ground",
    "of-outline",
    "of-bad",
    "of-good",
    "of-accent",
    "of-warn",
];

impl Colours {
    /// Reads the colours from the elements of [`SWATCHES`]; nothing when they are not in the page.
    #[must_use]
    pub fn read(swatches: &NodeList) -> Option<Colours> {
        let pairs: Vec<Pair> = (0..swatches.length()).filter_map(|n| pair(swatches, n)).collect();
        let (terms, rest) = pairs.split_at_checked(8)?;
        let fill = |n: usize| rest.get(n).map(|pair| pair.fill.clone());
        Some(Colours {
            terms: terms.to_vec(),
            ink: fill(0)?,
            soft: fill(1)?,
            line: fill(2)?,
            ground: fill(3)?,
            outline: fill(4)?,
            bad: fill(5)?,
            good: fill(6)?,
            accent: fill(7)?,
            warn: fill(8)?,
        })
    }

    /// The colours of a term, as `words::term_class` has them.
    #[must_use]
    pub fn term(&self, term: u64) -> &Pair {
        let n = term.checked_sub(1).map_or(0, |n| n % 7 + 1);
        &self.terms[n as usize]
    }
}

fn pair(swatches: &NodeList, n: u32) -> Option<Pair> {
    use wasm_bindgen::JsCast;
    let element: Element = swatches.item(n)?.dyn_into().ok()?;
    let style: CssStyleDeclaration = web_sys::window()?.get_computed_style(&element).ok()??;
    let value = |name| style.get_property_value(name).ok();
    Some(Pair { fill: value("background-color")?, ink: value("color")? })
}
