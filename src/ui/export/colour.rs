//! Colours as browsers compute them, written so that every program reads them.

use crate::ui::math;

/// A colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Colour {
    /// As `#rrggbb`.
    pub hex: String,
    /// How opaque it is, from 0 to 1.
    pub alpha: f64,
}

impl Colour {
    /// From red, green, blue, each from 0 to 1, and alpha.
    fn of([red, green, blue]: [f64; 3], alpha: f64) -> Colour {
        let byte = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u8;
        let hex = format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue));
        Colour { hex, alpha: alpha.clamp(0.0, 1.0) }
    }
}

/// The colour that a style tells: `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.5)`, and what a mixture becomes,
/// `oklab(0.5 0.1 -0.1 / 0.5)` or `color(srgb 0.1 0.2 0.3)`. Nothing for `none`, and for other notations.
#[must_use]
pub fn parse(text: &str) -> Option<Colour> {
    let (notation, inside) = text.trim().strip_suffix(')')?.split_once('(')?;
    let inside = inside.strip_prefix("srgb ").unwrap_or(inside);
    let parts: Option<Vec<f64>> =
        inside.split([',', ' ', '/']).filter(|part| !part.is_empty()).map(value).collect();
    let parts = parts?;
    let (&three, rest) = parts.split_first_chunk::<3>()?;
    let alpha = rest.first().copied().unwrap_or(1.0);
    match notation {
        "rgb" | "rgba" => Some(Colour::of(three.map(|part| part / 255.0), alpha)),
        "color" => Some(Colour::of(three, alpha)),
        "oklab" => Some(Colour::of(of_oklab(three), alpha)),
        _ => None,
    }
}

fn value(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        _ if text == "none" => Some(0.0),
        Some(percent) => Some(percent.parse::<f64>().ok()? / 100.0),
        None => text.parse().ok(),
    }
}

/// From Oklab (lightness from 0 to 1, a, b) to sRGB: CSS Color 4, §10.
fn of_oklab([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let cube = |x: f64| x * x * x;
    let long = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let medium = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let short = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let linear = [
        4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
        -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
        -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
    ];
    linear.map(|x| if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * math::pow(x, 1.0 / 2.4) - 0.055 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_every_notation_that_a_browser_computes() {
        let table = [
            ("rgb(7, 90, 156)", Some(("#075a9c", 1.0))),
            ("rgba(7, 90, 156, 0.25)", Some(("#075a9c", 0.25))),
            ("rgba(0, 0, 0, 0)", Some(("#000000", 0.0))),
            ("color(srgb 0 0.5 1 / 0.5)", Some(("#0080ff", 0.5))),
            // As CSS Color 4 gives them.
            ("oklab(0.51975 -0.1403 0.10768)", Some(("#008000", 1.0))),
            ("oklab(1 0 0 / 50%)", Some(("#ffffff", 0.5))),
            ("lch(50 10 20)", None),
            ("rgb(1, 2)", None),
            ("none", None),
        ];
        for (text, colour) in table {
            assert_eq!(parse(text), colour.map(|(hex, alpha)| Colour { hex: hex.into(), alpha }), "{text}");
        }
    }
}
