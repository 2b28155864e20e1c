//! Where in a file a mistake is: `file:line:column: message`, as compilers write it and editors jump to.

use std::ops::Range;

use schakelpunt_domain::place::{line_and_column, without_value};

/// Largest register, scenario or configuration file in bytes: the register of the whole country takes less than a fifth of it.
pub const FILE_MAX: usize = 1024 * 1024;

/// Refuses a text that is too large to be meant.
pub(crate) fn fits(name: &str, text: &str) -> anyhow::Result<()> {
    if text.len() > FILE_MAX { Err(at(name, "", 0..0, "at most 1048576 bytes")) } else { Ok(()) }
}

/// A mistake at a range of bytes of a text.
pub(crate) fn at(name: &str, text: &str, span: Range<usize>, message: &str) -> anyhow::Error {
    let (line, column) = line_and_column(text, span.start);
    anyhow::anyhow!("{name}:{line}:{column}: {}", message.trim())
}

/// A mistake that the TOML reader found. The line itself is not repeated, and no value: both may be a secret.
pub(crate) fn of_toml(name: &str, text: &str, error: &toml::de::Error) -> anyhow::Error {
    at(name, text, error.span().unwrap_or_default(), &without_value(error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_lines_and_characters() {
        assert_eq!(at("a.toml", "één\nééx", 10..11, "no").to_string(), "a.toml:2:3: no");
    }

    #[derive(Debug, serde::Deserialize)]
    struct Shape {
        #[expect(dead_code, reason = "only its reading is tried")]
        password: String,
    }

    #[test]
    fn a_value_is_not_repeated() {
        let text = "a = 1\npassword = 123456\n";
        let error = toml::from_str::<Shape>(text).unwrap_err();
        assert_eq!(of_toml("a.toml", text, &error).to_string(), "a.toml:2:12: expected a string");
    }
}
