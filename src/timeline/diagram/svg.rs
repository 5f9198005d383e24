//! What is in sight as an SVG with its own colours, on white: fit for print and for slides.

use super::picture::{Colour, Light, MarkLook, Picture, Shape, StrokeLook, picture};
use super::sheet::{GUTTER_PX, TOP_PX};
use super::{Row, Sheet};
use std::fmt::Write;

/// The room above for a title, and below for what the shapes mean.
const TITLE_PX: f64 = 28.0;
const KEY_PX: f64 = 44.0;

/// How wide and how high the SVG of a sheet is.
#[must_use]
pub fn svg_size(sheet: &Sheet) -> (f64, f64) {
    let (width, height) = sheet.size();
    (width, TITLE_PX + height + KEY_PX)
}

/// The sheet as it is seen, as an SVG file's text: a title, the stretch, and what the shapes mean. It asks for
/// no font, style or image from elsewhere.
#[must_use]
pub fn svg(sheet: &Sheet, light: Option<&Light>, chosen: Option<usize>) -> String {
    let picture = picture(sheet, light, chosen);
    let (_, height) = sheet.size();
    let (width, total) = svg_size(sheet);
    let mut out = String::new();
    out.push_str(&format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {total:.0}" width="{width:.0}" height="{total:.0}" font-family="sans-serif">"##
    ));
    let title = title(sheet);
    line(&mut out, format_args!("<title>{}</title>", escaped(&title)));
    line(&mut out, format_args!(r##"<rect width="{width:.0}" height="{total:.0}" fill="#ffffff"/>"##));
    line(
        &mut out,
        format_args!(
            r##"<text x="12" y="19" font-size="14" font-weight="bold" fill="#12202b">{}</text>"##,
            escaped(&title)
        ),
    );
    line(
        &mut out,
        format_args!(
            r##"<clipPath id="sight"><rect x="{GUTTER_PX}" width="{:.0}" height="{height:.0}"/></clipPath>"##,
            width - GUTTER_PX
        ),
    );
    line(&mut out, format_args!(r##"<g transform="translate(0 {TITLE_PX})">"##));
    line(&mut out, format_args!(r##"<g clip-path="url(#sight)">"##));
    body(&mut out, &picture, height);
    out.push_str("</g>\n");
    for (name, y) in &picture.names {
        line(
            &mut out,
            format_args!(
                r##"<text x="8" y="{:.1}" font-size="13" font-weight="bold" fill="#12202b">{}</text>"##,
                y + 4.5,
                escaped(name)
            ),
        );
    }
    out.push_str("</g>\n");
    key(&mut out, TITLE_PX + height);
    out.push_str("</svg>\n");
    out
}

/// Writes a line. To write into a text never fails.
fn line(out: &mut String, text: std::fmt::Arguments) {
    let _ = out.write_fmt(text);
    out.push('\n');
}

fn title(sheet: &Sheet) -> String {
    let events = sheet.diagram.events();
    let places = sheet.places();
    let (Some(first), Some(last)) = (events.get(places.start), events.get(places.end.wrapping_sub(1))) else {
        return "No events".into();
    };
    let servers = sheet.diagram.rows().iter().filter(|row| matches!(row, Row::Server(_))).count();
    let ms = |us: u64| format!("{}.{:02} ms", us / 1000, us % 1000 / 10);
    format!(
        "Events {} to {}, {} to {}, {servers} servers",
        first.id.0,
        last.id.0,
        ms(first.at_us),
        ms(last.at_us)
    )
}

/// Everything but the names of rows.
fn body(out: &mut String, picture: &Picture, height: f64) {
    for fold in &picture.folds {
        let middle = (fold.left + fold.right) / 2.0;
        line(
            out,
            format_args!(
                r##"<rect x="{:.1}" y="{TOP_PX}" width="{:.1}" height="{:.1}" fill="#eef3f6" stroke="#6f8392" stroke-dasharray="3 3"/>"##,
                fold.left + 1.0,
                fold.right - fold.left - 2.0,
                height - TOP_PX - 4.0
            ),
        );
        for (n, text) in fold.text.iter().enumerate() {
            let y = TOP_PX + 14.0 + 13.0 * n as f64;
            line(
                out,
                format_args!(
                    r##"<text x="{middle:.1}" y="{y:.1}" font-size="11" text-anchor="middle" fill="#445867">{}</text>"##,
                    escaped(text)
                ),
            );
        }
    }
    for (look, strokes) in &picture.strokes {
        stroke(out, look, strokes);
    }
    for (look, marks) in &picture.marks {
        mark(out, look, marks);
    }
    for words in &picture.words {
        line(
            out,
            format_args!(
                r##"<text x="{:.1}" y="{:.1}" font-size="{}"{}{} fill="{}">{}</text>"##,
                words.x,
                words.y,
                words.size,
                if words.starts { "" } else { r#" text-anchor="middle""# },
                if words.bold { r#" font-weight="bold""# } else { "" },
                colour(words.colour),
                escaped(&words.text)
            ),
        );
    }
}

fn stroke(out: &mut String, look: &StrokeLook, strokes: &[[f64; 4]]) {
    let mut path = String::new();
    for [x0, y0, x1, y1] in strokes {
        let _ = write!(path, "M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}");
    }
    let dash: Vec<String> = look.dash.iter().map(ToString::to_string).collect();
    let dash =
        if dash.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{}""#, dash.join(" ")) };
    line(
        out,
        format_args!(
            r##"<path d="{path}" fill="none" stroke="{}" stroke-width="{:.1}"{dash}{}/>"##,
            colour(look.colour),
            f64::from(look.tenths) / 10.0,
            faded(look.faded)
        ),
    );
}

fn faded(faded: bool) -> &'static str {
    if faded { r#" opacity="0.18""# } else { "" }
}

fn mark(out: &mut String, look: &MarkLook, marks: &[[f64; 2]]) {
    let path: String =
        marks.iter().map(|&[x, y]| outline(look.shape, x, y, f64::from(look.tenths) / 10.0)).collect();
    let (fill, stroke, width) = match (look.shape, look.filled) {
        (Shape::Cross | Shape::Bars | Shape::Check, _) => ("none", colour(look.colour), 2.0),
        (Shape::Ring, _) => ("none", colour(look.colour), if look.layer == 9 { 2.5 } else { 1.5 }),
        (_, true) => (colour(look.colour), "#1b2c39", 0.6),
        (_, false) => ("#ffffff", colour(look.colour), 1.6),
    };
    line(
        out,
        format_args!(
            r##"<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"{}/>"##,
            faded(look.faded)
        ),
    );
}

/// The path of a shape around a place, so far from its middle.
fn outline(shape: Shape, x: f64, y: f64, r: f64) -> String {
    match shape {
        Shape::Disc | Shape::Ring => {
            format!(
                "M{:.1} {y:.1}a{r:.1} {r:.1} 0 1 0 {:.1} 0a{r:.1} {r:.1} 0 1 0 {:.1} 0z",
                x - r,
                2.0 * r,
                -2.0 * r
            )
        }
        Shape::Badge => format!("M{:.1} {:.1}h{:.1}v{:.1}h{:.1}z", x - r, y - r, 2.0 * r, 2.0 * r, -2.0 * r),
        Shape::Triangle => format!("M{x:.1} {:.1}l{r:.1} {:.1}h{:.1}z", y - r, 2.0 * r, -2.0 * r),
        Shape::Square => format!("M{:.1} {:.1}h{:.1}v{:.1}h{:.1}z", x - r, y - r, 2.0 * r, 2.0 * r, -2.0 * r),
        Shape::Diamond => format!("M{x:.1} {:.1}l{r:.1} {r:.1}-{r:.1} {r:.1}-{r:.1}-{r:.1}z", y - r),
        Shape::Cross => format!("M{:.1} {:.1}l{2:.1} {2:.1}m0-{2:.1}l-{2:.1} {2:.1}", x - r, y - r, 2.0 * r),
        Shape::Bars => format!("M{:.1} {:.1}v{2:.1}m{3:.1}-{2:.1}v{2:.1}", x - r / 2.0, y - r, 2.0 * r, r),
        Shape::Check => format!("M{:.1} {y:.1}l{:.1} {r:.1} {:.1}-{:.1}", x - r, r * 0.7, r * 1.3, 2.0 * r),
    }
}

/// What the shapes and dashes mean, in two lines.
fn key(out: &mut String, top: f64) {
    let lines = [
        "△ timer   ● message received   ■ written to disk   ◆ somebody acts   ○ client   ✓ commitIndex rises   ✕ lost   ‖ held or waiting",
        "A AppendEntries (solid)   h heartbeat (dotted)   V RequestVote (dashed)   P PreVote   I InstallSnapshot   C client   letters on white: replies; −: refused; L, F, C: role with its term",
    ];
    for (n, text) in lines.iter().enumerate() {
        let y = top + 16.0 + 17.0 * n as f64;
        line(out, format_args!(r##"<text x="12" y="{y:.1}" font-size="11" fill="#445867">{text}</text>"##));
    }
}

fn colour(colour: Colour) -> &'static str {
    const TERMS: [&str; 8] =
        ["#9aa9b4", "#56b4e9", "#e69f00", "#009e73", "#b8a800", "#0072b2", "#d55e00", "#cc79a7"];
    match colour {
        Colour::Term(n) => TERMS[usize::from(n) % TERMS.len()],
        Colour::OnTerm(5) => "#ffffff",
        Colour::OnTerm(_) | Colour::Ink => "#12202b",
        Colour::Soft => "#445867",
        Colour::Faint => "#d5dee4",
        Colour::Accent => "#075a9c",
        Colour::Good => "#0b6b4a",
        Colour::Bad => "#a32a00",
        Colour::Warn => "#7a5200",
        Colour::Ground => "#ffffff",
    }
}

/// A text as it may stand in XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
