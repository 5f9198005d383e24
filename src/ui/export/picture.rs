//! A picture that stands by itself, for slides and print: an SVG of the page is put aside in the document,
//! in the colours that are wished for, and written out with its computed styles as attributes. What the
//! page alone needs (classes, names for screen readers, areas to click on) stays behind, so nothing in the
//! file asks for a style sheet, a script or another file.

use super::colour::{self, Colour};
use super::plain::{attribute, dashes, escape, length, lines, number};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleDeclaration, Document, Element, HtmlElement, Node, Window};

/// How a picture is to look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// `light` or `dark`; nothing as the page has it.
    pub scheme: Option<&'static str>,
    /// Whether it has no background.
    pub transparent: bool,
    /// What stands under it in bold, if anything.
    pub title: String,
    /// What stands under that, if anything.
    pub facts: String,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// As a whole SVG file.
    pub svg: String,
    /// Its width, in px.
    pub width: f64,
    /// Its height, in px.
    pub height: f64,
}

/// Space around the picture, for lines that end at its edge.
const MARGIN: f64 = 12.0;

/// The picture of an `<svg>` of the page.
///
/// # Errors
/// When the browser does not let a copy be made.
pub fn of(source: &Element, look: &Look) -> Result<Picture, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let document = window.document().ok_or(JsValue::NULL)?;
    let room = room(&document, look)?;
    let copy: Element = source.clone_node_with_deep(true)?.dyn_into()?;
    leave_selection(&copy)?;
    room.append_child(&copy)?;
    document.body().ok_or(JsValue::NULL)?.append_child(&room)?;
    let picture = Pen { window }.picture(&room, &copy, look);
    room.remove();
    picture
}

/// The picture of an `<svg>` that is given as text, with the page's own classes.
///
/// # Errors
/// When the browser does not let a copy be made, or there is no `<svg>`.
pub fn of_markup(markup: &str, look: &Look) -> Result<Picture, JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let place = document.create_element("div")?;
    place.set_inner_html(markup);
    of(&place.query_selector("svg")?.ok_or(JsValue::NULL)?, look)
}

/// A place in the document that nobody sees, and that has the wished colours.
fn room(document: &Document, look: &Look) -> Result<HtmlElement, JsValue> {
    let room: HtmlElement = document.create_element("div")?.dyn_into()?;
    room.set_class_name("export-room");
    room.set_attribute("aria-hidden", "true")?;
    if let Some(scheme) = look.scheme {
        room.style().set_property("color-scheme", scheme)?;
    }
    Ok(room)
}

/// What is selected on the page is nobody's business elsewhere.
fn leave_selection(copy: &Element) -> Result<(), JsValue> {
    let chosen = copy.query_selector_all(".selected")?;
    for n in 0..chosen.length() {
        if let Some(element) = chosen.item(n).and_then(|node| node.dyn_into::<Element>().ok()) {
            element.class_list().remove_1("selected")?;
        }
    }
    Ok(())
}

/// Writes a copy out.
struct Pen {
    window: Window,
}

/// The computed style of an element.
struct Style(CssStyleDeclaration);

