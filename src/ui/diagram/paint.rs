//! The canvas: a picture's strokes and marks, those of one look at once.

use crate::timeline::diagram::{Colour, GUTTER_PX, MarkLook, Picture, Shape, Sheet, StrokeLook, TOP_PX};
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d;

/// Fills of the terms, as on the stage.
const TERMS: [&str; 8] =
    ["#9aa9b4", "#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];
/// The same as lines on white, where pale ones would not be seen.
const TERMS_ON_WHITE: [&str; 8] =
    ["#75848f", "#2e8cc0", "#a87200", "#00805d", "#8a8000", "#0072b2", "#b94e00", "#a85c86"];

/// The colours of a theme. A canvas knows no style sheet; these are its tokens.
#[derive(Clone, Copy)]
pub struct Palette {
    dark: bool,
}

impl Palette {
    /// The colours that go with words of this colour, `rgb(232, 240, 245)`: on a dark page they are light.
    pub fn for_words(css: &str) -> Palette {
        let red = css.split(|c: char| !c.is_ascii_digit()).find_map(|number| number.parse::<u16>().ok());
        Palette { dark: red.is_none_or(|red| red > 128) }
    }

    fn stroke(self, colour: Colour) -> &'static str {
        match colour {
            Colour::Term(n) if !self.dark => TERMS_ON_WHITE[usize::from(n) % 8],
            Colour::Term(n) => TERMS[usize::from(n) % 8],
            _ => self.fill(colour),
        }
    }

    fn fill(self, colour: Colour) -> &'static str {
        let (light, dark) = match colour {
            Colour::Term(n) => (TERMS[usize::from(n) % 8], TERMS[usize::from(n) % 8]),
            Colour::OnTerm(5) => ("#ffffff", "#ffffff"),
            Colour::OnTerm(_) => ("#0b1620", "#0b1620"),
            Colour::Ink => ("#12202b", "#e8f0f5"),
            Colour::Soft => ("#445867", "#a8bccb"),
            Colour::Faint => ("#d3dde4", "#233646"),
            Colour::Accent => ("#075a9c", "#6fc1ff"),
            Colour::Good => ("#0b6b4a", "#5fd3a6"),
            Colour::Bad => ("#a32a00", "#ff9d7a"),
            Colour::Warn => ("#7a5200", "#ffcf66"),
            Colour::Ground => ("#f7fafc", "#0b1822"),
        };
        if self.dark { dark } else { light }
    }

    fn outline(self) -> &'static str {
        if self.dark { "#dfeaf1" } else { "#1b2c39" }
    }
}

/// Draws a picture, and a line at the moment. `ratio` is how many of the screen's pixels one pixel has.
pub fn paint(
    context: &CanvasRenderingContext2d,
    sheet: &Sheet,
    picture: &Picture,
    palette: Palette,
    ratio: f64,
    now_x: f64,
) {
    let (width, height) = sheet.size();
    // A canvas that can't be drawn on stays empty; words beside it tell the same.
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    folds(context, picture, palette, height);
    context.set_line_cap("butt");
    for (look, strokes) in &picture.strokes {
        stroke(context, *look, strokes, palette);
    }
    set_dash(context, &[]);
    for (look, marks) in &picture.marks {
        mark(context, *look, marks, palette);
    }
    context.set_global_alpha(1.0);
    moment(context, now_x, palette, height);
    words(context, picture, palette);
    names(context, picture, palette, height);
}

fn folds(context: &CanvasRenderingContext2d, picture: &Picture, palette: Palette, height: f64) {
    context.set_text_align("center");
    for fold in &picture.folds {
        let wide = fold.right - fold.left - 2.0;
        context.set_fill_style_str(palette.fill(Colour::Faint));
        context.fill_rect(fold.left + 1.0, TOP_PX, wide, height - TOP_PX - 4.0);
        context.set_stroke_style_str(palette.fill(Colour::Soft));
        context.set_line_width(1.0);
        context.stroke_rect(fold.left + 1.5, TOP_PX + 0.5, wide - 1.0, height - TOP_PX - 5.0);
    }
}

fn set_dash(context: &CanvasRenderingContext2d, dash: &[u8]) {
    let dash: js_sys::Array = dash.iter().map(|&part| JsValue::from(part)).collect();
    // Without dashes, letters tell kinds apart.
    let _ = context.set_line_dash(&dash);
}

fn stroke(context: &CanvasRenderingContext2d, look: StrokeLook, strokes: &[[f64; 4]], palette: Palette) {
    context.set_global_alpha(if look.faded { 0.16 } else { 1.0 });
    context.set_stroke_style_str(palette.stroke(look.colour));
    context.set_line_width(f64::from(look.tenths) / 10.0);
    set_dash(context, look.dash);
    context.begin_path();
    for &[x0, y0, x1, y1] in strokes {
        context.move_to(x0, y0);
        context.line_to(x1, y1);
    }
    context.stroke();
}

