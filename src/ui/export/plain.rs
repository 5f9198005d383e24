//! What a picture that stands by itself is written with: text, numbers and sizes that every program reads. Nothing here knows a browser.

use std::fmt::Write as _;

/// A text as it may stand in XML, between tags and in an attribute. What XML has no place for becomes �.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..' ' | '\u{7f}'..'\u{a0}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

/// Writes ` name="value"`.
pub fn attribute(out: &mut String, name: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = write!(out, " {name}=\"{}\"", escape(value));
}

/// A number with at most two decimals, and none that say nothing.
#[must_use]
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.to_owned() }
}

/// A length as styles tell it, "2px", as a number.
#[must_use]
pub fn length(text: &str) -> Option<f64> {
    text.trim().trim_end_matches("px").parse().ok().filter(|length: &f64| length.is_finite())
}

/// The dashes of a line, "3px, 9px", each `scale` times as long. Nothing for a line without.
#[must_use]
pub fn dashes(text: &str, scale: f64) -> Option<String> {
    let parts: Option<Vec<String>> = text
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| Some(number(length(part)? * scale)))
        .collect();
    parts.map(|parts| parts.join(" "))
}

/// A text in lines of at most so many letters; a word that is longer is parted.
#[must_use]
pub fn lines(text: &str, letters_max: usize) -> Vec<String> {
    let most = letters_max.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (n, piece) in letters.chunks(most).enumerate() {
            let fits = n == 0 && room > piece.len();
            match lines.last_mut().filter(|_| fits) {
                Some(line) => {
                    line.push(' ');
                    line.extend(piece);
                    room -= piece.len() + 1;
                }
                None => {
                    lines.push(piece.iter().collect());
                    room = most - piece.len();
                }
            }
        }
    }
    lines
}

/// The longest side of a bitmap, in pixels: what browsers draw, all of them.
const SIDE_MAX: u32 = 16_384;
/// The most pixels of a bitmap: 256 MB while it is drawn.
const PIXELS_MAX: u64 = 64 << 20;

/// How large the bitmap of a picture is, in pixels.
///
/// # Errors
/// A sentence, when it is larger than browsers draw.
pub fn pixels(width: f64, height: f64, scale: u8) -> Result<(u32, u32), String> {
    let side = |length: f64| (length * f64::from(scale)).round().max(1.0) as u32;
    let (wide, high) = (side(width), side(height));
    if wide.max(high) <= SIDE_MAX && u64::from(wide) * u64::from(high) <= PIXELS_MAX {
        return Ok((wide, high));
    }
    Err(format!(
        "A PNG of {wide} × {high} px is more than browsers draw ({SIDE_MAX} px a side, {} million px in all): choose a smaller size, less of it, or SVG.",
        PIXELS_MAX / 1_000_000
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text_and_what_xml_forbids_is_replaced() {
        let text = escape("<script>\"a\" & b\u{1}\u{8}\u{85}\u{fffe}\n🦀</script>");
        assert_eq!(text, "&lt;script&gt;&quot;a&quot; &amp; b���� 🦀&lt;/script&gt;");
        let mut out = String::new();
        attribute(&mut out, "d", "M0 0\" onload=\"x");
        assert_eq!(out, " d=\"M0 0&quot; onload=&quot;x\"");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(1.0, "1"), (-0.001, "0"), (12.345, "12.35"), (100.0, "100"), (0.5, "0.5")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn dashes_lose_their_unit_and_grow_with_the_scale() {
        assert_eq!(dashes("3px, 9px", 1.0).as_deref(), Some("3 9"));
        assert_eq!(dashes("100, 100", 3.1416).as_deref(), Some("314.16 314.16"));
        assert_eq!(dashes("none", 1.0), None);
    }

    #[test]
    fn a_caption_breaks_between_words_and_in_words_that_are_too_long() {
        assert_eq!(lines("two leaders in one term", 12), ["two leaders", "in one term"]);
        assert_eq!(lines("a   b", 3), ["a b"]);
        assert_eq!(lines("ab cde", 5), ["ab", "cde"], "the space needs room as well");
        assert_eq!(lines("no abcdefgh it", 4), ["no", "abcd", "efgh", "it"]);
        assert!(lines("  ", 10).is_empty());
    }

    #[test]
    fn a_bitmap_has_the_size_of_its_picture_times_its_scale_up_to_what_browsers_draw() {
        assert_eq!(pixels(1160.0, 540.4, 2), Ok((2320, 1081)));
        assert!(pixels(16_384.0, 100.0, 1).is_ok());
        let why = pixels(10_000.0, 100.0, 2).unwrap_err();
        assert!(why.starts_with("A PNG of 20000 × 200 px is more than browsers draw"), "{why}");
        assert!(pixels(9000.0, 9000.0, 1).is_err(), "no side is too long, but together they are");
    }
}