impl Style {
    fn get(&self, name: &str) -> String {
        self.0.get_property_value(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> f64 {
        length(&self.get(name)).unwrap_or(1.0)
    }

    /// What something is painted with, if with anything.
    fn paint(&self, name: &str) -> Option<Colour> {
        let colour = colour::parse(&self.get(name))?;
        let alpha = colour.alpha * self.number(&format!("{name}-opacity"));
        Some(Colour { alpha, ..colour }).filter(|colour| colour.alpha > 0.0)
    }

    /// Writes what an element is painted with, as attributes. Whether anything of it is to be seen.
    fn write_paint(&self, name: &str, out: &mut String, dash_scale: f64) -> bool {
        // A line has no inside.
        let fill = if name == "line" { None } else { self.paint("fill") };
        let stroke = self.paint("stroke");
        let width = self.number("stroke-width");
        let stroke = stroke.filter(|_| width > 0.0);
        if name != "line" {
            write_colour(out, "fill", fill.as_ref());
        }
        if let Some(stroke) = &stroke {
            write_colour(out, "stroke", Some(stroke));
            attribute(out, "stroke-width", &number(width));
            if let Some(dashes) = dashes(&self.get("stroke-dasharray"), dash_scale) {
                attribute(out, "stroke-dasharray", &dashes);
                let offset = length(&self.get("stroke-dashoffset")).unwrap_or(0.0) * dash_scale;
                self.write_unless(out, "stroke-dashoffset", &number(offset), "0");
            }
            self.write_unless(out, "stroke-linecap", &self.get("stroke-linecap"), "butt");
            self.write_unless(out, "stroke-linejoin", &self.get("stroke-linejoin"), "miter");
        }
        fill.is_some() || stroke.is_some()
    }

    fn write_font(&self, out: &mut String) {
        attribute(out, "font-size", &number(self.number("font-size")));
        self.write_unless(out, "font-weight", &self.get("font-weight"), "400");
        if self.get("font-family").contains("mono") {
            attribute(out, "font-family", "monospace");
        }
        for (name, usual) in
            [("text-anchor", "start"), ("dominant-baseline", "auto"), ("paint-order", "normal")]
        {
            self.write_unless(out, name, &self.get(name), usual);
        }
    }

    fn write_opacity(&self, out: &mut String) {
        self.write_unless(out, "opacity", &number(self.number("opacity")), "1");
    }

    /// Whether the element and all in it can't be seen.
    fn hides(&self) -> bool {
        self.get("display") == "none" || self.number("opacity") == 0.0
    }

    fn write_unless(&self, out: &mut String, name: &str, value: &str, usual: &str) {
        if value != usual && !value.is_empty() {
            attribute(out, name, value);
        }
    }
}

fn write_colour(out: &mut String, name: &str, colour: Option<&Colour>) {
    let Some(colour) = colour else { return attribute(out, name, "none") };
    attribute(out, name, &colour.hex);
    if colour.alpha < 1.0 {
        attribute(out, &format!("{name}-opacity"), &number(colour.alpha));
    }
}

/// The attributes in which a shape says where and how large it is.
fn places(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "circle" => &["transform", "cx", "cy", "r"],
        "ellipse" => &["transform", "cx", "cy", "rx", "ry"],
        "rect" => &["transform", "x", "y", "width", "height", "rx", "ry"],
        "path" => &["transform", "d"],
        "line" => &["transform", "x1", "y1", "x2", "y2"],
        "polyline" | "polygon" => &["transform", "points"],
        "text" | "tspan" => &["transform", "x", "y", "dx", "dy"],
        _ => return None,
    })
}

fn copy_attributes(from: &Element, names: &[&str], out: &mut String) {
    for name in names {
        if let Some(value) = from.get_attribute(name) {
            attribute(out, name, &value);
        }
    }
}

impl Pen {
    fn style(&self, element: &Element) -> Option<Style> {
        self.window.get_computed_style(element).ok().flatten().map(Style)
    }