fn mark(context: &CanvasRenderingContext2d, look: MarkLook, marks: &[[f64; 2]], palette: Palette) {
    context.set_global_alpha(if look.faded { 0.16 } else { 1.0 });
    context.begin_path();
    let r = f64::from(look.tenths) / 10.0;
    for &[x, y] in marks {
        outline(context, look.shape, x, y, r);
    }
    let (fill, colour, width) = match (look.shape, look.filled) {
        (Shape::Cross | Shape::Bars | Shape::Check, _) => (None, palette.stroke(look.colour), 2.0),
        (Shape::Ring, _) => (None, palette.stroke(look.colour), if look.layer == 9 { 3.0 } else { 1.5 }),
        (_, true) => (Some(look.colour), palette.outline(), if r < 3.0 { 0.3 } else { 0.8 }),
        (_, false) => (Some(Colour::Ground), palette.stroke(look.colour), 1.6),
    };
    if let Some(fill) = fill {
        context.set_fill_style_str(palette.fill(fill));
        context.fill();
    }
    context.set_stroke_style_str(colour);
    context.set_line_width(width);
    context.stroke();
}

fn outline(context: &CanvasRenderingContext2d, shape: Shape, x: f64, y: f64, r: f64) {
    match shape {
        Shape::Disc | Shape::Ring => {
            context.move_to(x + r, y);
            // A circle of no size is no circle, and nothing is lost.
            let _ = context.arc(x, y, r, 0.0, std::f64::consts::TAU);
        }
        Shape::Square | Shape::Badge => context.rect(x - r, y - r, 2.0 * r, 2.0 * r),
        Shape::Triangle => polygon(context, &[(x, y - r), (x + r, y + r), (x - r, y + r)]),
        Shape::Diamond => polygon(context, &[(x, y - r), (x + r, y), (x, y + r), (x - r, y)]),
        Shape::Cross => {
            line(context, &[(x - r, y - r), (x + r, y + r)]);
            line(context, &[(x - r, y + r), (x + r, y - r)]);
        }
        Shape::Bars => {
            line(context, &[(x - r / 2.0, y - r), (x - r / 2.0, y + r)]);
            line(context, &[(x + r / 2.0, y - r), (x + r / 2.0, y + r)]);
        }
        Shape::Check => line(context, &[(x - r, y), (x - 0.3 * r, y + r), (x + r, y - r)]),
    }
}

fn line(context: &CanvasRenderingContext2d, points: &[(f64, f64)]) {
    for (n, &(x, y)) in points.iter().enumerate() {
        if n == 0 { context.move_to(x, y) } else { context.line_to(x, y) }
    }
}

fn polygon(context: &CanvasRenderingContext2d, points: &[(f64, f64)]) {
    line(context, points);
    context.close_path();
}

fn words(context: &CanvasRenderingContext2d, picture: &Picture, palette: Palette) {
    for words in &picture.words {
        context.set_text_align(if words.starts { "left" } else { "center" });
        context.set_font(&font(words.size, words.bold));
        context.set_fill_style_str(palette.fill(words.colour));
        put(context, &words.text, words.x, words.y);
    }
    context.set_text_align("center");
    context.set_font(&font(11, false));
    for fold in &picture.folds {
        for (n, text) in fold.text.iter().enumerate() {
            context.set_fill_style_str(palette.fill(Colour::Ink));
            put(context, text, (fold.left + fold.right) / 2.0, TOP_PX + 14.0 + 14.0 * n as f64);
        }
    }
}

fn font(size: u8, bold: bool) -> String {
    format!("{}{size}px system-ui, sans-serif", if bold { "bold " } else { "" })
}

fn put(context: &CanvasRenderingContext2d, text: &str, x: f64, y: f64) {
    // Where words can't be drawn, the sentence below the canvas tells them.
    let _ = context.fill_text(text, x, y);
}

/// The moment that the page shows.
fn moment(context: &CanvasRenderingContext2d, x: f64, palette: Palette, height: f64) {
    context.set_stroke_style_str(palette.fill(Colour::Accent));
    context.set_line_width(1.5);
    context.begin_path();
    line(context, &[(x, TOP_PX - 4.0), (x, height)]);
    polygon(context, &[(x - 5.0, TOP_PX - 10.0), (x + 5.0, TOP_PX - 10.0), (x, TOP_PX - 3.0)]);
    context.stroke();
}

/// The names of the rows stand on what has been scrolled behind them.
fn names(context: &CanvasRenderingContext2d, picture: &Picture, palette: Palette, height: f64) {
    context.set_fill_style_str(palette.fill(Colour::Ground));
    context.fill_rect(0.0, 0.0, GUTTER_PX, height);
    context.set_text_align("left");
    context.set_font(&font(13, true));
    context.set_fill_style_str(palette.fill(Colour::Ink));
    for (name, y) in &picture.names {
        put(context, name, 8.0, y + 4.5);
    }
}
