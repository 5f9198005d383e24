//! Rust source cut into just enough tokens to read paths: no comments, no strings, no lifetimes.

/// A token and the line on which it stands, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub line: u32,
    pub kind: Kind,
}

/// What reading paths needs to tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword; `r#name` is `name`.
    Name(String),
    /// `::`
    Separator,
    /// Any other character that is not white space; of a literal, nothing but one `"`.
    Mark(char),
}

/// Cuts `source` into tokens. What is not Rust gives some tokens, never a panic.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut cutter = Cutter { rest: source, line: 1, tokens: Vec::new() };
    while let Some(first) = cutter.rest.chars().next() {
        cutter.cut(first);
    }
    cutter.tokens
}

/// The state of cutting: what is left of the source, and what was found.
struct Cutter<'a> {
    rest: &'a str,
    line: u32,
    tokens: Vec<Token>,
}

impl Cutter<'_> {
    /// Takes what begins with the character `first`.
    fn cut(&mut self, first: char) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(comment_length(rest));
        } else if let Some(length) = raw_string_length(rest) {
            self.take(length, Kind::Mark('"'));
        } else if first == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            self.take(string_length(rest), Kind::Mark('"'));
        } else if let Some(length) = char_length(rest) {
            self.take(length, Kind::Mark('"'));
        } else if first == '\'' {
            self.skip(1 + name_length(&rest[1..]));
        } else if name_length(rest) > 0 {
            self.name(rest);
        } else if rest.starts_with("::") {
            self.take(2, Kind::Separator);
        } else if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else {
            self.take(first.len_utf8(), Kind::Mark(first));
        }
    }

    fn name(&mut self, rest: &str) {
        let prefix = if rest.starts_with("r#") { 2 } else { 0 };
        let length = prefix + name_length(&rest[prefix..]);
        self.take(length, Kind::Name(rest[prefix..length].to_string()));
    }

    fn take(&mut self, length: usize, kind: Kind) {
        self.tokens.push(Token { line: self.line, kind });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count() as u32;
        self.rest = rest;
    }
}

/// The bytes of the name (or number) at the start of `text`.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The bytes of a `/* comment */`, which may hold others.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The bytes of a raw string (`r"…"`, `br#"…"#`), if `text` starts with one.
fn raw_string_length(text: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].iter().find_map(|prefix| {
        let rest = text.strip_prefix(prefix)?;
        rest.trim_start_matches('#').starts_with('"').then_some(prefix.len())
    })?;
    let hashes = text[start..].len() - text[start..].trim_start_matches('#').len();
    let body = start + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[body..].find(&end).map_or(text.len(), |at| body + at + end.len()))
}

/// The bytes of a string with escapes, its prefix included.
fn string_length(text: &str) -> usize {
    let open = text.find('"').unwrap_or(0) + 1;
    literal_end(text, open, '"')
}

/// The bytes of a character literal (`'x'`, `'\n'`, `b'x'`), if `text` starts with one: a lifetime
/// has no closing quote right after its first character.
fn char_length(text: &str) -> Option<usize> {
    let open = if text.starts_with("b'") { 2 } else { 1 };
    if !text[open - 1..].starts_with('\'') {
        return None;
    }
    let mut inside = text[open..].chars();
    match (inside.next()?, inside.next()?) {
        ('\\', _) => Some(literal_end(text, open, '\'')),
        (one, '\'') => Some(open + one.len_utf8() + 1),
        _ => None,
    }
}

/// Where a literal that opened before `from` ends, past its closing `quote`.
fn literal_end(text: &str, from: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text[from..].char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return from + at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens as words, for comparing.
    fn words(source: &str) -> String {
        let word = |token: Token| match token.kind {
            Kind::Name(name) => name,
            Kind::Separator => "::".to_string(),
            Kind::Mark(mark) => mark.to_string(),
        };
        tokens(source).into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sources_are_cut_into_names_separators_and_marks() {
        let cases = [
            ("use crate::raft;", "use crate :: raft ;"),
            ("a // crate::ui\nb", "a b"),
            ("a /* x /* crate::ui */ y */ b", "a b"),
            (r#"f("crate::ui \" more", 1)"#, "f ( \" , 1 )"),
            (r##"f(r#"crate::ui "quoted" "#)"##, "f ( \" )"),
            (r#"f(b"x", b'"', '\'', '"', '\u{1F600}', 'é')"#, "f ( \" , \" , \" , \" , \" , \" )"),
            ("fn f<'a>(x: &'a str)", "fn f < > ( x : & str )"),
            ("r#type::r#mod", "type :: mod"),
        ];
        for (source, expected) in cases {
            assert_eq!(words(source), expected, "of {source}");
        }
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let found = tokens("/* one\ntwo */ a \"three\nfour\" b");
        let lines: Vec<u32> = found.iter().map(|token| token.line).collect();
        assert_eq!(lines, [2, 2, 3]);
    }

    #[test]
    fn what_is_cut_off_does_not_panic() {
        for source in ["\"open", "/* open", "r#\"open", "'", "'\\", "b'", "crate::", "é'"] {
            tokens(source);
        }
    }
}