    fn picture(&self, room: &Element, copy: &Element, look: &Look) -> Result<Picture, JsValue> {
        let [x, y, wide, high] = measures(copy).ok_or(JsValue::NULL)?;
        let style = self.style(room).ok_or(JsValue::NULL)?;
        let width = (wide + 2.0 * MARGIN).ceil();
        let (caption, caption_high) = caption(look, width, high + 2.0 * MARGIN, &style);
        let height = (high + 2.0 * MARGIN + caption_high).ceil();
        let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\"");
        attribute(&mut svg, "viewBox", &format!("0 0 {width} {height}"));
        attribute(&mut svg, "width", &number(width));
        attribute(&mut svg, "height", &number(height));
        svg += " font-family=\"sans-serif\">\n";
        svg += &format!("<title>{}</title>\n", escape(format!("{} {}", look.title, look.facts).trim()));
        if let Some(ground) = colour::parse(&style.get("background-color")).filter(|_| !look.transparent) {
            svg += "<rect width=\"100%\" height=\"100%\"";
            write_colour(&mut svg, "fill", Some(&ground));
            svg += "/>\n";
        }
        svg += &format!("<g transform=\"translate({} {})\">\n", number(MARGIN - x), number(MARGIN - y));
        self.children(copy, &mut svg);
        svg += "</g>\n";
        svg += &caption;
        svg += "</svg>\n";
        Ok(Picture { svg, width, height })
    }

    fn children(&self, of: &Element, out: &mut String) {
        let children = of.children();
        for element in (0..children.length()).filter_map(|n| children.item(n)) {
            self.element(&element, out);
        }
    }

    fn element(&self, element: &Element, out: &mut String) {
        let Some(style) = self.style(element).filter(|style| !style.hides()) else { return };
        match element.local_name().as_str() {
            "g" => self.group(element, &style, out),
            "text" => self.text("text", element, &style, out),
            name => self.shape(name, element, &style, out),
        }
    }

    fn group(&self, element: &Element, style: &Style, out: &mut String) {
        let mut inner = String::new();
        self.children(element, &mut inner);
        if inner.is_empty() {
            return;
        }
        out.push_str("<g");
        copy_attributes(element, &["transform"], out);
        style.write_opacity(out);
        out.push_str(">\n");
        out.push_str(&inner);
        out.push_str("</g>\n");
    }

    fn shape(&self, name: &str, element: &Element, style: &Style, out: &mut String) {
        let Some(places) = places(name) else { return };
        let mut paint = String::new();
        if !style.write_paint(name, &mut paint, dash_scale(element)) || style.get("visibility") == "hidden" {
            return;
        }
        out.push('<');
        out.push_str(name);
        copy_attributes(element, places, out);
        out.push_str(&paint);
        style.write_opacity(out);
        out.push_str("/>\n");
    }

    /// A text, or a part of one.
    fn text(&self, name: &str, element: &Element, style: &Style, out: &mut String) {
        out.push_str(&format!("<{name}"));
        copy_attributes(element, places(name).unwrap_or_default(), out);
        style.write_font(out);
        style.write_paint(name, out, 1.0);
        style.write_opacity(out);
        out.push('>');
        let parts = element.child_nodes();
        for part in (0..parts.length()).filter_map(|n| parts.item(n)) {
            match part.dyn_into::<Element>() {
                Ok(part) if part.local_name() == "tspan" => {
                    if let Some(style) = self.style(&part) {
                        self.text("tspan", &part, &style, out);
                    }
                }
                Ok(_) => {}
                Err(part) if part.node_type() == Node::TEXT_NODE => {
                    out.push_str(&escape(&part.text_content().unwrap_or_default()));
                }
                Err(_) => {}
            }
        }
        out.push_str(&format!("</{name}>"));
        if name == "text" {
            out.push('\n');
        }
    }
}

/// Dashes of a circle that calls its round 100, say, in true lengths: not every program knows `pathLength`.
fn dash_scale(element: &Element) -> f64 {
    let value = |name| element.get_attribute(name).and_then(|text| length(&text));
    match (value("pathLength"), value("r")) {
        (Some(called), Some(radius)) if called > 0.0 => std::f64::consts::TAU * radius / called,
        _ => 1.0,
    }
}

/// From where an SVG shows, and how much: x, y, width, height.
fn measures(svg: &Element) -> Option<[f64; 4]> {
    let Some(view) = svg.get_attribute("viewBox") else {
        let side = |name| svg.get_attribute(name).and_then(|text| length(&text));
        return Some([0.0, 0.0, side("width")?, side("height")?]);
    };
    let parts: Option<Vec<f64>> = view.split_whitespace().map(length).collect();
    parts?.try_into().ok()
}

/// The lines under a picture, and how high they are together. They begin at `top`.
fn caption(look: &Look, width: f64, top: f64, style: &Style) -> (String, f64) {
    let size = (width / 62.0).clamp(13.0, 22.0);
    let parts = [(&look.title, size * 1.25, "700", "color"), (&look.facts, size, "400", "caret-color")];
    let mut out = String::new();
    let mut high = 0.0;
    for (text, size, weight, ink) in parts {
        // Letters are about half as wide as high, in bold a little more.
        let letters = ((width - 2.0 * MARGIN) / (size * 0.56)) as usize;
        for line in lines(text, letters) {
            high += size * 1.4;
            out += "<text";
            attribute(&mut out, "x", &number(MARGIN));
            attribute(&mut out, "y", &number(top + high - size * 0.4));
            attribute(&mut out, "font-size", &number(size));
            attribute(&mut out, "font-weight", weight);
            write_colour(&mut out, "fill", colour::parse(&style.get(ink)).as_ref());
            out += &format!(">{}</text>\n", escape(&line));
        }
    }
    let end = if high > 0.0 { MARGIN } else { 0.0 };
    (out, high + end)
}
