//! Where in a file a mistake is, and what of a reader's message may be shown.

use std::borrow::Cow;

/// Line and column, both from 1, of a byte of a text; a column counts characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

/// The message of a TOML reader without the value that it repeats: that may be a secret.
pub fn without_value(message: &str) -> Cow<'_, str> {
    let value = ["invalid type: ", "invalid value: ", "invalid length "].iter().any(|start| message.starts_with(start));
    let expected = message.rsplit_once(", expected ").filter(|_| value);
    expected.map_or(Cow::Borrowed(message), |(_, expected)| Cow::Owned(format!("expected {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_lines_and_characters() {
        assert_eq!(line_and_column("één\nééx", 10), (2, 3));
    }

    #[test]
    fn a_value_is_not_repeated() {
        assert_eq!(without_value("invalid type: integer `123456`, expected a string"), "expected a string");
        assert_eq!(without_value("unknown field `password`, expected `url`"), "unknown field `password`, expected `url`");
    }
}
